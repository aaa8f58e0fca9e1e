import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { eventually } from '../../tests/harness/eventually.ts';
import { toPngBomb } from '../../tests/harness/junk.ts';
import { createTestQueue } from '../../tests/harness/ledger.ts';
import { createReceive } from '../ingest/index.ts';
import { systemClock } from '../lib/clock.ts';
import { NightjarError } from '../lib/errors.ts';
import { silentLog } from '../lib/log.ts';
import { createDiskStore, type MediaStore } from '../media/index.ts';
import { frameSchema } from '../model/wire.ts';
import type { Queue } from '../queue/index.ts';
import { createAuthenticator, type Identity } from './auth.ts';
import { problemSchema } from './problem.ts';
import { answerOf, open, picturePart, post, toForm, toJpeg, type Answer, type Part } from './tests/forms.ts';
import { seedCamera } from './tests/seed.ts';
import { startTestApi, TEST_IMAGE_BYTES_MAX, TEST_KEY, type TestApi } from './tests/test-api.ts';

let db: TestDatabase;
let root: string;
let queue: Queue;
let jpeg: Buffer;
let api: TestApi;
let media: MediaStore;
let put: MediaStore['put'];
let identity: Partial<Identity>;
let wakes: number;

beforeAll(async () => {
  db = await createTestDatabase();
  root = await mkdtemp(path.join(tmpdir(), 'nightjar-upload-'));
  media = await Promise.resolve(createDiskStore({ root, log: silentLog }));
  queue = await createTestQueue(db, { onPending: () => void (wakes += 1) });
  const receivePicture = createReceive({
    timeZone: 'UTC',
    imagePixelsMax: 4_000_000,
    calendar: systemClock,
    storeOriginal: (original) => put(original),
    record: queue.record,
  });
  const authenticator = createAuthenticator({ adminApiKey: TEST_KEY, clock: systemClock });
  api = await startTestApi(db, {
    receivePicture,
    authenticator: {
      ...authenticator,
      authenticateRequest: async (request) => ({ ...(await authenticator.authenticateRequest(request)), ...identity }),
    },
  });
  jpeg = await toJpeg();
});
afterAll(async () => {
  await Promise.all([api.close(), queue.close()]);
  await rm(root, { recursive: true });
  await db.close();
});
beforeEach(async () => {
  await db.query((sql) => sql`truncate cameras cascade`);
  await seedCamera(db, 'yard');
  put = media.put;
  identity = { role: 'ingest' };
  wakes = 0;
});
// The folders stay: the store knows those that it has made.
afterEach(async () => {
  for (const file of await listFiles()) await rm(path.join(file.parentPath, file.name));
});

const field = (name: string, body: string): Part => ({ name, body });
const yard = field('camera_id', 'yard');
const send = (...parts: readonly Part[]): Promise<Answer> => post(api, '/api/frames', toForm(parts));
const problemOf = ({ body }: Answer) => problemSchema.strict().parse(body);
const listFiles = async () =>
  (await readdir(root, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
const files = async (): Promise<readonly string[]> => (await listFiles()).map(({ name }) => name);
const frameCount = async (): Promise<number> =>
  (await db.query((sql) => sql<{ count: number }[]>`select count(*) from frames`))[0]?.count ?? -1;
async function expectNothingKept(): Promise<void> {
  expect([await files(), await frameCount()]).toEqual([[], 0]);
}

describe('a picture that is sent', () => {
  test('is stored and recorded as those of the inbox, and whoever examines is woken', async () => {
    const { status, body } = await send(yard, picturePart(jpeg, 'file', 'Yard_20250601120000.jpg'));
    expect(status).toBe(202);
    const frame = frameSchema.strict().parse(body);
    const sha256 = createHash('sha256').update(jpeg).digest('hex');
    expect(frame).toMatchObject({
      ...{ camera_id: 'yard', state: 'pending', source_name: 'Yard_20250601120000.jpg', sha256, bytes: jpeg.length },
      ...{ media_type: 'image/jpeg', width: 64, height: 48, captured_at: '2025-06-01T12:00:00.000Z', error: null },
    });
    expect(await files()).toEqual([`${sha256}.jpg`]);
    identity = {};
    expect(await api.get(`/api/frames/${frame.id}`)).toEqual(body);
    expect(wakes).toBeGreaterThan(0);
    expect(await queue.claim(10)).toMatchObject([{ id: frame.id }]);
  });

  test('again is the same frame', async () => {
    const [one, two] = [await send(yard, picturePart(jpeg)), await send(picturePart(jpeg, 'file', 'b.jpg'), yard)];
    expect([one.status, two.status]).toEqual([202, 202]);
    expect((two.body as { id: string }).id).toBe((one.body as { id: string }).id);
    expect([await frameCount(), (await files()).length]).toEqual([1, 1]);
  });

  test('at once by many is one frame', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => send(yard, picturePart(jpeg))));
    expect(new Set(answers.map(({ status, body }) => `${status} ${(body as { id: string }).id}`)).size).toBe(1);
    expect(await frameCount()).toBe(1);
  });

  test('may say itself when it was taken', async () => {
    const at = '2024-02-29T23:59:59.500+01:00';
    const { body } = await send(yard, field('captured_at', at), picturePart(jpeg));
    expect(body).toMatchObject({ captured_at: '2024-02-29T22:59:59.500Z' });
    const ahead = new Date(Date.now() + 2 * 86_400_000).toISOString();
    expect(problemOf(await send(yard, field('captured_at', ahead), picturePart(jpeg)))).toMatchObject({ status: 400, detail: /ahead/ }); // prettier-ignore
  });

  test.each([
    ['', 'upload'],
    ['../../etc/passwd', '../../etc/passwd'],
    ['a\u202egpj.exe', 'agpj.exe'],
  ])('by the name %j is called %j, which is never a path', async (filename, sourceName) => {
    const { status, body } = await send(yard, picturePart(jpeg, 'file', filename));
    expect([status, (body as { source_name: string }).source_name]).toEqual([202, sourceName]);
    expect(await files()).toEqual([`${createHash('sha256').update(jpeg).digest('hex')}.jpg`]);
  });

  test('for a camera that is switched off waits, as in its folder', async () => {
    await db.query((sql) => sql`update cameras set enabled = false`);
    expect((await send(yard, picturePart(jpeg))).status).toBe(202);
    expect(await queue.claim(10)).toEqual([]);
  });
});

describe('what is refused leaves nothing behind:', () => {
  test.each<[string, () => Uint8Array | Promise<Uint8Array>, RegExp]>([
    ['nothing', () => new Uint8Array(), /empty/],
    ['text', () => Buffer.from('550 Permission denied.'), /not a picture/],
    ['an SVG', () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), /not a picture/],
    ['half a picture', () => jpeg.subarray(0, jpeg.length / 2), /truncated/],
    ['too many pixels', toPngBomb, /too many pixels/],
  ])('%s (400)', async (_what, make, says) => {
    const answer = await send(yard, picturePart(await make()));
    expect(problemOf(answer)).toMatchObject({ status: 400, kind: 'invalid', detail: says });
    await expectNothingKept();
  });

  test('too many bytes (413)', async () => {
    const large = Buffer.concat([jpeg, Buffer.alloc(TEST_IMAGE_BYTES_MAX)]);
    expect(problemOf(await send(yard, picturePart(large)))).toMatchObject({ status: 413 });
    await expectNothingKept();
  });

  test.each<[string, readonly Part[], number, RegExp]>([
    ['no camera', [picturePart(Buffer.from('X'))], 400, /camera_id/],
    ['an odd camera', [field('camera_id', '../x'), picturePart(Buffer.from('X'))], 400, /camera_id/],
    ['an unknown camera', [field('camera_id', 'nobody'), picturePart(Buffer.from('X'))], 404, /nobody/],
    ['a field that is not known', [yard, field('label', 'cat'), picturePart(Buffer.from('X'))], 400, /label/],
    ['an odd time', [yard, field('captured_at', 'noon'), picturePart(Buffer.from('X'))], 400, /captured_at/],
    ['no file', [yard], 400, /"file"/],
    ['another file', [yard, picturePart(Buffer.from('X'), 'image')], 400, /"file"/],
    ['two files', [yard, picturePart(Buffer.from('X')), picturePart(Buffer.from('Y'))], 413, /files/],
  ])('%s', async (_what, parts, status, says) => {
    const whole = parts.map((part) => (part.filename === undefined ? part : { ...part, body: jpeg }));
    expect(problemOf(await send(...whole))).toMatchObject({ status, detail: says });
    await expectNothingKept();
  });

  test('no form (415)', async () => {
    const answer = await post(api, '/api/frames', jpeg, { 'Content-Type': 'image/jpeg' });
    expect(problemOf(answer)).toMatchObject({ status: 415 });
  });

  test('a camera that was deleted', async () => {
    await db.query((sql) => sql`update cameras set deleted_at = now()`);
    expect(problemOf(await send(yard, picturePart(jpeg)))).toMatchObject({ status: 404 });
    await expectNothingKept();
  });

  test('a camera that the key may not see is not there', async () => {
    identity = { role: 'ingest', cameraIds: ['door'] };
    expect(problemOf(await send(yard, picturePart(jpeg)))).toMatchObject({ status: 404, detail: 'there is no camera "yard"' }); // prettier-ignore
    identity = { role: 'ingest', cameraIds: ['yard'] };
    expect((await send(yard, picturePart(jpeg))).status).toBe(202);
  });

  test('a key that only looks (403)', async () => {
    identity = { role: 'viewer' };
    expect(problemOf(await send(yard, picturePart(jpeg)))).toMatchObject({ status: 403 });
  });

  test('a store that is full (503, and when to come again); it is good for the next', async () => {
    put = () => Promise.reject(new NightjarError('unavailable', 'ENOSPC at /var/lib/secret'));
    const answer = await send(yard, picturePart(jpeg));
    expect(answer.headers['retry-after']).toBe('2');
    expect(problemOf(answer)).toMatchObject({ status: 503, kind: 'unavailable' });
    expect(JSON.stringify(answer.body)).not.toContain('/var/lib');
    await expectNothingKept();
    put = media.put;
    expect((await send(yard, picturePart(jpeg))).status).toBe(202);
  });

  test('a client that goes away half-way', async () => {
    const body = toForm([yard, picturePart(jpeg)]);
    let stored = 0;
    put = (original) => ((stored += 1), media.put(original));
    const sent = open(api, '/api/frames', { 'Content-Length': `${body.length}` });
    await new Promise((resolve) => sent.write(body.subarray(0, body.length - 100), resolve));
    sent.destroy();
    // The next one on its heels is answered: what was broken off holds nothing up.
    expect((await send(field('camera_id', 'nobody'), picturePart(jpeg))).status).toBe(404);
    await eventually(async () => stored === 0 && (await frameCount()) === 0, { what: 'nothing' });
    await expectNothingKept();
  });
});

test('the form is read to its end before it is judged, so the connection is good for the next', async () => {
  const sent = open(api, '/api/frames', {}, undefined);
  sent.end(toForm([field('camera_id', 'nobody'), picturePart(jpeg)]));
  expect((await answerOf(sent)).status).toBe(404);
});
