import { Agent, type ClientRequest } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../tests/harness/database.ts';
import { eventually } from '../../../tests/harness/eventually.ts';
import { systemClock } from '../../lib/clock.ts';
import { NightjarError } from '../../lib/errors.ts';
import type { DetectedObject } from '../../model/index.ts';
import { predictionsSchema } from './deepstack-route.ts';
import { createAuthenticator, type Authenticator, type GuestDetector } from '../index.ts';
import { deepstackErrorSchema } from '../problem.ts';
import {
  answerOf,
  open,
  picturePart,
  post,
  toForm,
  toJpeg,
  type Answer,
  type Headers,
  type Part,
} from '../tests/forms.ts';
import { startTestApi, TEST_IMAGE_BYTES_MAX, TEST_KEY, type TestApi } from '../tests/test-api.ts';

const PATH = '/v1/vision/detection';
const person: DetectedObject = { label: 'person', score: 0.912346, bbox: { x: 3, y: 4, width: 10, height: 20 } };
const dog: DetectedObject = { label: 'dog', score: 0.41, bbox: { x: 0, y: 0, width: 64, height: 48 } };
const personSeen = { label: 'person', confidence: 0.912346, x_min: 3, y_min: 4, x_max: 13, y_max: 24 };
const dogSeen = { label: 'dog', confidence: 0.41, x_min: 0, y_min: 0, x_max: 64, y_max: 48 };
const both = { success: true, predictions: [personSeen, dogSeen], duration: expect.any(Number) as number };

let db: TestDatabase;
let api: TestApi;
let image: Part;
let examine: GuestDetector['examine'];
let modelLoaded: boolean;

beforeAll(async () => {
  db = await createTestDatabase();
  image = picturePart(await toJpeg(), 'image');
});
beforeEach(async () => {
  modelLoaded = true;
  examine = async () => [person, dog];
  arrived = 0;
  const options = { authenticator: countArrivals(), health: () => ({ modelLoaded }), detector: { examine: (...args: Parameters<typeof examine>) => examine(...args) } }; // prettier-ignore
  api = await startTestApi(db, options);
});
afterEach(() => api.close());
afterAll(() => db.close());

/** Requests that got as far as the question who they are from. */
let arrived = 0;
function countArrivals(): Authenticator {
  const authenticator = createAuthenticator({ adminApiKey: TEST_KEY, clock: systemClock });
  return { ...authenticator, isPresented: (request) => ((arrived += 1), authenticator.isPresented(request)) };
}

const key: Part = { name: 'api_key', body: TEST_KEY };
const strange: Headers = { 'X-API-Key': '' };
const send = (parts: readonly Part[], headers: Headers = strange): Promise<Answer> => post(api, PATH, toForm(parts), headers); // prettier-ignore

function errorOf({ headers, body }: Answer): string {
  expect(headers['content-type']).toBe('application/json');
  return deepstackErrorSchema.strict().parse(body).error;
}

describe('what clients send', () => {
  // As Frigate and the Python SDK do: fields first, then the picture, whose file name is its field's.
  test('Frigate: the key, then the picture', async () => {
    const answer = await send([key, { name: 'image', filename: 'image', body: image.body }]);
    expect(answer).toMatchObject({ status: 200, body: both });
    expect(predictionsSchema.strict().parse(answer.body)).toEqual(both);
  });

  test.each<[string, () => Part[]]>([
    ['the picture first', () => [image, { name: 'min_confidence', body: '0.4' }, key]],
    ['more fields than are known', () => [image, key, { name: 'min_confidence', body: '0.40' }, { name: 'x', body: 'y' }]],
    ['the picture as `file`', () => [key, picturePart(image.body as Uint8Array, 'file')]],
    ['other files beside it', () => [key, picturePart(Buffer.from('x'), 'image2'), image, picturePart(Buffer.from('x'), 'mask')]],
    ['`image` beside `file`', () => [key, picturePart(Buffer.from('x'), 'file'), image]],
    ['no file name', () => [key, { name: 'image', body: image.body }]],
    ['an empty min_confidence', () => [key, { name: 'min_confidence', body: '' }, image]],
  ])('%s', async (_what, parts) => {
    expect(await send(parts())).toMatchObject({ status: 200, body: both });
  }); // prettier-ignore

  test.each([
    ['X-API-Key', { 'X-API-Key': TEST_KEY }],
    ['a bearer', { 'X-API-Key': '', Authorization: `Bearer ${TEST_KEY}` }],
  ])('the key as %s', async (_what, headers) => {
    expect(await send([image], headers)).toMatchObject({ status: 200, body: both });
    // As Frigate sends it when none is configured.
    expect(await send([{ name: 'api_key', body: '' }, image], headers)).toMatchObject({ status: 200 });
  });

  test.each<[string, object[]]>([
    ['0', [personSeen, dogSeen]],
    ['0.41', [personSeen, dogSeen]],
    [' 0.5 ', [personSeen]],
    ['.5', [personSeen]],
    ['5e-01', [personSeen]],
    ['1.0', []],
  ])('min_confidence %j', async (body, predictions) => {
    expect(await send([key, { name: 'min_confidence', body }, image])).toMatchObject({ status: 200, body: { predictions } }); // prettier-ignore
  });
});

describe('errors are told as these clients read them', () => {
  test.each(['1.1', '40', '-0.1', 'NaN', 'abc', '0x1', '0,4', '1e400'])('min_confidence %j: 400', async (body) => {
    const answer = await send([key, { name: 'min_confidence', body }, image]);
    expect(answer.status).toBe(400);
    expect(errorOf(answer)).toContain('min_confidence');
  });

  test.each<[string, () => Part[], number, RegExp]>([
    ['no picture', () => [key], 400, /"image"/],
    ['a picture of another name', () => [key, picturePart(Buffer.from('x'), 'picture')], 400, /"image"/],
    ['an empty picture', () => [key, picturePart(Buffer.from(''), 'image')], 400, /empty/],
    ['no picture but text', () => [key, picturePart(Buffer.from('x'), 'image')], 400, /no known format/],
    ['too large a picture', () => [key, picturePart(Buffer.alloc(TEST_IMAGE_BYTES_MAX + 1), 'image')], 413, /bytes/],
    ['too large a form', () => [key, picturePart(Buffer.alloc(2 * TEST_IMAGE_BYTES_MAX), 'image')], 413, /bytes/],
  ])('%s', async (_what, parts, status, says) => {
    const answer = await send(parts());
    expect(answer.status).toBe(status);
    expect(errorOf(answer)).toMatch(says);
  });

  test('no form', async () => {
    const answer = await post(api, PATH, Buffer.from('{}'), { 'Content-Type': 'application/json' });
    expect(answer.status).toBe(415);
    expect(errorOf(answer)).toContain('multipart/form-data');
  });

  test('no detector, or one that fails', async () => {
    examine = () => Promise.reject(new NightjarError('unavailable', 'http://secret-host:8090 is away'));
    const failed = await send([key, image]);
    modelLoaded = false;
    const none = await send([key, image]);
    for (const answer of [failed, none]) {
      expect(answer.status).toBe(503);
      expect(answer.headers['retry-after']).toBe('2');
      expect(errorOf(answer)).not.toContain('secret-host');
    }
  });
});

describe('without a good key: 401, and nothing is examined', () => {
  let examined = 0;
  beforeEach(() => {
    examined = 0;
    examine = async () => ((examined += 1), []);
  });
  afterEach(() => expect(examined).toBe(0));

  test.each<[string, () => Part[], Headers]>([
    ['none at all', () => [image], strange],
    ['an empty one', () => [{ name: 'api_key', body: '' }, image], strange],
    ['a wrong one before the picture', () => [{ name: 'api_key', body: 'wrong' }, image], strange],
    ['a wrong one after it', () => [image, { name: 'api_key', body: 'wrong' }], strange],
    ['a wrong one after a good one', () => [key, { name: 'api_key', body: 'wrong' }, image], strange],
    ['a good one after a wrong one', () => [{ name: 'api_key', body: 'wrong' }, image, key], strange],
    ['the key as a file', () => [image, { name: 'api_key', filename: 'key', body: TEST_KEY }], strange],
    ['a key of a megabyte', () => [image, { name: 'api_key', body: 'k'.repeat(1_000_000) }], strange],
    ['a wrong one in the header, though the form has a good one', () => [key, image], { 'X-API-Key': 'wrong' }],
    ['an expired session, though the form has a good one', () => [key, image], { ...strange, Cookie: 'nightjar_session=old' }],
  ])('%s', async (_what, parts, headers) => {
    const answer = await send(parts(), headers);
    expect([401, 413]).toContain(answer.status);
    if (answer.status === 401) expect(answer.headers['www-authenticate']).toContain('Bearer');
    expect(errorOf(answer)).not.toBe('');
  }); // prettier-ignore

  test('no form at all, whatever it is', async () => {
    for (const type of ['application/json', '', 'image/jpeg'])
      expect((await post(api, PATH, Buffer.from('x'), { ...strange, 'Content-Type': type })).status).toBe(401);
  });

  test('the key in the URL is never looked at', async () => {
    expect((await post(api, `${PATH}?api_key=${TEST_KEY}`, toForm([image]), strange)).status).toBe(401);
  });

  test('a wrong key is told before the picture has come', async () => {
    const form = toForm([{ name: 'api_key', body: 'wrong' }, image]);
    const sent = open(api, PATH, strange);
    sent.write(form.subarray(0, 300));
    expect((await answerOf(sent)).status).toBe(401);
    sent.destroy();
  });
});

describe('strangers', () => {
  const ends: (() => void)[] = [];
  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });

  /** One who sends a form byte by byte and never ends it, as from another machine. */
  function drip(from = '127.0.0.1'): ClientRequest {
    const sent = open(api, PATH, strange, new Agent({ localAddress: from }));
    sent.write(toForm([image]).subarray(0, 200));
    const dripping = setInterval(() => sent.write('x'), 200);
    ends.push(() => (clearInterval(dripping), sent.destroy()));
    return sent;
  }
  /** As many as are received of one network at once. */
  async function fill() {
    const slow = [drip(), drip()];
    await eventually(() => arrived === 2);
    return slow;
  }

  test('wait while others are received; holders of keys in headers do not', async () => {
    const slow = await fill();
    const waits = send([key, image]);
    const isWaiting = await Promise.race([waits.then(() => false), send([image], {}).then(() => true)]);
    expect(isWaiting).toBe(true);
    for (const sent of slow) sent.destroy();
    expect(await waits).toMatchObject({ status: 200, body: both });
  });

  test('of one network, however many, keep nobody of another waiting', async () => {
    const slow = Array.from({ length: 40 }, () => drip());
    const ended: (number | undefined)[] = [];
    for (const sent of slow) void answerOf(sent).then(({ status }) => ended.push(status), () => undefined); // prettier-ignore
    await eventually(() => ended.length === 40 - 18, { what: 'all but two and those who wait to be refused' });
    const sent = open(api, PATH, strange, new Agent({ localAddress: '127.0.0.2' }));
    sent.end(toForm([image, key]));
    expect(await answerOf(sent)).toMatchObject({ status: 200, body: both });
    expect(new Set(ended)).toEqual(new Set([503]));
  });

  test('who fall silent make room for those who wait', async () => {
    const silent = [1, 2].map(() => open(api, PATH, strange));
    for (const sent of silent) sent.write(toForm([image]).subarray(0, 200));
    await eventually(() => arrived === 2);
    const waits = send([image, key]);
    for (const { status, body } of await Promise.all(silent.map(answerOf)))
      expect([status, body]).toMatchObject([408, { error: expect.stringContaining('nothing of the form') as string }]);
    expect(await waits).toMatchObject({ status: 200, body: both });
  });

  test('whose key came first are none any more: their pictures may take their time', async () => {
    const form = toForm([key, image]);
    const slow = Array.from({ length: 5 }, () => open(api, PATH, strange));
    for (const sent of slow) sent.write(form.subarray(0, 300));
    expect(await send([image, key])).toMatchObject({ status: 200 });
    for (const sent of slow) sent.end(form.subarray(300));
    for (const { status } of await Promise.all(slow.map(answerOf))) expect(status).toBe(200);
  });

  test('too many are refused, and when they have gone there is room', async () => {
    const slow = await fill();
    const waiting = Array.from({ length: 40 }, () => open(api, PATH, strange));
    const statuses: (number | undefined)[] = [];
    for (const sent of waiting)
      void answerOf(sent.end(toForm([key, image]))).then(({ status }) => statuses.push(status));
    await eventually(() => statuses.length >= 24);
    expect(new Set(statuses)).toEqual(new Set([503]));
    for (const sent of slow) sent.destroy();
    await eventually(() => statuses.length === 40);
    expect(statuses.filter((status) => status === 200)).toHaveLength(16);
  });

  test('who went away while they waited leave nothing behind', async () => {
    const slow = await fill();
    const gone = Array.from({ length: 20 }, () => open(api, PATH, strange));
    for (const sent of gone) sent.write(toForm([image]).subarray(0, 100));
    await eventually(() => arrived === 22);
    for (const sent of [...gone, ...slow]) sent.destroy();
    expect(await send([image, key])).toMatchObject({ status: 200, body: both });
  });
});
