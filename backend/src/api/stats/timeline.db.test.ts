import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../tests/harness/database.ts';
import { seedCamera, seedDetection, seedEvent, seedFrame } from '../tests/seed.ts';
import { seesOnly } from '../tests/limited.ts';
import { startTestApi, type TestApi } from '../tests/test-api.ts';
import { foldTallies } from './fold.ts';
import { timelineSchema, type Timeline } from './timeline.ts';

let db: TestDatabase;
let api: TestApi;
const clock = { nowMs: () => Date.parse('2025-11-02T12:00:00Z'), sleep: async () => undefined };

beforeAll(async () => {
  db = await createTestDatabase();
  api = await startTestApi(db, { clock });
  for (const id of ['yard', 'gate']) await seedCamera(db, id);
  // In Berlin the clock goes back on 26 October at 01:00 UTC: 00:30 and 01:30 UTC are both 02:30 there.
  for (const at of ['2025-10-25T21:59:59Z', '2025-10-25T22:00:00Z', '2025-10-26T00:30:00Z', '2025-10-26T01:30:00Z', '2025-10-26T22:59:59Z', '2025-10-26T23:00:00Z'])
    await seedAt('yard', at);
  await seedAt('gate', '2025-10-26T12:07:00Z');
}); // prettier-ignore
afterAll(async () => {
  await api.close();
  await db.close();
});

async function seedAt(cameraId: string, at: string): Promise<void> {
  const capturedAt = new Date(at);
  const frameId = await seedFrame(db, { cameraId, capturedAt });
  const eventId = await seedEvent(db, { cameraId, bestFrameId: frameId, startedAt: capturedAt, riskLevel: 'high' });
  await seedDetection(db, { frameId, eventId, cameraId, capturedAt, label: 'cat' });
  await db.query(
    (sql) => sql`
      insert into alerts (id, rule_name, event_id, camera_id, frame_id, captured_at, created_at, label, score, zone_ids, risk_score, risk_level, summary)
      values (gen_random_uuid(), 'r', ${eventId}, ${cameraId}, ${frameId}, ${capturedAt}, now(), 'cat', 0.9, '{}', 50, 'high', 's')`,
  );
}

const read = async (query: string, from = api): Promise<Timeline> =>
  timelineSchema.parse(await from.get(`/api/stats/timeline?${query}`));
const countsOf = ({ items }: Timeline): [string, number][] => items.map(({ start, events }) => [start.slice(0, 16), events]); // prettier-ignore
const sumOfEvents = ({ items }: Timeline): number => items.reduce((sum, { events }) => sum + events, 0);

describe('the timeline', () => {
  test('has days as they are where the cameras are: one of 25 hours, empty ones too', async () => {
    const timeline = await read('bucket=day&since=2025-10-25T12:00:00Z&until=2025-10-28T12:00:00Z');
    expect(timeline).toMatchObject({ bucket: 'day', time_zone: 'Europe/Berlin' });
    expect(countsOf(timeline)).toEqual([
      ['2025-10-24T22:00', 1],
      ['2025-10-25T22:00', 5],
      ['2025-10-26T23:00', 1],
      ['2025-10-27T23:00', 0],
    ]);
    expect(timeline.items[1]).toMatchObject({
      ...{ frames: 5, detections: 5, events: 5, alerts: 5, by_label: { cat: 5 } },
      by_risk_level: { low: 0, medium: 0, high: 5, critical: 0 },
    });
  });

  test('has the hour that comes twice twice', async () => {
    const timeline = await read('bucket=hour&since=2025-10-25T23:30:00Z&until=2025-10-26T02:00:00Z');
    expect(countsOf(timeline)).toEqual([
      ['2025-10-25T23:00', 0],
      ['2025-10-26T00:00', 1],
      ['2025-10-26T01:00', 1],
    ]);
  });

  test.each([
    ['Asia/Kathmandu', 'day', '2025-10-26T18:15', 2],
    ['Asia/Kolkata', 'hour', '2025-10-26T11:30', 1],
    ['Australia/Lord_Howe', 'hour', '2025-10-26T12:00', 1],
    ['UTC', 'hour', '2025-10-26T12:00', 1],
    ['America/Santiago', 'day', '2025-10-26T03:00', 3],
  ])('in %s a %s begins where it does there', async (timeZone, bucket, start, events) => {
    const there = await startTestApi(db, { clock, timeZone });
    const timeline = await read(`bucket=${bucket}&since=${start}:00Z&until=${start}:01Z`, there);
    expect(countsOf(timeline)).toEqual([[start, events]]);
    await there.close();
  });

  test('is the same when all was added up: by hours, and by quarters where a zone needs them', async () => {
    const elsewhere = await startTestApi(db, { clock, timeZone: 'Asia/Kathmandu' });
    const span = 'since=2025-10-25T12:00:00Z&until=2025-10-28T12:00:00Z';
    const readAll = async () => [
      await read(`bucket=day&${span}`),
      await read(`bucket=hour&${span}`),
      await read(`bucket=day&${span}&camera_id=yard`, elsewhere),
      await read(`bucket=hour&${span}`, elsewhere),
    ];
    const before = await readAll();
    while ((await foldTallies(db)) > 0);
    expect(await readAll()).toEqual(before);
    await elsewhere.close();
  });

  test('ends now, and begins a day or a month ago, unless it is told otherwise', async () => {
    const [hours, days] = [await read(''), await read('bucket=day')];
    expect([hours.items.length, hours.items.at(-1)?.start]).toEqual([25, '2025-11-02T12:00:00.000Z']);
    expect(days.items.length).toBe(31);
  });

  test('has at most 1,000 buckets', async () => {
    const until = (hours: number): string => new Date(Date.parse('2025-01-01T00:00:00Z') + hours * 3_600_000).toISOString(); // prettier-ignore
    expect((await read(`since=2025-01-01T00:00:00Z&until=${until(1_000)}`)).items).toHaveLength(1_000);
    for (const query of [`until=${until(1_001)}`, 'until=9999-12-31T00:00:00Z', 'bucket=day&until=9999-12-31T00:00:00Z']) {
      const response = await api.send(`/api/stats/timeline?since=2025-01-01T00:00:00Z&${query}`);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ errors: [{ path: 'query.until' }] });
    }
    expect((await read('since=2025-02-01T00:00:00Z&until=2025-01-01T00:00:00Z')).items).toEqual([]);
  }); // prettier-ignore

  test.each(['Europe/Berlin', 'America/Los_Angeles', 'Pacific/Kiritimati'])('ends where time ends, in %s', async (timeZone) => {
    const there = await startTestApi(db, { clock, timeZone });
    const [first, last] = ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z'];
    const edges = [`until=${first}`, 'until=0001-01-01T00:00:00.001Z', `since=${first}&until=0001-01-02T12:00:00Z`, `since=9999-12-31T00:00:00Z&until=${last}`, `until=${last}`];
    for (const bucket of ['hour', 'day'])
      for (const edge of edges) expect(sumOfEvents(await read(`bucket=${bucket}&${edge}`, there))).toBe(0);
    expect((await read(`bucket=hour&since=9999-12-31T22:30:00Z&until=${last}`, there)).items.map(({ start }) => start)).toEqual(['9999-12-31T22:00:00.000Z', '9999-12-31T23:00:00.000Z']);
    await there.close();
  }); // prettier-ignore

  test('of many cameras is of less time', async () => {
    const many = await startTestApi(db, { clock, authenticator: seesOnly(['gate', ...Array.from({ length: 199 }, (_, n) => `cam${n}`)]) });
    const year = 'bucket=day&since=2025-01-01T00:00:00Z&until=2025-12-31T00:00:00Z';
    const refused = await many.send(`/api/stats/timeline?${year}`);
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain('query.until: must be at most 31 days');
    expect((await read(`${year}&camera_id=gate`, many)).items).toHaveLength(365);
    expect((await read('', many)).items).toHaveLength(25);
    await many.close();
  }); // prettier-ignore

  test('is of one camera, or of those that may be seen', async () => {
    const day = 'bucket=day&since=2025-10-26T12:00:00Z&until=2025-10-26T12:00:01Z';
    expect(countsOf(await read(`${day}&camera_id=gate`))).toEqual([['2025-10-25T22:00', 1]]);
    const limited = await startTestApi(db, { clock, authenticator: seesOnly(['gate']) });
    expect(countsOf(await read(day, limited))).toEqual([['2025-10-25T22:00', 1]]);
    expect(countsOf(await read(`${day}&camera_id=yard`, limited))).toEqual([['2025-10-25T22:00', 0]]);
    expect(await limited.get('/api/stats/summary')).toMatchObject({ cameras: { total: 1 }, frames: { total: 1 }, detections: { total: 1 }, events: { total: 1, unreviewed: 1 } });
    expect(await limited.get('/api/stats/pipeline')).toMatchObject({ queue: { pending: 0, leased: 0, dead: 0, oldest_pending_s: null } });
    await limited.close();
  }); // prettier-ignore
});
