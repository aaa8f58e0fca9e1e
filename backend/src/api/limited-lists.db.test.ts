/** A key that sees one camera finds nothing of the others in any list, total or event of theirs. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { seesOnly } from './tests/limited.ts';
import { seedCamera, seedClip, seedDetection, seedEvent, seedFrame, seedTime } from './tests/seed.ts';
import { startTestApi, type TestApi } from './tests/test-api.ts';

const pageSchema = z.object({ items: z.array(z.looseObject({ camera_id: z.string() })), total: z.int() });
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

test('detections of an event of theirs are none, and its parts are not there', async () => {
  const [id = ''] = theirs;
  expect(await api.get(`/api/detections?event_id=${id}`)).toMatchObject({ items: [], next_cursor: null });
  for (const part of ['', '/detections', '/frames', '/analyses'])
    expect((await api.send(`/api/events/${id}${part}`)).status).toBe(404);
});
