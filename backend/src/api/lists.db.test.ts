import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { newId } from '../lib/id.ts';
import { cameraSchema, detectionSchema, eventSchema, frameSchema } from '../model/wire.ts';
import { pageOf } from './pagination.ts';
import { pipelineSchema, summarySchema } from './stats.ts';
import { NightjarError } from '../lib/errors.ts';
import { healthSchema, readinessSchema, systemSchema } from './system.ts';
import { seedCamera, seedDetection, seedEvent, seedFrame, seedTime } from './tests/seed.ts';
import { startTestApi, type TestApi } from './tests/test-api.ts';

let db: TestDatabase;
let api: TestApi;
const ids = { frames: [] as string[], events: [] as string[], detections: [] as string[] };

beforeAll(async () => {
  db = await createTestDatabase();
  api = await startTestApi(db, { clock: { nowMs: () => seedTime(86_400).getTime(), sleep: async () => undefined } });
  await seedCamera(db, 'front_door', seedTime(0));
  await seedCamera(db, 'yard', seedTime(1));
  for (let index = 0; index < 6; index += 1) await seedStory(index);
  ids.frames.push(await seedFrame(db, { cameraId: 'yard', capturedAt: seedTime(100), state: 'dead' }));
  ids.frames.push(await seedFrame(db, { cameraId: 'yard', capturedAt: seedTime(101), state: 'pending' }));
  ids.frames.push(await seedFrame(db, { cameraId: 'yard', capturedAt: seedTime(102), state: 'leased' }));
});
afterAll(async () => {
  await api.close();
  await db.close();
});

/** A frame with two detections and the event they make; the last two are of another day, and of the front door. */
async function seedStory(index: number): Promise<void> {
  const cameraId = index < 4 ? 'yard' : 'front_door';
  const capturedAt = seedTime(index < 4 ? index * 10 : 86_400 + index);
  const frameId = await seedFrame(db, { cameraId, capturedAt });
  const event = { cameraId, bestFrameId: frameId, startedAt: capturedAt };
  const eventId = await seedEvent(db, {
    ...event,
    state: index === 5 ? 'open' : 'closed',
    riskLevel: index === 0 ? 'high' : 'low',
    labels: index % 2 === 0 ? { person: 1, car: 1 } : { person: 2 },
    reviewed: index === 1,
  });
  const detection = { frameId, eventId, cameraId, capturedAt };
  ids.detections.push(await seedDetection(db, { ...detection, score: 0.7 }));
  ids.detections.push(await seedDetection(db, { ...detection, label: index % 2 === 0 ? 'car' : 'person', score: 0.4 }));
  ids.frames.push(frameId);
  ids.events.push(eventId);
}

const shapes = {
  cameras: pageOf(cameraSchema.strict()).strict(),
  frames: pageOf(frameSchema.strict()).strict(),
  detections: pageOf(detectionSchema.strict()).strict(),
  events: pageOf(eventSchema.strict()).strict(),
};

/** Every item of a list, page after page, each checked against the contract's shape. */
async function walk(list: keyof typeof shapes, query: string): Promise<{ id: string }[]> {
  const page = shapes[list].parse(await api.get(`/api/${list}?limit=3&${query}`));
  if (page.next_cursor === null) return page.items;
  const rest = query.replace(/&?cursor=[^&]*/, '');
  return [...page.items, ...(await walk(list, `${rest}&cursor=${page.next_cursor}`))];
}

describe('lists hold what their filters say, newest first', () => {
  test.each([
    ['cameras', '', 2],
    ['frames', '', 9],
    ['frames', 'camera_id=yard', 7],
    ['frames', 'camera_id=nobody', 0],
    ['frames', 'state=done', 6],
    ['frames', 'state=dead&camera_id=yard', 1],
    ['frames', 'state=pending', 1],
    ['frames', 'state=leased', 1],
    ['frames', `since=${seedTime(30).toISOString()}`, 6],
    ['frames', `until=${seedTime(30).toISOString()}`, 3],
    ['frames', `since=2025-06-01T14:00:30%2B02:00`, 6],
    ['frames', `since=${seedTime(20).toISOString()}&until=${seedTime(31).toISOString()}`, 2],
    ['frames', 'since=0001-01-01T00:00:00Z&until=9999-12-31T23:59:59Z', 9],
    ['detections', '', 12],
    ['detections', 'label=car', 3],
    ['detections', 'label=unicorn', 0],
    ['detections', 'camera_id=front_door&label=person', 3],
    ['detections', 'score_min=0.7', 6],
    ['detections', 'score_min=0.71', 0],
    ['detections', 'score_min=0', 12],
    ['events', '', 6],
    ['events', 'state=open', 1],
    ['events', 'risk_level=high', 1],
    ['events', 'label=car', 3],
    ['events', 'reviewed=true', 1],
    ['events', 'reviewed=false&camera_id=yard', 3],
    ['events', `since=${seedTime(86_400).toISOString()}`, 2],
  ] as const)('%s?%s', async (list, query, count) => {
    const items = await walk(list, query);
    expect(items).toHaveLength(count);
    expect(new Set(items.map(({ id }) => id)).size).toBe(count);
    const times = items.map((item) => Object.entries(item).find(([key]) => key in timeKeys)?.[1] as string);
    expect(times).toEqual([...times].sort().reverse());
  });
  const timeKeys = { captured_at: 1, started_at: 1, created_at: 1 };

  test('the detections of one event, by filter and by its own route', async () => {
    const [eventId = ''] = ids.events;
    const filtered = await walk('detections', `event_id=${eventId}`);
    const own = shapes.detections.parse(await api.get(`/api/events/${eventId}/detections`));
    expect(own.items).toEqual(filtered);
    expect(own.items.map(({ score }) => score).sort()).toEqual([0.4, 0.7]);
  });

  test('the frames of one event, each once', async () => {
    const page = shapes.frames.parse(await api.get(`/api/events/${ids.events[2] ?? ''}/frames?count=true`));
    expect(page.items.map(({ id }) => id)).toEqual([ids.frames[2]]);
    expect(page.total).toBe(1);
  });

  test('total is given on demand only, and counts all pages', async () => {
    expect(await api.get('/api/frames?limit=1&count=true&state=done')).toMatchObject({ total: 6 });
    expect(await api.get('/api/frames?limit=1')).not.toHaveProperty('total');
    expect(await api.get('/api/frames?limit=1&count=false')).not.toHaveProperty('total');
  });

  test('the last page, full to the brim, has no next', async () => {
    expect(await api.get('/api/frames?limit=9')).toMatchObject({ next_cursor: null });
    expect(await api.get('/api/frames?limit=8')).toMatchObject({ next_cursor: expect.any(String) as string });
  });
});

describe('one thing by its id', () => {
  test.each([
    ['frames', frameSchema, () => ids.frames],
    ['detections', detectionSchema, () => ids.detections],
    ['events', eventSchema, () => ids.events],
  ] as const)('%s', async (list, schema, all) => {
    for (const id of all()) expect(schema.strict().parse(await api.get(`/api/${list}/${id}`))).toMatchObject({ id });
    for (const id of [newId(), 'x', '%00', '..%2f..%2fetc', `${newId()}'`, '%F0%9F'])
      expect((await api.send(`/api/${list}/${id}`)).status).toBe(404);
  });

  test('a dead letter says why', async () => {
    expect(await api.get(`/api/frames/${ids.frames[6] ?? ''}`)).toMatchObject({
      state: 'dead',
      error: { kind: 'invalid', message: 'not a picture' },
    });
  });

  test.each(['detections', 'frames'])('%s of an event that is not there', async (part) => {
    expect((await api.send(`/api/events/${newId()}/${part}`)).status).toBe(404);
  });
});

describe('what the program says of itself', () => {
  test('summary', async () => {
    const summary = summarySchema.strict().parse(await api.get('/api/stats/summary'));
    expect(summary).toEqual({
      cameras: { total: 2, online: 0, offline: 0, unknown: 2 },
      frames: { total: 9, by_state: { pending: 1, leased: 1, done: 6, dead: 1 } },
      clips: { total: 0, by_state: { pending: 0, leased: 0, done: 0, dead: 0 } },
      detections: {
        total: 12,
        today: 4,
        suppressed: 0,
        by_label: { car: { total: 3, today: 1 }, person: { total: 9, today: 3 } },
      },
      events: {
        total: 6,
        today: 2,
        unreviewed: 5,
        by_state: { open: 1, closed: 5, analyzed: 0 },
        by_risk_level: { low: 5, medium: 0, high: 1, critical: 0 },
      },
    });
  });

  test('today begins at midnight where the cameras are', async () => {
    // 12:00 UTC on 2 June is 00:00 on 3 June in Kamchatka: all but what is of that very minute was yesterday.
    const there = await startTestApi(db, {
      timeZone: 'Asia/Kamchatka',
      clock: { nowMs: () => seedTime(86_402).getTime(), sleep: async () => undefined },
    });
    expect(await there.get('/api/stats/summary')).toMatchObject({ detections: { total: 12, today: 4 } });
    const elsewhere = await startTestApi(db, {
      timeZone: 'Asia/Tokyo',
      clock: { nowMs: () => seedTime(86_400 + 4 * 3_600).getTime(), sleep: async () => undefined },
    });
    expect(await elsewhere.get('/api/stats/summary')).toMatchObject({ detections: { total: 12, today: 0 } });
    await there.close();
    await elsewhere.close();
  });

  test('pipeline, system, health, readiness', async () => {
    expect(pipelineSchema.strict().parse(await api.get('/api/stats/pipeline')).queue).toEqual({
      pending: 3,
      leased: 1,
      dead: 0,
      oldest_pending_s: 1.5,
      clips: { pending: 2, leased: 1, dead: 1 },
    });
    expect(systemSchema.strict().parse(await api.get('/api/system'))).toMatchObject({ uptime_s: 129_600 });
    expect(healthSchema.strict().parse(await api.get('/health'))).toEqual({ status: 'healthy', model_loaded: true });
    expect(readinessSchema.strict().parse(await api.get('/ready')).status).toBe('ready');
  });

  test('metrics', async () => {
    const response = await fetch(`${api.url}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=/);
    const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(lines).toEqual(
      expect.arrayContaining([
        'nightjar_database_up 1',
        'nightjar_media_free_bytes 1000000000',
        'nightjar_outages_total{part="database"} 1',
        'nightjar_queue_frames{state="pending"} 3',
        'nightjar_queue_oldest_pending_seconds 1.5',
        'nightjar_detector_up{detector="onnx"} 1',
        'nightjar_ingest_waiting 2',
        'nightjar_queue_clips{state="dead"} 1',
        'nightjar_clip_cutter_up 0',
        'nightjar_retention_deleted_frames_total 5',
        'nightjar_retention_deleted_bytes_total 4096',
      ]),
    );
    // What is not configured is not told.
    expect(lines.filter((line) => line.startsWith('nightjar_redis'))).toEqual([]);
    expect(lines.every((line) => line.startsWith('nightjar_'))).toBe(true);
  });

  test('metrics without the database: its figures are missing, the others are there', async () => {
    const pipeline = () => Promise.reject(new NightjarError('unavailable', 'away'));
    const away = await startTestApi(db, { pipeline });
    const text = await (await fetch(`${away.url}/metrics`)).text();
    expect(text).toContain('nightjar_detector_up{detector="onnx"} 1');
    expect(text).not.toContain('nightjar_queue');
    await away.close();
  });

  test('not ready is 503, and says which part', async () => {
    const broken = await startTestApi(db, { readiness: async () => ({ database: { ok: true }, detector: { ok: false } }) }); // prettier-ignore
    const response = await fetch(`${broken.url}/ready`);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      status: 'not_ready',
      parts: { database: { ok: true }, detector: { ok: false } },
    });
    await broken.close();
  });
});
