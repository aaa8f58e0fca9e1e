/** A key that sees one camera finds nothing of the others in any list, total or event of theirs. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { seesOnly } from './tests/limited.ts';
import { seedCamera, seedClip, seedDetection, seedEvent, seedFrame, seedTime } from './tests/seed.ts';
import { startTestApi, type TestApi } from './tests/test-api.ts';

const pageSchema = z.object({ items: z.array(z.looseObject({ camera_id: z.string() })), total: z.int() });
const cursorSchema = z.object({ items: z.array(z.unknown()), next_cursor: z.string().nullable() });
const theirs: string[] = [];
let db: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  db = await createTestDatabase();
  api = await startTestApi(db, { authenticator: seesOnly(['ours']) });
  for (const cameraId of ['ours', 'theirs']) {
    await seedCamera(db, cameraId);
    for (let second = 0; second < 3; second++) {
      const capturedAt = seedTime(second);
      const frameId = await seedFrame(db, { cameraId, capturedAt });
      const eventId = await seedEvent(db, { cameraId, bestFrameId: frameId, startedAt: capturedAt });
      await seedDetection(db, { frameId, eventId, cameraId, capturedAt });
      await seedClip(db, { cameraId, capturedAt });
      if (cameraId === 'theirs') theirs.push(eventId);
    }
  }
});
afterAll(async () => {
  await api.close();
  await db.close();
});

const filters = ['', 'since=2020-01-01T00:00:00Z', 'until=2030-01-01T00:00:00Z'];
const queries = {
  events: [...filters, 'state=closed', 'risk_level=low', 'reviewed=false', 'label=person', 'q=person', 'q=theirs', 'label=person&reviewed=false'],
  detections: [...filters, 'label=person', 'score_min=0.5', 'label=person&score_min=0.5'],
  frames: [...filters, 'state=done'],
  clips: [...filters, 'state=done'],
} as const; // prettier-ignore

describe.each(Object.entries(queries))('/api/%s', (list, all) => {
  test.each(all)('?%s', async (query) => {
    const { items, total } = pageSchema.parse(await api.get(`/api/${list}?count=true&${query}`));
    expect(items.map((item) => item.camera_id)).toEqual(query === 'q=theirs' ? [] : ['ours', 'ours', 'ours']);
    expect(total).toBe(items.length);
    const none = pageSchema.parse(await api.get(`/api/${list}?count=true&camera_id=theirs&${query}`));
    expect(none).toEqual({ items: [], total: 0 });
  });
});

describe('of a key that sees two cameras of three, where the third has the newest events', () => {
  const seen = ['left', 'right'];
  const rows = new Map<string, string>();
  let pair: TestApi;
  beforeAll(async () => {
    pair = await startTestApi(db, { authenticator: seesOnly(seen) });
    for (const cameraId of [...seen, 'middle']) {
      await seedCamera(db, cameraId);
      const bestFrameId = await seedFrame(db, { cameraId, capturedAt: seedTime(0) });
      const [from, until] = cameraId === 'middle' ? [1_000, 1_400] : [0, 260];
      const made = await db.query((sql) => sql<{ id: string }[]>`
        insert into events (id, camera_id, state, started_at, ended_at, last_received_at, labels, detection_count, frame_count, best_frame_id,
          best_score, risk_score, risk_level, summary, reasoning, analyzer)
        select gen_random_uuid(), ${cameraId}, case when n % 3 = 0 then 'analyzed' else 'closed' end, at, at, at, '{"person": 1}', 1, 1, ${bestFrameId},
          0.9, 20, case when n % 50 = 0 then 'critical' else 'low' end, 'A fox.', 'r', 'rules'
        from generate_series(${from}::int, ${until}::int) as n cross join lateral (select ${seedTime(0)}::timestamptz + n * interval '1 s' as at) as moment
        returning id`); // prettier-ignore
      for (const { id } of made) rows.set(id, cameraId);
    }
  });
  afterAll(() => pair.close());

  test.each(['', 'label=person', 'state=analyzed', 'label=person&state=closed', 'risk_level=critical', 'q=fox', 'q=fox&state=analyzed', 'q=a&risk_level=critical'])('every cursor of ?%s is of a row of theirs', async (query) => {
    let cursor: string | null = '';
    let items = 0;
    for (const limit of [200, 3, 200, 200, 200, 200, 200]) {
      if (cursor === null) break;
      const page = cursorSchema.parse(await pair.get(`/api/events?limit=${limit}&${query}${cursor && `&cursor=${cursor}`}`));
      cursor = page.next_cursor;
      items += page.items.length;
      const [, id = ''] = Buffer.from(cursor ?? '', 'base64url').toString().split('~');
      if (cursor !== null) expect(seen).toContain(rows.get(id));
    }
    expect(cursor).toBeNull();
    expect(items).toBeGreaterThan(10);
  }); // prettier-ignore
});

test('figures that others have a part in are not told', async () => {
  expect(await api.get('/api/stats/pipeline')).toMatchObject({ stages: {} });
  expect(await api.get('/api/system')).toMatchObject({ ingest: { waiting: null }, analyst: { queue: null } });
  const all = await startTestApi(db);
  expect(await all.get('/api/stats/pipeline')).toMatchObject({ stages: { decode: { count: 2 } } });
  expect(await all.get('/api/system')).toMatchObject({ ingest: { waiting: 2 }, analyst: { queue: 0 } });
  await all.close();
});

test('what waits of theirs is not counted, nor how long it has', async () => {
  for (const cameraId of ['theirs', 'ours'])
    for (const second of [0, 1]) await seedFrame(db, { cameraId, capturedAt: seedTime(second - (cameraId === 'theirs' ? 100 : 0)), state: 'pending' });
  const { queue } = z.object({ queue: z.looseObject({ oldest_pending_s: z.number() }) }).parse(await api.get('/api/stats/pipeline'));
  expect(queue).toMatchObject({ pending: 2, leased: 0, dead: 0 });
  expect(Math.abs(queue.oldest_pending_s - (Date.now() - seedTime(0).getTime()) / 1_000)).toBeLessThan(60);
}); // prettier-ignore

test('detections of an event of theirs are none, and its parts are not there', async () => {
  const [id = ''] = theirs;
  expect(await api.get(`/api/detections?event_id=${id}`)).toMatchObject({ items: [], next_cursor: null });
  for (const part of ['', '/detections', '/frames', '/analyses'])
    expect((await api.send(`/api/events/${id}${part}`)).status).toBe(404);
});
