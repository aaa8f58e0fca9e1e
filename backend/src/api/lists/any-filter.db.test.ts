/** Whatever is asked for, the pages together are exactly what a scan finds, in its order. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { createTestDatabase, type TestDatabase } from '../../../tests/harness/database.ts';
import { and, eq, sql } from 'drizzle-orm';
import { tables } from '../../db/index.ts';
import { eventStates, riskLevels } from '../../model/index.ts';
import type { parseCursor } from '../pagination.ts';
import { seedCamera, seedTime } from '../tests/seed.ts';
import { readDetections, type DetectionFilters } from './detection-list.ts';
import { readEvents, type EventFilters } from './event-list.ts';
import { readFrames, type LedgerFilters } from './ledger-list.ts';
import { walk } from './walks.ts';

const EVENTS = 400;
const CAMERAS = ['a', 'b', 'c', 'd'];
const LABELS = ['person', 'car', 'cat'];
const RUNS = { numRuns: 60 };

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
  for (const id of CAMERAS) await seedCamera(db, id);
  await seed();
});
afterAll(() => db.close());

/** Four events of each second, so that most pages begin and end among equals; facets by different remainders. */
async function seed(): Promise<void> {
  await db.query(
    (q) => q`
      create table drawn as select n, gen_random_uuid() as id, (${CAMERAS}::text[])[1 + n % 4] as camera_id,
        ${seedTime(0)}::timestamptz + n / 4 * interval '1 s' as at, (${riskLevels as unknown as string[]}::text[])[1 + n * n % 4] as risk_level,
        (${eventStates as unknown as string[]}::text[])[1 + n % 3] as state, n % 5 = 0 as reviewed, (${LABELS}::text[])[1 + n % 7 % 3] as label
      from generate_series(1, ${EVENTS}::int) as n`,
  );
  await db.query(
    (q) => q`
      insert into frames (id, camera_id, state, source_name, sha256, media_type, media_path, width, height, bytes, captured_at, processed_at,
        event_id, error_kind, error_message)
      select id, camera_id, case when n % 9 = 0 then 'dead' else 'done' end, 'a.jpg', encode(sha256(n::text::bytea), 'hex'), 'image/jpeg', 'a', 8, 8, 1, at, at,
        id, case when n % 9 = 0 then 'invalid' end, case when n % 9 = 0 then 'junk' end from drawn`,
  );
  await db.query(
    (q) => q`
      insert into events (id, camera_id, state, started_at, ended_at, last_received_at, labels, detection_count, frame_count, best_frame_id,
        best_score, risk_score, risk_level, summary, reasoning, analyzer, reviewed)
      select id, camera_id, state, at, at, at, jsonb_build_object(label, 1, 'dog', 1), 1, 1, id, 0.9, 20, risk_level,
        case when n % 11 = 0 then 'A fox' else 'A hare' end, 'r', 'rules', reviewed from drawn`,
  );
  await db.query(
    (q) => q`
      insert into detections (id, frame_id, event_id, camera_id, label, score, x, y, width, height, captured_at, model)
      select gen_random_uuid(), id, id, camera_id, label, n % 10 / 10.0, 1, 1, 1, 1, at, 'm' from drawn`,
  );
}

type Read<Filters> = (
  filters: Filters,
  cursor: string | undefined,
) => Promise<{ readonly rows: readonly { readonly id: string }[]; readonly next_cursor: string | null }>;

async function readAll<Filters>(read: Read<Filters>, filters: Filters): Promise<readonly string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await read(filters, cursor);
    ids.push(...page.rows.map(({ id }) => id));
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return ids;
} // prettier-ignore

const cameraIds = fc.option(fc.uniqueArray(fc.constantFrom(...CAMERAS, 'nobody'), { minLength: 0, maxLength: 4 }));
const maybe = <T>(values: readonly T[]) => fc.option(fc.constantFrom(...values), { nil: undefined, freq: 2 });
const time = fc.option(fc.integer({ min: -5, max: EVENTS / 4 + 5 }).map(seedTime), { nil: undefined, freq: 1 });

const scan = async (table: 'events' | 'detections' | 'frames', at: 'started_at' | 'captured_at', isIn: (row: Record<string, unknown>) => boolean) => {
  const rows = await db.query((q) => q<Record<string, unknown>[]>`select * from ${q(table)} order by ${q(at)} desc, id desc`);
  return rows.filter(isIn).map(({ id }) => id as string);
}; // prettier-ignore

const inSpan = (at: unknown, { since, until }: { since?: Date | undefined; until?: Date | undefined }): boolean =>
  (since === undefined || (at as Date) >= since) && (until === undefined || (at as Date) < until);
const isOf = (cameras: readonly string[] | null, camera: unknown): boolean => cameras === null || cameras.includes(camera as string); // prettier-ignore

describe('all pages of', () => {
  test('events', async () => {
    const filters = fc.record({ cameraIds, state: maybe(eventStates), riskLevel: maybe(riskLevels), reviewed: maybe([true, false]), label: maybe([...LABELS, 'dog', 'unicorn']), q: maybe(['fox', 'ha', 'unicorn', 'a fox', 'fox a']), since: time, until: time }); // prettier-ignore
    const read: Read<EventFilters> = (wanted, cursor) => db.read((orm) => readEvents(orm, wanted, { limit: 7, cursor, count: false })); // prettier-ignore
    const words = { fox: /fox/, ha: /hare/, unicorn: /unicorn/, 'a fox': /fox/, 'fox a': /fox/ } as const;
    await fc.assert(
      fc.asyncProperty(filters, async (wanted) => {
        const expected = await scan('events', 'started_at', (row) => isOf(wanted.cameraIds, row['cameraId']) && inSpan(row['startedAt'], wanted)
          && (wanted.state === undefined || row['state'] === wanted.state) && (wanted.riskLevel === undefined || row['riskLevel'] === wanted.riskLevel)
          && (wanted.reviewed === undefined || row['reviewed'] === wanted.reviewed)
          && (wanted.label === undefined || Object.keys(row['labels'] as object).includes(wanted.label))
          && (wanted.q === undefined || words[wanted.q as keyof typeof words].test(row['summary'] as string))); // prettier-ignore
        expect(await readAll(read, wanted)).toEqual(expected);
        const { total } = await db.read((orm) => readEvents(orm, wanted, { limit: 1, count: true }));
        expect(total).toBe(expected.length);
      }),
      RUNS,
    );
  });

  test('detections', async () => {
    const filters = fc.record({ cameraIds, label: maybe([...LABELS, 'unicorn']), scoreMin: maybe([0, 0.3, 0.9, 1]), since: time, until: time }); // prettier-ignore
    const read: Read<DetectionFilters> = (wanted, cursor) => db.read((orm) => readDetections(orm, wanted, { limit: 7, cursor, count: false })); // prettier-ignore
    await fc.assert(
      fc.asyncProperty(filters, async (wanted) => {
        const expected = await scan('detections', 'captured_at', (row) => isOf(wanted.cameraIds, row['cameraId']) && inSpan(row['capturedAt'], wanted)
          && (wanted.label === undefined || row['label'] === wanted.label)
          && (wanted.scoreMin === undefined || (row['score'] as number) >= wanted.scoreMin)); // prettier-ignore
        expect(await readAll(read, wanted)).toEqual(expected);
        const { total } = await db.read((orm) => readDetections(orm, wanted, { limit: 1, count: true }));
        expect(total).toBe(expected.length);
      }),
      RUNS,
    );
  });

  test('frames', async () => {
    const filters = fc.record({ cameraIds, state: maybe(['done', 'dead', 'pending'] as const), since: time, until: time }); // prettier-ignore
    const read: Read<LedgerFilters> = (wanted, cursor) => db.read((orm) => readFrames(orm, wanted, { limit: 7, cursor, count: false })); // prettier-ignore
    await fc.assert(
      fc.asyncProperty(filters, async (wanted) => {
        const expected = await scan('frames', 'captured_at', (row) => isOf(wanted.cameraIds, row['cameraId']) && inSpan(row['capturedAt'], wanted)
          && (wanted.state === undefined || row['state'] === wanted.state)); // prettier-ignore
        expect(await readAll(read, wanted)).toEqual(expected);
        const { total } = await db.read((orm) => readFrames(orm, wanted, { limit: 1, count: true }));
        expect(total).toBe(expected.length);
      }),
      RUNS,
    );
  });
});

describe('what no index knows', () => {
  const { detections } = tables;
  const walks = { table: detections, at: detections.capturedAt, id: detections.id, span: {} };
  const held = [{ column: detections.cameraId, values: CAMERAS }];

  test.each([
    ['is looked for in so many rows and no more, page after page to the end', [], 25],
    ['likewise along several walks', held, 40],
    ['likewise along more walks than rows may be looked at', held, 3],
  ] as const)('%s', async (_what, columns, lookRowsMax) => {
    const looked = and(eq(detections.label, 'cat'), sql`${detections.score} >= 0.85::real`);
    const source = { ...walks, held: columns as unknown as typeof held, looked };
    const expected = await scan('detections', 'captured_at', (row) => row['label'] === 'cat' && (row['score'] as number) >= 0.85); // prettier-ignore
    const found: string[] = [];
    const sizes: number[] = [];
    let after: ReturnType<typeof parseCursor> | undefined;
    do {
      const { keys, next } = await db.read((orm) => walk(orm, { ...source, lookRowsMax }, { after, limit: 3 }));
      found.push(...keys.map(({ id }) => id));
      sizes.push(keys.length);
      after = next ?? undefined;
    } while (after !== undefined);
    expect(found).toEqual(expected);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(3);
    expect(sizes).toContain(0);
  }); // prettier-ignore
});
