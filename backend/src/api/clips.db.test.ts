import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from '@hono/zod-openapi';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { clipSchema, frameSchema } from '../model/wire.ts';
import { pageOf } from './pagination.ts';
import { seedCamera, seedClip, seedFrame, seedTime } from './tests/seed.ts';
import { startTestApi, type TestApi } from './tests/test-api.ts';

const NOWHERE = '00000000-0000-7000-8000-000000000000';
const film = randomBytes(5_000);
const sha256 = createHash('sha256').update(film).digest('hex');

let db: TestDatabase;
let api: TestApi;
let clipId: string;

beforeAll(async () => {
  db = await createTestDatabase();
  api = await startTestApi(db);
  await seedCamera(db, 'yard');
  await seedCamera(db, 'door');
  clipId = await seedClip(db, { cameraId: 'yard', capturedAt: seedTime(10), sha256, mediaPath: 'yard/film' });
  api.media.set('yard/film', film);
  await seedClip(db, { cameraId: 'yard', capturedAt: seedTime(20), state: 'dead' });
  await seedClip(db, { cameraId: 'door', capturedAt: seedTime(30), state: 'pending' });
  await seedClip(db, { cameraId: 'door', capturedAt: seedTime(40), state: 'leased' });
  for (const offsetMs of [0, 2_000, 4_000])
    await seedFrame(db, { cameraId: 'yard', capturedAt: seedTime(10 + offsetMs / 1_000), sha256, clip: { id: clipId, offsetMs } }); // prettier-ignore
  await seedFrame(db, { cameraId: 'yard', capturedAt: seedTime(11) });
});
afterAll(async () => {
  await api.close();
  await db.close();
});

const pageSchema = pageOf(clipSchema.strict());
const secondsOf = async (query: string): Promise<number[]> => {
  const { items } = pageSchema.parse(await api.get(`/api/clips${query}`));
  return items.map((clip) => (Date.parse(clip.captured_at) - seedTime(0).getTime()) / 1_000);
};

describe('clips', () => {
  test.each([
    ['', [40, 30, 20, 10]],
    ['?camera_id=yard', [20, 10]],
    ['?state=dead', [20]],
    [`?since=${seedTime(20).toISOString()}&until=${seedTime(40).toISOString()}`, [30, 20]],
    ['?limit=3', [40, 30, 20]],
  ])('are listed newest first: %s', async (query, seconds) => expect(await secondsOf(query)).toEqual(seconds));

  test('are listed page by page, counted if asked', async () => {
    const first = pageSchema.parse(await api.get('/api/clips?limit=3&count=true'));
    expect(first.total).toBe(4);
    expect(await secondsOf(`?limit=3&cursor=${first.next_cursor}`)).toEqual([10]);
  });

  test('one by one, with the reason of a dead letter', async () => {
    expect(await api.get(`/api/clips/${clipId}`)).toMatchObject({ id: clipId, state: 'done', sha256, error: null });
    const { items } = pageSchema.parse(await api.get('/api/clips?state=dead'));
    expect(items[0]?.error).toEqual({ kind: 'invalid', message: 'not a film' });
  });

  test('have their frames, and frames know their clip', async () => {
    const { items } = pageOf(frameSchema.strict()).parse(await api.get(`/api/clips/${clipId}/frames`));
    expect(items.map(({ clip_id, clip_offset_ms }) => [clip_id, clip_offset_ms])).toEqual(
      [4_000, 2_000, 0].map((offset) => [clipId, offset]),
    );
    const all = pageOf(frameSchema).parse(await api.get('/api/frames?camera_id=yard'));
    expect(all.items.filter(({ clip_id }) => clip_id === null)).toHaveLength(1);
  });

  test('are counted in the summary', async () => {
    const summary = z.object({ clips: z.unknown() }).parse(await api.get('/api/stats/summary'));
    expect(summary.clips).toEqual({ total: 4, by_state: { pending: 1, leased: 1, done: 1, dead: 1 } });
  });

  test.each(['', '/video', '/frames'])('that are not there are 404: %s', async (part) => {
    expect((await api.send(`/api/clips/${NOWHERE}${part}`)).status).toBe(404);
    expect((await api.send(`/api/clips/..%2f${part}`)).status).toBe(404);
  });
});

describe('the film of a clip', () => {
  const get = (headers: Record<string, string> = {}, id = clipId) => api.send(`/api/clips/${id}/video`, { headers });
  const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer());

  test('comes whole, as what we found it to be', async () => {
    const response = await get();
    expect([response.status, Object.fromEntries(response.headers)]).toMatchObject([
      200,
      {
        'content-type': 'video/mp4',
        'content-length': '5000',
        'accept-ranges': 'bytes',
        'x-content-type-options': 'nosniff',
        etag: `"${sha256}"`,
      },
    ]);
    expect((await bytesOf(response)).equals(film)).toBe(true);
  });

  test('comes in part, as players ask for it', async () => {
    const response = await get({ Range: 'bytes=1000-1999' });
    expect([response.status, response.headers.get('content-range')]).toEqual([206, 'bytes 1000-1999/5000']);
    expect((await bytesOf(response)).equals(film.subarray(1_000, 2_000))).toBe(true);
    expect((await get({ Range: 'bytes=5000-' })).status).toBe(416);
    expect((await get({ 'If-None-Match': `"${sha256}"` })).status).toBe(304);
  });

  test('of a type that is not ours is for saving only', async () => {
    const id = await seedClip(db, { cameraId: 'yard', capturedAt: seedTime(1), mediaType: 'text/html', mediaPath: 'yard/film' }); // prettier-ignore
    const { headers } = await get({}, id);
    expect([headers.get('content-type'), headers.get('content-disposition')]).toEqual([
      'application/octet-stream',
      'attachment',
    ]);
  });

  test('that is lost is 404, and needs a key like all else', async () => {
    const id = await seedClip(db, { cameraId: 'yard', capturedAt: seedTime(2), mediaPath: null });
    expect((await get({}, id)).status).toBe(404);
    expect((await fetch(`${api.url}/api/clips/${clipId}/video`)).status).toBe(401);
  });
});
