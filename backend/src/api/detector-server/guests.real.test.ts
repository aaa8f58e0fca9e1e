/** What guests may hold and how long they may take, on a real connection; the form of each is one picture. */
import { once } from 'node:events';
import { createServer, request, type ClientRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../../../tests/harness/eventually.ts';
import { systemClock, type Clock } from '../../lib/clock.ts';
import { toNightjarError, type NightjarError } from '../../lib/errors.ts';
import { createGuests, type GuestLimits } from './guests.ts';
import { toStatus } from '../problem.ts';
import { BOUNDARY, picturePart, toForm, toJpeg } from '../tests/forms.ts';
import { createSlowDetector } from '../tests/slow-detector.ts';

const IMAGE_BYTES_MAX = 1024 ** 2;
const AT_ONCE_MAX = 2;

let server: Server;
let slow: ReturnType<typeof createSlowDetector>;
let jpeg: Buffer;
/** Forms that came whole. */
let received: number;
/** Connections that broke before their answer. */
let left: number;
/** How each request ended, in the order of their ends. */
let ends: ('served' | NightjarError)[];

async function start(limits: GuestLimits = {}, clock: Clock = systemClock): Promise<void> {
  const measure = async () => ({ width: 1, height: 1 });
  const detector = { imageBytesMax: IMAGE_BYTES_MAX, picturesAtOnceMax: AT_ONCE_MAX, measure, examine: slow.examine };
  const guests = createGuests({ detector, health: () => ({ modelLoaded: true }), clock }, limits);
  const wanted = { fileFields: ['file'], filesMax: 100, bodyBytesMax: 8 * IMAGE_BYTES_MAX };
  server = createServer((incoming, outgoing) => {
    outgoing.once('close', () => (left += outgoing.writableFinished ? 0 : 1));
    const served = guests.serve({ incoming, outgoing }, async (guest) => {
      const { files } = await guest.readForm(wanted);
      received += 1;
      await guest.look(files);
    });
    const answer = (end: 'served' | NightjarError): void => {
      ends.push(end);
      outgoing.statusCode = end === 'served' ? 200 : toStatus(end);
      outgoing.end();
      incoming.resume();
    };
    served.then(() => answer('served'), (thrown: unknown) => answer(toNightjarError(thrown))); // prettier-ignore
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
}

beforeEach(async () => {
  slow = createSlowDetector();
  jpeg = await toJpeg();
  ends = [];
  left = 0;
  received = 0;
});
afterEach(async () => {
  slow.finish();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

function open(): ClientRequest {
  const { port } = server.address() as AddressInfo;
  const headers = { 'Content-Type': `multipart/form-data; boundary=${BOUNDARY}` };
  return request({ port, host: '127.0.0.1', method: 'POST', headers }).on('error', () => undefined);
}

async function statusOf(sent: ClientRequest): Promise<number | undefined> {
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

const formOf = (pictures: number, bytes = jpeg): Buffer => toForm(Array.from({ length: pictures }, () => picturePart(bytes))); // prettier-ignore
const send = (form: Buffer): Promise<number | undefined> => statusOf(open().end(form));

describe('pictures', () => {
  test('are examined so many at once, the others wait; all are done', async () => {
    await start();
    const answers = [send(formOf(7)), send(formOf(1))];
    await eventually(() => slow.inHand() === AT_ONCE_MAX);
    for (let done = AT_ONCE_MAX; done <= 8; done += AT_ONCE_MAX) {
      await eventually(() => slow.examined() === done);
      expect(slow.inHand()).toBeLessThanOrEqual(AT_ONCE_MAX);
      slow.finish();
    }
    expect(await Promise.all(answers)).toEqual([200, 200]);
  });

  test('more than may wait are refused, before and after they were sent; then there is room again', async () => {
    await start({ picturesWaitingMax: 3 });
    const full = send(formOf(AT_ONCE_MAX + 2));
    await eventually(() => slow.inHand() === AT_ONCE_MAX);
    expect(await send(formOf(2))).toBe(503);
    expect(ends).toMatchObject([{ kind: 'overloaded' }]);
    const last = send(formOf(1));
    await eventually(() => received === 3);
    const early = open();
    early.flushHeaders();
    expect(await statusOf(early)).toBe(503);
    early.destroy();
    await eventually(() => {
      slow.finish();
      return ends.filter((end) => end === 'served').length === 2;
    });
    expect(await Promise.all([full, last])).toEqual([200, 200]);
    const again = send(formOf(AT_ONCE_MAX + 3));
    await eventually(() => {
      slow.finish();
      return ends.filter((end) => end === 'served').length === 3;
    });
    expect(await again).toBe(200);
  });

  test('of a guest who went away while they waited are not examined', async () => {
    await start();
    const gone = open();
    gone.end(formOf(10));
    await eventually(() => slow.inHand() === AT_ONCE_MAX);
    gone.destroy();
    await eventually(() => left === 1);
    const stays = send(formOf(1));
    await eventually(() => {
      slow.finish();
      return ends.length === 2;
    });
    expect(await stays).toBe(200);
    expect(slow.examined()).toBe(AT_ONCE_MAX + 1);
  });
});

describe('bytes', () => {
  const large = (): Buffer => Buffer.concat([jpeg, Buffer.alloc(IMAGE_BYTES_MAX - jpeg.length)]);
  const bytesHeldMax = 2 * IMAGE_BYTES_MAX;

  test('that are held are bounded, over all guests', async () => {
    await start({ bytesHeldMax });
    const held = [send(formOf(1, large())), send(formOf(1, large()))];
    await eventually(() => slow.inHand() === 2);
    expect(await send(formOf(1))).toBe(503);
    expect(ends[0]).toMatchObject({ kind: 'overloaded', message: expect.stringContaining('being received') as string });
    slow.finish();
    expect(await Promise.all(held)).toEqual([200, 200]);
    const again = send(formOf(2, large()));
    await eventually(() => slow.inHand() === 2);
    slow.finish();
    expect(await again).toBe(200);
  });

  test('of forms that were broken off half-way are free again, and their ends are told', async () => {
    await start({ bytesHeldMax });
    const form = formOf(1, large());
    for (let round = 1; round <= 5; round += 1) {
      const half = open();
      half.write(form.subarray(0, form.length / 2));
      await once(half, 'socket');
      await eventually(() => half.writableLength === 0 && server.listening);
      half.destroy();
      await eventually(() => ends.length === round);
      expect(ends.at(-1)).toMatchObject({ kind: 'cancelled' });
    }
    const whole = send(formOf(2, large()));
    await eventually(() => slow.inHand() === 2);
    slow.finish();
    expect(await whole).toBe(200);
  });

  test('of a picture that is too large are not held', async () => {
    await start({ bytesHeldMax });
    expect(await send(formOf(1, Buffer.alloc(IMAGE_BYTES_MAX + 1)))).toBe(200);
    expect(slow.examined()).toBe(0);
  });
});

describe('time', () => {
  function createAlarm() {
    let ring = (): void => undefined;
    const rung = new Promise<void>((resolve) => (ring = resolve));
    return { clock: { nowMs: () => Date.now(), sleep: () => rung }, ring: () => ring() };
  }

  test('a form that does not come is given up with 408', async () => {
    const { clock, ring } = createAlarm();
    await start({}, clock);
    const late = open();
    late.write(formOf(1).subarray(0, 50));
    await once(late, 'socket');
    ring();
    expect(await statusOf(late)).toBe(408);
    late.destroy();
  });

  test('a form that has come is examined as long as it takes', async () => {
    const { clock, ring } = createAlarm();
    await start({}, clock);
    const whole = send(formOf(1));
    await eventually(() => slow.inHand() === 1);
    ring();
    slow.finish();
    expect(await whole).toBe(200);
  });
});
