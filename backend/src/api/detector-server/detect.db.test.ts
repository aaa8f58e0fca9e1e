import { Agent } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import fc from 'fast-check';
import sharp from 'sharp';
import { createTestDatabase, type TestDatabase } from '../../../tests/harness/database.ts';
import { toPngBomb } from '../../../tests/harness/junk.ts';
import { NightjarError } from '../../lib/errors.ts';
import type { DetectedObject } from '../../model/index.ts';
import { SESSION_COOKIE } from '../auth.ts';
import { batchSchema } from './detect-routes.ts';
import type { GuestDetector } from '../index.ts';
import { problemSchema } from '../problem.ts';
import {
  answerOf,
  BOUNDARY,
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

const person: DetectedObject = { label: 'person', score: 0.912346, bbox: { x: 3, y: 4, width: 10, height: 20 } };
const dog: DetectedObject = { label: 'dog', score: 0.41, bbox: { x: 0, y: 0, width: 1, height: 1 } };
const seen = {
  detections: [
    { class: 'person', confidence: 0.912346, bbox: { x: 3, y: 4, width: 10, height: 20 } },
    { class: 'dog', confidence: 0.41, bbox: { x: 0, y: 0, width: 1, height: 1 } },
  ],
  inference_time_ms: expect.any(Number) as number,
  image_width: 64,
  image_height: 48,
};

let db: TestDatabase;
let api: TestApi;
let jpeg: Buffer;
let examine: GuestDetector['examine'];
let modelLoaded: boolean;

beforeAll(async () => {
  db = await createTestDatabase();
  api = await startTestApi(db, {
    health: () => ({ modelLoaded }),
    detector: { examine: (image) => examine(image) },
  });
  jpeg = await toJpeg();
});
beforeEach(() => {
  modelLoaded = true;
  examine = async () => [person, dog];
});
afterAll(async () => {
  await api.close();
  await db.close();
});

const detect = (parts: readonly Part[], headers: Headers = {}): Promise<Answer> => post(api, '/detect', toForm(parts), headers); // prettier-ignore
const detectBatch = (parts: readonly Part[]): Promise<Answer> => post(api, '/detect/batch', toForm(parts));
const files = (count: number): Part[] => Array.from({ length: count }, (_, at) => picturePart(jpeg, 'files', `${at}.jpg`)); // prettier-ignore

function problemOf({ status, headers, body }: Answer) {
  expect(headers['content-type']).toBe('application/problem+json');
  const problem = problemSchema.strict().parse(body);
  expect(problem.status).toBe(status);
  return problem;
}

describe('POST /detect', () => {
  test('tells what is in the picture', async () => {
    const answer = await detect([picturePart(jpeg)]);
    expect(answer).toMatchObject({ status: 200, body: seen });
  });

  test('hands over the bytes as they came, and the size of the upright picture', async () => {
    const images: Parameters<GuestDetector['examine']>[0][] = [];
    examine = async (image) => (images.push(image), []);
    const turned = await sharp(jpeg).withMetadata({ orientation: 6 }).toBuffer();
    const { body } = await detect([picturePart(turned)]);
    expect(body).toMatchObject({ detections: [], image_width: 48, image_height: 64 });
    expect(images.map(({ width, height }) => [width, height])).toEqual([[48, 64]]);
    expect(turned.equals(images[0]?.bytes ?? Buffer.alloc(0))).toBe(true);
  });

  test.each<[string, Part[]]>([
    ['fields beside it', [{ name: 'model', body: 'x' }, picturePart(Buffer.from('X')), { name: 'y', body: '' }]],
    ['no file name', [{ name: 'file', body: 'X' }]],
    ['an empty file name', [{ name: 'file', filename: '', body: 'X' }]],
    ['a type that is none', [{ name: 'file', filename: 'a', type: '???', body: 'X' }]],
    ['another type', [{ name: 'file', filename: 'a.txt', type: 'text/plain; charset=utf-16', body: 'X' }]],
  ])('takes a file with %s', async (_what, parts) => {
    const withPicture = parts.map((part) => (part.name === 'file' ? { ...part, body: jpeg } : part));
    expect(await detect(withPicture)).toMatchObject({ status: 200, body: seen });
  });

  test.each<[string, () => Uint8Array | Promise<Uint8Array>, RegExp]>([
    ['zero bytes', () => new Uint8Array(), /empty/],
    ['text', () => Buffer.from('550 Permission denied.'), /no known format/],
    ['an SVG', () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), /no known format/],
    ['a bomb', toPngBomb, /20000|pixel/],
    ['only a start', () => jpeg.subarray(0, 20), /not a whole picture/],
  ])('%s: 400, says why, and never gets to the detector', async (_what, make, says) => {
    examine = () => Promise.reject(new Error('was examined'));
    const problem = problemOf(await detect([picturePart(await make())]));
    expect(problem).toMatchObject({ status: 400, kind: 'invalid' });
    expect(problem.detail).toMatch(says);
  });

  test('what the detector finds to be no whole picture is 400', async () => {
    examine = () => Promise.reject(new NightjarError('invalid', 'not a whole picture: premature end'));
    expect(problemOf(await detect([picturePart(jpeg)]))).toMatchObject({ status: 400, detail: /premature end/ });
  });

  test.each<[string, Part[], RegExp]>([
    ['no parts', [], /no picture.*"file"/],
    ['only fields', [{ name: 'model', body: 'x' }], /"file".*"model"/],
    ['another field', [picturePart(Buffer.from('X'), 'image')], /"file".*"image"/],
    ['the field of the batch', [picturePart(Buffer.from('X'), 'files')], /"file".*"files"/],
    ['a field that is named oddly', [picturePart(Buffer.from('X'), '__proto__')], /"file".*"__proto__"/],
  ])('%s: 400, and names the field that is wanted', async (_what, parts, says) => {
    expect(problemOf(await detect(parts))).toMatchObject({ status: 400, detail: says });
  });

  test('two pictures are too many', async () => {
    expect(problemOf(await detect([picturePart(jpeg), picturePart(jpeg)]))).toMatchObject({ status: 413 });
  });

  test('a picture may have IMAGE_BYTES_MAX and not one byte more', async () => {
    const most = Buffer.concat([jpeg, Buffer.alloc(TEST_IMAGE_BYTES_MAX - jpeg.length)]);
    expect(await detect([picturePart(most)])).toMatchObject({ status: 200 });
    const more = Buffer.concat([most, Buffer.alloc(1)]);
    expect(problemOf(await detect([picturePart(more)]))).toMatchObject({ status: 413, kind: 'invalid' });
  });

  test.each([
    ['a field', { name: 'x', body: 'x'.repeat(5_000) }],
    ['a part without end of headers', { name: 'x'.repeat(20_000), body: 'x' }],
  ])('%s that is too long is refused, or passed over, and never held', async (_what, part) => {
    const { status } = await detect([part, picturePart(jpeg)]);
    expect([200, 400, 413]).toContain(status);
  });

  test('too many fields are refused', async () => {
    const fields = Array.from({ length: 40 }, (_, at) => ({ name: `f${at}`, body: '' }));
    expect(problemOf(await detect([...fields, picturePart(jpeg)]))).toMatchObject({ status: 413 });
  });

  test('without a detector that is ready: 503, and when to come again', async () => {
    modelLoaded = false;
    const answer = await detect([picturePart(jpeg)]);
    expect(problemOf(answer)).toMatchObject({ status: 503, kind: 'unavailable' });
    expect(answer.headers['retry-after']).toBe('2');
  });

  test.each(['unavailable', 'overloaded'] as const)('a detector that is %s: 503', async (kind) => {
    examine = () => Promise.reject(new NightjarError(kind, 'not now'));
    const answer = await detect([picturePart(jpeg)]);
    expect(problemOf(answer)).toMatchObject({ status: 503, kind });
    expect(answer.headers['retry-after']).toBe('2');
  });
});

describe('POST /detect/batch', () => {
  test('has a result for each picture, in order', async () => {
    const { status, body } = await detectBatch(files(9));
    expect(status).toBe(200);
    expect(batchSchema.parse(body)).toEqual({
      results: Array.from({ length: 9 }, (_, index) => ({ index, filename: `${index}.jpg`, ...seen })),
      total_inference_time_ms: expect.any(Number) as number,
      num_images: 9,
    });
  });

  test('a bad picture fails alone, and is no picture without objects', async () => {
    const large = Buffer.concat([jpeg, Buffer.alloc(TEST_IMAGE_BYTES_MAX)]);
    const bad = [
      new Uint8Array(),
      Buffer.from('text'),
      await Promise.resolve(toPngBomb()),
      jpeg.subarray(0, 20),
      large,
    ];
    const parts = bad.flatMap((body, at) => [picturePart(body, 'files', `bad${at}`), picturePart(jpeg, 'files', `good${at}`)]); // prettier-ignore
    const { status, body } = await detectBatch(parts);
    expect(status).toBe(200);
    const { results, num_images } = batchSchema.parse(body);
    expect(num_images).toBe(10);
    expect(results.map(({ filename }) => filename)).toEqual(parts.map(({ filename }) => filename));
    for (const result of results)
      if (result.index % 2 === 1) expect(result).toMatchObject(seen);
      else expect(result).toEqual({ index: result.index, filename: `bad${result.index / 2}`, error: { kind: 'invalid', message: expect.any(String) as string } }); // prettier-ignore
    expect(results.map((result) => ('error' in result ? result.error.message : '')).join('\n')).toMatch(
      /empty\n\n.*no known format\n\n.*pixel.*\n\n.*not a whole picture.*\n\n.*bytes at most/,
    );
  });

  test('all bad is 200 too, each with its reason', async () => {
    const { status, body } = await detectBatch([picturePart(Buffer.from('text'), 'files'), picturePart(Buffer.from(''), 'files')]); // prettier-ignore
    expect(status).toBe(200);
    expect(batchSchema.parse(body).results.every((result) => 'error' in result)).toBe(true);
  });

  test('64 pictures are examined, 65 refused', async () => {
    expect(batchSchema.parse((await detectBatch(files(64))).body).num_images).toBe(64);
    expect(problemOf(await detectBatch(files(65)))).toMatchObject({ status: 413, detail: /64/ });
  });

  test('a detector that goes away fails the whole, to be sent again: no picture is to blame', async () => {
    let calls = 0;
    examine = () => ((calls += 1) === 3 ? Promise.reject(new NightjarError('unavailable', 'x')) : Promise.resolve([]));
    expect(problemOf(await detectBatch(files(8)))).toMatchObject({ status: 503, kind: 'unavailable' });
  });

  test.each([
    ['../../etc/passwd', '../../etc/passwd'],
    ['C:\\\\cam\\\\a.jpg', 'C:\\cam\\a.jpg'],
    ['Haust\u00fcr \u{1F426}.jpg', 'Haust\u00fcr \u{1F426}.jpg'],
    ['a\x07b\x1b[2Jc\u202ed.jpg', 'ab[2Jcd.jpg'],
    ['x'.repeat(1_000), 'x'.repeat(255)],
    ['__proto__', '__proto__'],
  ])('the file name %j comes back as %j', async (filename, expected) => {
    const { body } = await detectBatch([picturePart(jpeg, 'files', filename)]);
    expect(batchSchema.parse(body).results[0]?.filename).toBe(expected);
  });

  test.each<[string, Part[], RegExp]>([
    ['no pictures', [], /"files"/],
    ['the field of the single route', [picturePart(Buffer.from('X'), 'file')], /"files".*"file"/],
    ['one of another name among them', [picturePart(Buffer.from('X'), 'files'), picturePart(Buffer.from('X'), 'image')], /"files".*"image"/],
  ])('%s: 400', async (_what, parts, says) => {
    expect(problemOf(await detectBatch(parts))).toMatchObject({ status: 400, detail: says });
  }); // prettier-ignore
});

describe('forms', () => {
  const send = (body: Uint8Array, type: string, headers: Headers = {}) => post(api, '/detect', body, { 'Content-Type': type, ...headers }); // prettier-ignore

  test.each([
    ['application/json', {}],
    ['image/jpeg', {}],
    ['application/x-www-form-urlencoded', {}],
    ['multipart/mixed; boundary=a', {}],
    ['multipart/form-datax; boundary=a', {}],
    ['', {}],
    [`multipart/form-data; boundary=${BOUNDARY}`, { 'Content-Encoding': 'gzip' }],
  ])('%s is 415', async (type, headers) => {
    const problem = problemOf(await send(toForm([picturePart(jpeg)]), type, headers));
    expect(problem).toMatchObject({ status: 415, detail: /multipart\/form-data/ });
  });

  test.each([
    ['no boundary', 'multipart/form-data'],
    ['another boundary', 'multipart/form-data; boundary=other'],
    ['an empty boundary', 'multipart/form-data; boundary='],
    ['a prefix of the boundary', `multipart/form-data; boundary=${BOUNDARY.slice(0, -1)}`],
    ['a boundary that is very long', `multipart/form-data; boundary=${'b'.repeat(8_000)}`],
  ])('%s is 400', async (_what, type) => {
    expect(problemOf(await send(toForm([picturePart(jpeg)]), type))).toMatchObject({ status: 400 });
  });

  test('a boundary in quotes and with odd characters is one', async () => {
    const boundary = "a'()+_,-./:=?b";
    const answer = await send(toForm([picturePart(jpeg)], boundary), `Multipart/Form-Data; charset=x; boundary="${boundary}"`); // prettier-ignore
    expect(answer).toMatchObject({ status: 200, body: seen });
  });

  test('what looks like a boundary inside a picture is picture', async () => {
    const received: Uint8Array[] = [];
    examine = async ({ bytes }) => (received.push(bytes), []);
    const tricky = Buffer.concat([jpeg, Buffer.from(`\r\n--${BOUNDARY.slice(0, -1)}\r\n--\r\n\r--${BOUNDARY}--\r\n`)]);
    expect(await detect([picturePart(tricky)])).toMatchObject({ status: 200 });
    expect(tricky.equals(received[0] ?? Buffer.alloc(0))).toBe(true);
  });

  test('text before and after the form is passed over', async () => {
    const form = Buffer.concat([Buffer.from('hello\r\n'), toForm([picturePart(jpeg)]), Buffer.from('goodbye')]);
    expect(await send(form, `multipart/form-data; boundary=${BOUNDARY}`)).toMatchObject({ status: 200, body: seen });
  });

  test.each([0, 1, 40, 120, 400])(
    'a form without its last part, cut at %d bytes from the start, is 400',
    async (at) => {
      const form = toForm([picturePart(jpeg)]).subarray(0, at);
      expect(problemOf(await send(form, `multipart/form-data; boundary=${BOUNDARY}`))).toMatchObject({ status: 400 });
    },
  );

  test('a form without its end is 400: the picture may not be whole', async () => {
    const form = toForm([picturePart(jpeg)]);
    const cut = form.subarray(0, form.length - BOUNDARY.length - 8);
    expect(problemOf(await send(cut, `multipart/form-data; boundary=${BOUNDARY}`))).toMatchObject({ status: 400 });
  });

  test.each<[number, string, () => Part[], Headers]>([
    [200, '/detect', () => [picturePart(jpeg)], {}],
    [400, '/detect', () => [picturePart(jpeg, 'image')], {}],
    [401, '/detect', () => [picturePart(Buffer.alloc(500_000))], { 'X-API-Key': 'wrong' }],
    [401, '/v1/vision/detection', () => [{ name: 'api_key', body: 'wrong' }, picturePart(Buffer.alloc(500_000))], { 'X-API-Key': '' }],
    [413, '/detect', () => [picturePart(Buffer.alloc(3_000_000))], {}],
    [413, '/detect/batch', () => files(65), {}],
    [415, '/detect', () => [picturePart(Buffer.alloc(500_000))], { 'Content-Type': 'text/plain' }],
  ])('the connection is good for the next request after a %d of %s', async (status, path, parts, headers) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports: (number | undefined)[] = [];
    const sendHere = async (parts: readonly Part[], headers: Headers) => {
      const sent = open(api, path, headers, agent);
      sent.on('response', ({ socket }) => ports.push(socket.localPort));
      sent.end(toForm(parts));
      return (await answerOf(sent)).status;
    };
    expect(await sendHere(parts(), headers)).toBe(status);
    expect(await sendHere([], {})).toBe(400);
    expect(ports[0]).toBe(ports[1]);
    agent.destroy();
  }); // prettier-ignore

  test('no form brings the API down', { timeout: 60_000 }, async () => {
    const form = toForm([picturePart(jpeg), { name: 'x', body: 'y' }]);
    const damage = fc.record({ at: fc.nat(form.length), remove: fc.nat(60), insert: fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.constantFrom('\r\n', `--${BOUNDARY}`, '\r\n\r\n', '"', ';', '--').map((text) => Buffer.from(text))) }); // prettier-ignore
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), async (damages) => {
        const broken = damages.reduce((bytes, { at, remove, insert }) => Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]), form); // prettier-ignore
        const { status = 0 } = await send(broken, `multipart/form-data; boundary=${BOUNDARY}`);
        expect([200, 400, 413]).toContain(status);
      }),
      { numRuns: 300 },
    );
    expect(await detect([picturePart(jpeg)])).toMatchObject({ status: 200, body: seen });
  });
});

describe('who may', () => {
  test.each<[string, Headers, number]>([
    ['no key', { 'X-API-Key': '' }, 401],
    ['a wrong key', { 'X-API-Key': 'wrong' }, 401],
    ['a bearer', { 'X-API-Key': '', Authorization: `Bearer ${TEST_KEY}` }, 200],
  ])('%s', async (_what, headers, status) => {
    for (const path of ['/detect', '/detect/batch']) {
      const form = toForm([picturePart(jpeg, path === '/detect' ? 'file' : 'files')]);
      expect((await post(api, path, form, headers)).status).toBe(status);
    }
  });

  test('the key in the form is none here', async () => {
    const answer = await detect([{ name: 'api_key', body: TEST_KEY }, picturePart(jpeg)], { 'X-API-Key': '' });
    expect(problemOf(answer)).toMatchObject({ status: 401 });
  });

  test('a form that another site has a browser send is refused, though it carries the session', async () => {
    const login = await api.sendJson('POST', '/api/session', { api_key: TEST_KEY });
    const [cookie = ''] = (login.headers.get('set-cookie') ?? '').split(';');
    expect(cookie).toContain(SESSION_COOKIE);
    const from = (origin: string): Promise<Answer> => detect([picturePart(jpeg)], { 'X-API-Key': '', Cookie: cookie, Origin: origin }); // prettier-ignore
    expect((await from('http://evil.example')).status).toBe(403);
    expect((await from(`http://127.0.0.1:${api.port + 1}`)).status).toBe(403);
    expect((await from(api.url)).status).toBe(200);
  });
});
