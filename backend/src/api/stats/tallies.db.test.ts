/** Tallies are what a scan would count: at every moment, whatever happened to the rows. */
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../../../tests/harness/database.ts';
import { createCleanups } from '../../../tests/harness/cleanups.ts';
import { migrateDatabase } from '../../db/index.ts';
import { seedCamera, seedClip, seedDetection, seedEvent, seedFrame, seedTime } from '../tests/seed.ts';
import { foldTallies } from './fold.ts';
import { readTallies, readTalliesSince } from './tallies.ts';
import { sql } from 'drizzle-orm';

const KINDS = ['frame', 'frame_state', 'clip_state', 'detection', 'suppressed', 'event', 'event_facets', 'alert'];
const cleanups = createCleanups();
afterEach(cleanups.run);

async function open(): Promise<TestDatabase> {
  const db = await createTestDatabase();
  cleanups.add(db.close);
  for (const id of ['a', 'b']) await seedCamera(db, id);
  return db;
}

const SCANS = `
  select 'frame' as kind, '' as key, camera_id, captured_at as at from frames
  union all select 'frame_state', state, camera_id, captured_at from frames
  union all select 'clip_state', state, camera_id, captured_at from clips
  union all select case when event_id is null then 'suppressed' else 'detection' end, label, camera_id, captured_at from detections
  union all select 'event', risk_level, camera_id, started_at from events
  union all select 'event_facets', concat_ws('/', risk_level, reviewed, state), camera_id, started_at from events
  union all select 'alert', '', camera_id, captured_at from alerts`;

/** By scan and by tally: of all times, and of the quarters since noon and a half. */
async function compare(db: TestDatabase): Promise<void> {
  const since = seedTime(900).toISOString();
  for (const cameraIds of [null, ['a'], ['a', 'b'], ['nobody']]) {
    const ours = cameraIds === null ? '' : `where camera_id in ('${cameraIds.join("','")}')`;
    const counted = (where: string) =>
      db.read((orm) => orm.execute(sql.raw(`select kind, key, count(*) from (select * from (${SCANS}) as all_rows ${ours}) as rows ${where} group by 1, 2 order by 1, 2`)));
    const asked = { kinds: KINDS, cameraIds };
    expect(await db.read((orm) => readTallies(orm, asked))).toEqual([...(await counted(''))]);
    const timed = { kinds: ['frame', 'detection', 'suppressed', 'event', 'alert'], cameraIds };
    expect(await db.read((orm) => readTalliesSince(orm, timed, sql`${since}::timestamptz`))).toEqual([
      ...(await counted(`where at >= '${since}' and kind not in ('frame_state', 'event_facets', 'clip_state')`)),
    ]);
  }
} // prettier-ignore

type Step = (db: TestDatabase) => Promise<unknown>;
const run =
  (text: string): Step =>
  (db) =>
    db.query((query) => query.unsafe(text));
const someOf = (table: string, share: number): string => `id in (select id from ${table} where hashtext(id::text) % ${share} = 0)`; // prettier-ignore

const steps: readonly Step[] = [
  async (db) => {
    const cameraId = Math.random() < 0.5 ? 'a' : 'b';
    const capturedAt = seedTime(Math.floor(Math.random() * 3_000));
    const frameId = await seedFrame(db, { cameraId, capturedAt });
    const eventId = await seedEvent(db, { cameraId, bestFrameId: frameId, startedAt: capturedAt });
    for (const label of ['person', 'car', 'person']) await seedDetection(db, { frameId, eventId, cameraId, capturedAt, label }); // prettier-ignore
  },
  (db) => seedFrame(db, { cameraId: 'a', capturedAt: seedTime(1), state: 'pending' }),
  (db) => seedClip(db, { cameraId: 'b', capturedAt: seedTime(2), state: 'pending' }),
  run(`update frames set state = 'leased', lease_owner = 1, lease_expires_at = now() where state = 'pending'`),
  run(`update frames set state = 'done', processed_at = now(), lease_owner = null, lease_expires_at = null where state = 'leased'`),
  run(`update frames set attempts = attempts + 1`),
  run(`update clips set state = 'dead', processed_at = now(), error_kind = 'invalid', error_message = 'x' where ${someOf('clips', 2)}`),
  run(`update events set reviewed = not reviewed where ${someOf('events', 2)}`),
  run(`update events set state = 'analyzed', risk_level = 'high' where ${someOf('events', 3)}`),
  run(`update events set started_at = started_at - interval '20 minutes' where ${someOf('events', 4)}`),
  run(`update detections set event_id = null, suppressed_by = 'stationary' where ${someOf('detections', 5)}`),
  run(`insert into alerts (id, rule_name, event_id, camera_id, frame_id, captured_at, created_at, label, score, zone_ids, risk_score, risk_level, summary)
    select gen_random_uuid(), 'r', id, camera_id, best_frame_id, started_at, now(), 'person', 0.9, '{}', 50, 'high', 's' from events where ${someOf('events', 2)}`),
  run(`with old as (select id from events where ${someOf('events', 3)}), gone as (delete from detections where event_id in (select id from old)) delete from events where id in (select id from old)`),
  run(`delete from detections where ${someOf('detections', 7)}`),
  (db) => foldTallies(db),
  (db) => foldTallies(db, 3),
]; // prettier-ignore

describe('tallies are what a scan counts', () => {
  test('after any steps in any order', async () => {
    const db = await open();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...steps), { minLength: 1, maxLength: 12 }), async (taken) => {
        for (const step of taken) await step(db);
        await compare(db);
      }),
      { numRuns: 12 },
    );
    while ((await foldTallies(db)) > 0);
    await compare(db);
    const left = await db.query((query) => query`select count(*) from tally_deltas`);
    expect(left).toEqual([{ count: 0 }]);
  });

  test('while several add up and write at once', async () => {
    const db = await open();
    const write = async (): Promise<void> => {
      for (let n = 0; n < 15; n++) await steps[0]?.(db);
    };
    let isDone = false;
    const folding = Array.from({ length: 3 }, async () => {
      let folded = 0;
      while (!isDone) folded += await foldTallies(db, 5);
      return folded;
    });
    await Promise.all([write(), write(), write()]);
    isDone = true;
    expect((await Promise.all(folding)).reduce((sum, count) => sum + count)).toBeGreaterThan(0);
    await compare(db);
  });

  test('after a rollback, and when all is gone', async () => {
    const db = await open();
    await steps[0]?.(db);
    const undone = db.transaction(async (tx) => {
      await tx`delete from detections`;
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    await compare(db);
    await db.query((query) => query`delete from detections`);
    await db.query((query) => query`delete from events`);
    await db.query((query) => query`delete from frames`);
    await compare(db);
    while ((await foldTallies(db)) > 0);
    expect(await db.query((query) => query`select * from tallies`)).toEqual([]);
  });

  test('of rows that were there before there were tallies', async () => {
    const newest = await open();
    const applied = await newest.query((query) => query<{ hash: string }[]>`select hash from drizzle.__drizzle_migrations order by created_at`); // prettier-ignore
    const db = await createEmptyDatabase();
    cleanups.add(db.close);
    await migrateDatabase(db.target, { until: applied.slice(0, 5).map(({ hash }) => hash) });
    for (const id of ['a', 'b']) await seedCamera(db, id);
    for (let n = 0; n < 5; n++) await steps[0]?.(db);
    await seedClip(db, { cameraId: 'a', capturedAt: seedTime(3), state: 'dead' });
    await migrateDatabase(db.target);
    await compare(db);
    const labels = await db.query((query) => query`select label, count(*) from event_labels group by 1 order by 1`);
    expect(labels).toEqual([{ label: 'person', count: 5 }]);
    const found = await db.query((query) => query`select count(*) from events where search @@ 'person'::tsquery`);
    expect(found).toEqual([{ count: 5 }]);
    await db.query((query) => query`update events set labels = '{"cat": 1}', reviewed = true where id = (select min(id::text)::uuid from events)`); // prettier-ignore
    expect(await db.query((query) => query`select label, reviewed, count(*) from event_labels group by 1, 2 order by 1, 2`)).toEqual([
      { label: 'cat', reviewed: true, count: 1 },
      { label: 'person', reviewed: false, count: 4 },
    ]); // prettier-ignore
  });
});

test('what is lost of an event is lost of its labels', async () => {
  const db = await open();
  await steps[0]?.(db);
  await db.query((query) => query`delete from detections`);
  await db.query((query) => query`delete from events`);
  expect(await db.query((query) => query`select * from event_labels`)).toEqual([]);
});
