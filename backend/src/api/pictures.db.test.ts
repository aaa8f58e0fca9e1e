import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { eventually } from '../../tests/harness/eventually.ts';
import { seedCamera, seedDetection, seedEvent, seedFrame, seedTime } from './tests/seed.ts';
import { startTestApi, type TestApi } from './tests/test-api.ts';

let db: TestDatabase;
let api: TestApi;
let jpeg: Buffer;
let frameId: string;
let sha256: string;

const toSha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const picture = (background: string) => sharp({ create: { width: 640, height: 480, channels: 3, background } });

async function keep(cameraId: string, second: number, bytes: Buffer, mediaType = 'image/jpeg'): Promise<string> {
  const hash = toSha256(bytes);
  const mediaPath = `${cameraId}/${hash}`;
  api.media.set(mediaPath, bytes);
  return seedFrame(db, { cameraId, capturedAt: seedTime(second), sha256: hash, mediaType, mediaPath });
}

beforeAll(async () => {
  db = await createTestDatabase();
  api = await startTestApi(db);
  await seedCamera(db, 'yard');
  await seedCamera(db, 'door');
  await seedCamera(db, 'empty');
  jpeg = await picture('#808080').jpeg().toBuffer();
  frameId = await keep('yard', 10, jpeg);
  sha256 = toSha256(jpeg);
  const eventId = await seedEvent(db, { cameraId: 'yard', bestFrameId: frameId, startedAt: seedTime(10) });
  const detection = { frameId, eventId, cameraId: 'yard', capturedAt: seedTime(10) };
  await seedDetection(db, detection);
  await seedDetection(db, { ...detection, label: 'car', score: 0.5 });
  // What does not count is not drawn.
  const parked = await seedDetection(db, { ...detection, label: 'bus' });
  await db.query(
    (sql) => sql`update detections set event_id = null, suppressed_by = 'stationary' where id = ${parked}`,
  );
});
afterAll(async () => {
  await api.close();
  await db.close();
});

const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());
const image = (query = '', headers: Record<string, string> = {}) =>
  api.send(`/api/frames/${frameId}/image${query}`, { headers });

describe('the original', () => {
  test('comes whole, as what it is, and for no one else to keep or interpret', async () => {
    const response = await image();
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'image/jpeg',
      'content-length': `${jpeg.length}`,
      etag: `"${sha256}"`,
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-cache',
      'x-content-type-options': 'nosniff',
    });
    expect((await bytesOf(response)).equals(jpeg)).toBe(true);
  });

  test('is not sent again to whoever has it', async () => {
    const response = await image('', { 'If-None-Match': `"x", W/"${sha256}"`, Range: 'bytes=0-1' });
    expect([response.status, response.headers.get('etag'), await response.text()]).toEqual([304, `"${sha256}"`, '']);
    expect((await image('', { 'If-None-Match': '"x"' })).status).toBe(200);
  });

  test.each([
    ['bytes=0-9', 0, 9],
    ['bytes=100-', 100, undefined],
    ['bytes=-50', -50, undefined],
    ['bytes=0-99999999', 0, undefined],
  ])('in part: %s', async (range, first, last) => {
    const response = await image('', { Range: range });
    const expected = jpeg.subarray(first, last === undefined ? undefined : last + 1);
    const start = first < 0 ? jpeg.length + first : first;
    expect(response.status).toBe(206);
    expect(response.headers.get('content-range')).toBe(`bytes ${start}-${start + expected.length - 1}/${jpeg.length}`);
    expect((await bytesOf(response)).equals(expected)).toBe(true);
  });

  test.each(['bytes=99999999-', 'bytes=-0'])('outside of it: %s', async (range) => {
    const response = await image('', { Range: range });
    expect(response.headers.get('content-range')).toBe(`bytes */${jpeg.length}`);
    expect([response.status, await response.json()]).toMatchObject([416, { status: 416, kind: 'invalid' }]);
  });

  test.each([
    { Range: 'bytes=5-4' },
    { Range: 'bytes=0-1,4-5' },
    { Range: 'lines=0-1' },
    { Range: 'bytes=0-9', 'If-Range': '"of another version"' },
  ])('%j asks for the whole', async (headers) => {
    expect((await bytesOf(await image('', headers as unknown as Record<string, string>))).length).toBe(jpeg.length);
  });

  test('If-Range of this version gives the part', async () => {
    expect((await image('', { Range: 'bytes=0-9', 'If-Range': `"${sha256}"` })).status).toBe(206);
  });

  test('what is no picture is for saving, never for showing', async () => {
    const html = await keep('door', 1, Buffer.from('<script>alert(1)</script>'), 'text/html');
    const response = await api.send(`/api/frames/${html}/image`);
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    expect(response.headers.get('content-disposition')).toBe('attachment');
  });

  test('a dead letter without bytes, and bytes that are gone, are 404', async () => {
    const dead = await seedFrame(db, { cameraId: 'door', capturedAt: seedTime(2), state: 'dead' });
    await db.query((sql) => sql`update frames set media_path = null, sha256 = null where id = ${dead}`);
    const gone = await seedFrame(db, { cameraId: 'door', capturedAt: seedTime(3) });
    for (const id of [dead, gone]) expect((await api.send(`/api/frames/${id}/image`)).status).toBe(404);
  });
});

describe('renditions', () => {
  test('a smaller one, without boxes', async () => {
    const bytes = await bytesOf(await image('?width=320'));
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'jpeg', width: 320, height: 240 });
    expect(await redOf(bytes)).toBeLessThan(10);
  });

  test('one with the frame’s boxes, as large as the original', async () => {
    const bytes = await bytesOf(await image('?annotated=true'));
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'jpeg', width: 640 });
    const red = await redOf(bytes);
    expect([red > 60, red < 100]).toEqual([true, true]);
  });

  test('never larger than the original', async () => {
    expect(await sharp(await bytesOf(await image('?width=4096'))).metadata()).toMatchObject({ width: 640 });
  });

  test('each has a tag of its own, which spares the drawing', async () => {
    const queries = ['', '?width=320', '?annotated=true', '?annotated=true&width=320', '?width=321'];
    const tags = await Promise.all(queries.map(async (query) => (await image(query)).headers.get('etag') ?? ''));
    expect(new Set(tags).size).toBe(queries.length);
    const response = await image('?annotated=true', { 'If-None-Match': tags[2] ?? '' });
    expect(response.status).toBe(304);
  });

  test('annotated=false without a width is the original', async () => {
    expect((await image('?annotated=false')).headers.get('etag')).toBe(`"${sha256}"`);
  });

  test('too many at once are refused, and the line moves on', async () => {
    const drawn: (() => void)[] = [];
    const slow = await startTestApi(db, { annotate: () => new Promise((resolve) => drawn.push(() => resolve(jpeg))) });
    slow.media.set(`yard/${sha256}`, jpeg);
    const asked = Array.from({ length: 40 }, (_, width) => slow.send(`/api/frames/${frameId}/image?width=${100 + width}`)); // prettier-ignore
    const refused: Response[] = [];
    for (const answer of asked) void answer.then((response) => refused.push(response));
    await eventually(() => refused.length === 6);
    expect([refused[0]?.status, refused[0]?.headers.get('retry-after')]).toEqual([503, '2']);
    let settled = false;
    const answers = Promise.all(asked).finally(() => (settled = true));
    await eventually(() => {
      for (const draw of drawn.splice(0)) draw();
      return settled;
    });
    const statuses = (await answers).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(34);
    expect(statuses.filter((status) => status === 503)).toHaveLength(6);
    await slow.close();
  });
});

describe('the snapshot', () => {
  test('is the newest picture that was examined', async () => {
    const older = await keep('door', 20, await picture('#111111').jpeg().toBuffer());
    const newest = await picture('#222222').jpeg().toBuffer();
    await keep('door', 30, newest);
    await seedFrame(db, { cameraId: 'door', capturedAt: seedTime(40), state: 'pending' });
    const response = await api.send('/api/cameras/door/snapshot');
    expect(response.headers.get('content-type')).toBe('image/jpeg');
    expect((await bytesOf(response)).equals(newest)).toBe(true);
    expect(older).not.toBe(newest);
  });

  test('is a JPEG, whatever the camera sends', async () => {
    await keep('door', 50, await picture('#333333').png().toBuffer(), 'image/png');
    const response = await api.send('/api/cameras/door/snapshot');
    expect(response.headers.get('content-type')).toBe('image/jpeg');
    expect(await sharp(await bytesOf(response)).metadata()).toMatchObject({ format: 'jpeg' });
  });

  test.each(['empty', 'nobody'])('of the camera %s is 404', async (id) => {
    expect((await api.send(`/api/cameras/${id}/snapshot`)).status).toBe(404);
  });
});

describe('bytes on the way', () => {
  const openCounted = (source: () => Readable) => {
    const streams: Readable[] = [];
    const openMedia = async () => ({
      size: 50_000_000,
      stream: () => {
        const stream = source();
        streams.push(stream);
        return stream;
      },
    });
    return { streams, openMedia };
  };
  const endless = () => new Readable({ read(size) { this.push(Buffer.alloc(size)); } }); // prettier-ignore

  test('HEAD opens no file', async () => {
    const { streams, openMedia } = openCounted(endless);
    const counted = await startTestApi(db, { openMedia });
    const response = await counted.send(`/api/frames/${frameId}/image`, { method: 'HEAD', headers: { Range: 'bytes=0-1' } }); // prettier-ignore
    expect([response.status, response.headers.get('content-length')]).toEqual([200, '50000000']);
    expect(streams).toHaveLength(0);
    await counted.close();
  });

  test('a client that goes away closes the file', async () => {
    const { streams, openMedia } = openCounted(endless);
    const counted = await startTestApi(db, { openMedia });
    const leaving = new AbortController();
    const response = await counted.send(`/api/frames/${frameId}/image`, { signal: leaving.signal });
    await response.body?.getReader().read();
    leaving.abort();
    await eventually(() => streams[0]?.destroyed);
    await counted.close();
  });

  test('a file that fails half-way breaks the connection, for that is all that can still be said', async () => {
    let reads = 0;
    const failing = () =>
      new Readable({
        read() {
          reads += 1;
          if (reads === 1) this.push(Buffer.alloc(1_000));
          else this.destroy(new Error('the disk is gone'));
        },
      });
    const { openMedia } = openCounted(failing);
    const counted = await startTestApi(db, { openMedia });
    const response = await counted.send(`/api/frames/${frameId}/image`);
    await expect(response.arrayBuffer()).rejects.toThrow();
    expect((await counted.send('/health')).status).toBe(200);
    await counted.close();
  });
});

/** How red the top left corner is: the test's annotator puts the number of boxes there. */
async function redOf(bytes: Buffer): Promise<number> {
  const { data } = await sharp(bytes).extract({ left: 4, top: 4, width: 1, height: 1 }).raw().toBuffer({ resolveWithObject: true }); // prettier-ignore
  return data[0] ?? -1;
}
