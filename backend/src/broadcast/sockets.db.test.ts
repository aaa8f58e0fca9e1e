import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { eventually } from '../../tests/harness/eventually.ts';
import { NightjarError, type ErrorKind } from '../lib/errors.ts';
import {
  alertCreated,
  alertUpdated,
  cameraCreated,
  detectionCreated,
  eventOpened,
  frameDead,
} from './test-messages.ts';
import type { Grant } from './connection.ts';
import type { SocketLimits } from './limits.ts';
import type { SocketMeter } from './meter.ts';
import { createTestHouse, expectSeqs, fromTo, subscribe, type TestHouse, closeAfterEachTest } from './test-house.ts';

closeAfterEachTest();

const limited = (limits: Partial<SocketLimits>) => createTestHouse({ sockets: { limits } });

/** What plain HTTP says to an upgrade request. */
async function askForUpgrade(house: TestHouse, path: string) {
  const ws = new WebSocket(`${house.url}${path}`);
  ws.on('error', () => undefined); // the refusal, told by 'unexpected-response' below
  const [, response] = (await once(ws, 'unexpected-response')) as [unknown, IncomingMessage];
  let body = '';
  for await (const part of response) body += String(part);
  const retryAfter = response.headers['retry-after'];
  return { status: response.statusCode ?? 0, retryAfter, body: JSON.parse(body) as unknown };
}

/** Of the key in the query, as in `/ws?a&session=1`. */
function toGrant(url = ''): Grant {
  const [keyId = '', session = null] = (url.split('?')[1] ?? '').split('&session=');
  return { keyId, cameraIds: null, role: keyId === 'admin' ? 'admin' : 'viewer', sessionId: session };
}

describe('who is let in', () => {
  it.each<[ErrorKind, number]>([
    ['unauthorized', 401],
    ['forbidden', 403],
    ['unavailable', 503],
    ['internal', 500],
  ])('%s is refused with %i before the upgrade', async (kind, status) => {
    const authenticate = () => Promise.reject(new NightjarError(kind, 'secret detail'));
    const house = await createTestHouse({ sockets: { authenticate } });
    const answer = await askForUpgrade(house, '/ws');
    expect(answer).toMatchObject({ status, body: { status, kind } });
    expect(JSON.stringify(answer.body).includes('secret')).toBe(status !== 500);
  });

  it('another path is 404, and /ws with a query is ours', async () => {
    const house = await createTestHouse();
    expect((await askForUpgrade(house, '/wss')).status).toBe(404);
    await house.connect('/ws?x=1');
  });

  it('one too many is 503, and takes the place of one who left', async () => {
    const house = await limited({ clientsMax: 2, adminSeats: 0 });
    const [first] = [await house.connect(), await house.connect()];
    expect((await askForUpgrade(house, '/ws')).status).toBe(503);
    first.ws.close();
    await eventually(() => house.server.clientCount() === 1);
    await house.connect();
  });

  it('one too many with the same key is 429, its sessions counted; another key is let in', async () => {
    const house = await createTestHouse({
      sockets: { authenticate: async ({ url }) => toGrant(url), limits: { clientsPerKeyMax: 2 } },
    });
    const [first] = [await house.connect('/ws?a'), await house.connect('/ws?a&session=1')];
    const refused = await askForUpgrade(house, '/ws?a&session=2');
    expect(refused).toMatchObject({ status: 429, retryAfter: '10', body: { kind: 'overloaded' } });
    await house.connect('/ws?b');
    first.ws.close();
    await eventually(() => house.server.clientCount() === 2);
    await house.connect('/ws?a');
  });

  it('however many come at the same moment, no more are let in than may be', async () => {
    const house = await createTestHouse({
      sockets: { authenticate: async ({ url }) => toGrant(url), limits: { clientsPerKeyMax: 3 } },
    });
    const asked = await Promise.allSettled(Array.from({ length: 12 }, () => house.connect('/ws?a')));
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect(house.server.clientCount()).toBe(3);
  });

  it('admins find a seat when all others are taken', async () => {
    const house = await createTestHouse({
      sockets: { authenticate: async ({ url }) => toGrant(url), limits: { clientsMax: 3, adminSeats: 1 } },
    });
    await Promise.all([house.connect('/ws?a'), house.connect('/ws?b')]);
    expect((await askForUpgrade(house, '/ws?c')).status).toBe(503);
    await house.connect('/ws?admin');
    expect((await askForUpgrade(house, '/ws?admin')).status).toBe(503);
  });

  it('nobody takes a seat before it is known who they are, and not too many ask at once', async () => {
    let asking = 0;
    const authenticate = ({ url = '' }: IncomingMessage): Promise<Grant> => {
      if (!url.includes('slow')) return Promise.resolve(toGrant(url));
      asking += 1;
      return new Promise(() => undefined);
    };
    const house = await createTestHouse({ sockets: { authenticate, limits: { clientsMax: 2, adminSeats: 0, arrivingMax: 3 } } }); // prettier-ignore
    const ask = () => new WebSocket(`${house.url}/ws?slow`).on('error', () => undefined);
    const slow = [ask(), ask()];
    await eventually(() => asking === 2);
    await house.connect('/ws?a');
    slow.push(ask());
    await eventually(() => asking === 3);
    expect((await askForUpgrade(house, '/ws?b')).status).toBe(503);
  });

  it('the protocol with the key is chosen, whatever else is offered', async () => {
    const house = await createTestHouse();
    expect((await house.connect('/ws', ['other', 'api-key.abc'])).ws.protocol).toBe('api-key.abc');
    expect((await house.connect()).ws.protocol).toBe('');
  });

  it('a handshake that is none is refused, and one that breaks off harms nobody', async () => {
    let isAsked = false;
    const authenticate = async () => {
      isAsked = true;
      await eventually(() => socket.destroyed);
      return { keyId: 'key', cameraIds: null };
    };
    const house = await createTestHouse({ sockets: { authenticate } });
    const socket = connect(Number(new URL(house.url).port), '127.0.0.1');
    socket.write('GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await eventually(() => isAsked);
    socket.resetAndDestroy();
    const request = get(house.url.replace('ws:', 'http:') + '/ws', {
      headers: { Connection: 'Upgrade', Upgrade: 'websocket' },
    });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(400);
    expect(house.server.clientCount()).toBe(0);
  });
});

describe('what a client gets', () => {
  it('everything since it connected, when it does not subscribe in time', async () => {
    const house = await limited({ subscribeMs: 50 });
    await house.send();
    const client = await house.connect();
    await house.send();
    await client.heard('subscribed');
    await house.send(detectionCreated());
    await expectSeqs(client, [2, 3]);
  });

  it('what it subscribed to, from now on, in the shape of the contract', async () => {
    const house = await createTestHouse();
    await house.send();
    const client = await house.connect();
    expect(await subscribe(client, { topics: ['event.*', 'frame.dead'], camera_ids: ['yard', 'gate'] })).toBe(1);
    await house.send(eventOpened('front_door'), eventOpened('yard'), detectionCreated('yard'));
    await house.send(cameraCreated('yard'), frameDead('gate'), frameDead('front_door'));
    await expectSeqs(client, [3, 6]);
    expect(client.received.find(({ seq }) => seq === 3)).toEqual({
      seq: 3,
      type: 'event.opened',
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
      data: eventOpened('yard').data,
    });
  });

  it('only what its key may see', async () => {
    const house = await createTestHouse({
      sockets: { authenticate: async () => ({ keyId: 'key', cameraIds: ['yard'] }) },
    });
    await house.send(eventOpened('front_door'), eventOpened('yard'));
    const client = await house.connect();
    await subscribe(client, { camera_ids: ['front_door', 'yard'], after: 0 });
    await house.send(detectionCreated('front_door'), detectionCreated('yard'), cameraCreated('front_door'));
    await expectSeqs(client, [2, 4]);
  });

  it('nothing of cameras that its key may not see, or that are not there: no difference shows', async () => {
    const house = await createTestHouse({
      sockets: { authenticate: async () => ({ keyId: 'key', cameraIds: ['yard'] }) },
    });
    await house.send(eventOpened('front_door'));
    const [hidden, absent] = [await house.connect(), await house.connect()];
    await subscribe(hidden, { camera_ids: ['front_door'], after: 0 });
    await subscribe(absent, { camera_ids: ['never_there'], after: 0 });
    await house.send(detectionCreated('front_door'), alertCreated('front_door'));
    for (const client of [hidden, absent]) {
      client.say({ type: 'ping' });
      await client.heard('pong');
    }
    expect(hidden.received).toEqual(absent.received);
    expect(hidden.received.map(({ type }) => type)).toEqual(['subscribed', 'pong']);
  });

  it('alerts, by topic', async () => {
    const house = await createTestHouse();
    const [all, some] = [await house.connect(), await house.connect()];
    await subscribe(all, { topics: ['alert.*'] });
    await subscribe(some, { topics: ['alert.updated'], camera_ids: ['yard'] });
    await house.send(alertCreated('yard'), eventOpened('yard'), alertUpdated('yard'), alertUpdated('gate'));
    await Promise.all([expectSeqs(all, [1, 3, 4]), expectSeqs(some, [3])]);
  });

  it('by its newest filter', async () => {
    const house = await createTestHouse();
    const client = await house.connect();
    await subscribe(client, { topics: ['event.*'] });
    await house.send(eventOpened(), detectionCreated());
    await expectSeqs(client, [1]);
    await subscribe(client, { topics: ['detection.created'] });
    await house.send(eventOpened(), detectionCreated());
    await expectSeqs(client, [1, 4]);
  });

  it('a pong, and no seq with passing messages', async () => {
    const house = await createTestHouse();
    const client = await house.connect();
    client.say({ type: 'ping' });
    expect(await client.heard('pong')).toEqual({ type: 'pong', data: {} });
  });

  it('an error for what is not of the protocol, and goes on', async () => {
    const house = await createTestHouse();
    const client = await house.connect();
    client.say('{');
    expect((await client.heard('error')).data).toMatchObject({ kind: 'invalid', message: 'messages are JSON text' });
    client.say({ type: 'shout' });
    client.say({ type: 'subscribe', topics: Array(100).fill('*') });
    client.ws.send(Buffer.from('{"type":"ping"}'), { binary: true });
    client.say({ type: 'ping' });
    await client.heard('pong');
    const errors = client.received.filter(({ type }) => type === 'error').map(({ data }) => data['errors']);
    expect(errors).toEqual([
      [],
      [expect.objectContaining({ path: 'type' })],
      [expect.objectContaining({ path: 'topics' })],
      [],
    ]);
  });

  it('the status, by what its key may see, again and again; a failing status harms nobody', async () => {
    let calls = 0;
    const house = await createTestHouse({
      sockets: {
        limits: { statusMs: 10 },
        authenticate: async ({ headers }) => ({ keyId: 'key', cameraIds: headers['x-yard'] ? ['yard'] : null }),
        status: async () => {
          calls += 1;
          if (calls === 3) throw new Error('not now');
          return (cameraIds) => ({ cameras: cameraIds ?? 'all' });
        },
      },
    });
    const [all, some] = [await house.connect(), await house.connect('/ws', [], { 'x-yard': '1' })];
    await Promise.all([subscribe(all), subscribe(some)]);
    const statuses = (client: typeof all) => client.received.filter(({ type }) => type === 'system.status');
    await eventually(() => statuses(all).length > 3 && statuses(some).length > 3);
    expect(statuses(all)[0]).toEqual({ type: 'system.status', data: { cameras: 'all' } });
    expect(statuses(some)[0]?.data).toEqual({ cameras: ['yard'] });
  });
});

/** Of how connections ended, and why others were none. */
function createMeter() {
  const closes: (number | null)[] = [];
  const refusals: string[] = [];
  const meter: SocketMeter = {
    opened: () => undefined,
    sent: () => undefined,
    refused: (kind) => void refusals.push(kind),
    closed: (code) => void closes.push(code),
  };
  return { closes, refusals, meter };
}

it('who is refused for too much of its own is told apart from whoever finds no seat', async () => {
  const { meter, refusals } = createMeter();
  const limits = { clientsMax: 2, clientsPerKeyMax: 1, adminSeats: 0 };
  const house = await createTestHouse({ sockets: { meter, limits, authenticate: async ({ url }) => toGrant(url) } });
  await house.connect('/ws?a');
  await askForUpgrade(house, '/ws?a');
  await house.connect('/ws?b');
  await askForUpgrade(house, '/ws?c');
  expect(refusals).toEqual(['limited', 'overloaded']);
});

describe('what is counted of an end', () => {
  it('is our own code, heard or not', async () => {
    const { meter, closes } = createMeter();
    const house = await createTestHouse({ sockets: { meter, limits: { bufferedBytesMax: 100_000, closeMs: 50 } } });
    const slow = await house.connect();
    await subscribe(slow);
    slow.ws.pause();
    const large = eventOpened('front_door', 'x'.repeat(400_000));
    for (let count = 0; count < 100; count++) await house.send(large);
    await eventually(() => closes.length === 1);
    const talker = await house.connect();
    talker.say('x'.repeat(64 * 1024 + 1));
    await eventually(() => closes.length === 2);
    expect(closes).toEqual([4008, 1009]);
  });

  it('and of what clients say, what is theirs to say', async () => {
    const { meter, closes } = createMeter();
    const house = await createTestHouse({ sockets: { meter } });
    for (const code of [1000, 4008, 4401, 1009, 3_333]) {
      const client = await house.connect();
      client.ws.close(code);
      await client.closed;
    }
    (await house.connect()).ws.terminate();
    await eventually(() => closes.length === 6);
    expect(closes).toEqual([1000, null, null, null, null, 1006]);
  });
});

describe('who is sent away', () => {
  it('who floods: 1008', async () => {
    const house = await limited({ messagesPerSecondMax: 5 });
    const client = await house.connect();
    for (let count = 0; count < 50; count++) client.say({ type: 'ping' });
    expect((await client.closed).code).toBe(1008);
    expect(client.received.filter(({ type }) => type === 'pong').length).toBeLessThanOrEqual(10);
  });

  it('who sends too much at once: 1009', async () => {
    const house = await createTestHouse();
    const client = await house.connect();
    client.say('x'.repeat(64 * 1024 + 1));
    expect((await client.closed).code).toBe(1009);
  });

  it('who does not take what it asked for: 4008, while the others get everything', async () => {
    const house = await limited({ bufferedBytesMax: 100_000, closeMs: 60_000 });
    const [slow, quick] = [await house.connect(), await house.connect()];
    await Promise.all([subscribe(slow), subscribe(quick)]);
    slow.ws.pause();
    // The kernel takes some megabytes first; then our own buffer fills.
    const large = eventOpened('front_door', 'x'.repeat(400_000));
    for (let count = 0; count < 100; count++) await house.send(large);
    slow.ws.resume();
    expect((await slow.closed).code).toBe(4008);
    expect(slow.seqs()).toEqual(fromTo(1, slow.seqs().length));
    expect(slow.seqs().length).toBeLessThan(100);
    await expectSeqs(quick, fromTo(1, 100));
  });

  it('who is dead: cut off by the heartbeat, while the living stay', async () => {
    const house = await limited({ heartbeatMs: 100 });
    const [dead, living] = [await house.connect(), await house.connect()];
    let pings = 0;
    living.ws.on('ping', () => (pings += 1));
    dead.ws.pause();
    await eventually(() => house.server.clientCount() === 1);
    const pingsThen = pings;
    await eventually(() => pings > pingsThen + 2);
    expect(house.server.clientCount()).toBe(1);
  });

  it('who talks on without taking what is sent: cut off as the dead are', async () => {
    const limits = { heartbeatMs: 500, messagesPerSecondMax: 10_000, bufferedBytesMax: 1024 ** 3 };
    const house = await limited(limits);
    const talker = await house.connect();
    await subscribe(talker);
    talker.ws.pause();
    const talk = setInterval(() => talker.say({ type: 'ping' }), 10);
    try {
      // More than the kernel takes.
      await house.send(...Array.from({ length: 40 }, () => eventOpened('front_door', 'x'.repeat(400_000))));
      await eventually(() => house.server.clientCount() === 0);
    } finally {
      clearInterval(talk);
    }
  });

  it('who takes nothing of a replay for long: 4008, however much it talks', async () => {
    const { meter, closes } = createMeter();
    const house = await createTestHouse({ sockets: { meter, limits: { stallMs: 200, closeMs: 50 } } });
    for (let round = 0; round < 4; round++)
      await house.send(...Array.from({ length: 10 }, () => eventOpened('front_door', 'x'.repeat(400_000))));
    const client = await house.connect();
    client.ws.pause();
    client.say({ type: 'subscribe', after: 0 });
    const pong = setInterval(() => client.ws.pong(), 50);
    try {
      await eventually(() => house.server.clientCount() === 0, { what: 'the end' });
    } finally {
      clearInterval(pong);
    }
    expect(closes).toEqual([4008]);
  });

  it('whose key is revoked: 4401', async () => {
    let clients = 0;
    const authenticate = async () => ({ keyId: `key${++clients}`, cameraIds: null });
    const revoked = new Set<string>();
    const reasonToLeave = ({ keyId }: { keyId: string }) => (revoked.has(keyId) ? 'the key was revoked' : null);
    const limits = { recheckMs: 600_000 };
    const house = await createTestHouse({ sockets: { authenticate, reasonToLeave, limits } });
    const [first, second] = [await house.connect(), await house.connect()];
    revoked.add('key1');
    house.server.recheck();
    expect(await first.closed).toEqual({ code: 4401, reason: 'the key was revoked' });
    second.say({ type: 'ping' });
    await second.heard('pong');
  });

  it('whose time is over, without anybody saying so', async () => {
    let over: string | null = null;
    const house = await createTestHouse({ sockets: { reasonToLeave: () => over } });
    const client = await house.connect();
    over = 'the session has expired';
    expect(await client.closed).toEqual({ code: 4401, reason: over });
  });

  it('everybody at shutdown: 1001, who does not answer is cut off, and nobody is let in', async () => {
    const house = await limited({ shutdownMs: 100 });
    const [polite, deaf] = [await house.connect(), await house.connect()];
    deaf.ws.pause();
    await Promise.all([house.server.close(), house.server.close()]);
    expect((await polite.closed).code).toBe(1001);
    expect(house.server.clientCount()).toBe(0);
    expect((await askForUpgrade(house, '/ws')).status).toBe(503);
  });
});
