/**
 * Does deleting cost what is deleted, or what is kept? 1,000 old frames, half of them in events, are deleted by retention
 * beside 10,000 and beside 300,000 that are kept, from a real PostgreSQL and a real folder, in turns.
 * Held: the time beside the many is at most twice that beside the few, of each the quickest round, for what else the
 * machine does can only make one slower.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  connect,
  createEmbeddedPostgres,
  migrateDatabase,
  openDatabase,
  type Database,
} from '../backend/src/db/index.ts';
import { systemClock as clock } from '../backend/src/lib/clock.ts';
import { silentLog as log } from '../backend/src/lib/log.ts';
import { createDiskStore } from '../backend/src/media/index.ts';
import { createRetention } from '../backend/src/retention/index.ts';
import { hold, say, sayTable, toFixed, toSpread } from './report.ts';

const CAMERAS = 8;
const FRAMES_PER_EVENT = 5;
const AGE_MS = 30 * 86_400_000;
const RATIO_MAX = 2;
const KEPT_AT_ONCE = 20_000;

export interface RetentionSize {
  readonly deleted: number;
  readonly few: number;
  readonly many: number;
  readonly rounds: number;
}

export interface RetentionFigures {
  readonly fewMs: readonly number[];
  readonly manyMs: readonly number[];
  /** Of the larger one: what a wrong deletion would change. */
  readonly left: { readonly frames: number; readonly files: number };
}

export async function measureRetention(size: RetentionSize): Promise<RetentionFigures> {
  const folder = await mkdtemp(path.join(tmpdir(), 'nightjar-bench-retention-'));
  const server = await createEmbeddedPostgres({ dataDir: folder, log });
  try {
    if (!('socketDir' in server.target)) throw new Error('the embedded server has a socket');
    const { socketDir } = server.target;
    const few = await openHouse({ socketDir, folder, name: 'few', kept: size.few });
    const many = await openHouse({ socketDir, folder, name: 'many', kept: size.many });
    return await measureBoth(few, many, size).finally(() => Promise.all([few.db.close(), many.db.close()]));
  } finally {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface House {
  readonly db: Database;
  /** Of the media store. */
  readonly root: string;
}

interface Plot {
  readonly socketDir: string;
  readonly folder: string;
  readonly name: string;
  readonly kept: number;
}

async function openHouse({ socketDir, folder, name, kept }: Plot): Promise<House> {
  const admin = connect({ socketDir, database: 'postgres' }, { max: 1 });
  await admin.unsafe(`create database ${name}`).finally(() => admin.end());
  const target = { socketDir, database: name };
  await migrateDatabase(target);
  const db = openDatabase(target);
  await db.query(
    (sql) => sql`
      insert into cameras (id, name, folder) select 'cam' || n, 'cam' || n, 'cam' || n from generate_series(0, ${CAMERAS - 1}) as n`,
  );
  await keep(db, kept);
  return { db, root: path.join(folder, name) };
}

/** In turns, so that what else the machine does falls on both alike; the first round is a warm-up. */
async function measureBoth(few: House, many: House, { deleted, rounds }: RetentionSize): Promise<RetentionFigures> {
  const [fewMs, manyMs]: [number[], number[]] = [[], []];
  for (let round = 0; round <= rounds; round++) {
    fewMs.push(await deleteOld(few, deleted));
    manyMs.push(await deleteOld(many, deleted));
  }
  const [row] = await many.db.query((sql) => sql<{ frames: number }[]>`select count(*) as frames from frames`);
  let files = 0;
  for await (const _ of (await createDiskStore({ root: many.root, log })).list()) files += 1;
  return { fewMs: fewMs.slice(1), manyMs: manyMs.slice(1), left: { frames: row?.frames ?? -1, files } };
}

/** Young frames, half of them in events with their detections; their files play no part. */
async function keep(db: Database, count: number): Promise<void> {
  const hashes = Array.from({ length: count }, (_, n) =>
    createHash('sha256').update(`${n} ${randomUUID()}`).digest('hex'),
  );
  for (let at = 0; at < count; at += KEPT_AT_ONCE) await insertFrames(db, hashes.slice(at, at + KEPT_AT_ONCE), 0);
  await db.query((sql) => sql`vacuum analyze`);
}

async function insertFrames(db: Database, hashes: readonly string[], ageMs: number): Promise<void> {
  // One session: the ids of the events are drawn once and used three times.
  await db.transaction(async (tx) => {
    await tx`
      create temp table fresh on commit drop as
      select gen_random_uuid() as id, 'cam' || n % ${CAMERAS} as camera_id, sha256, n / ${CAMERAS * FRAMES_PER_EVENT} as block,
        now() - ${ageMs} * interval '1 ms' + n * interval '1 ms' as at, null::uuid as event_id
      from unnest(${[...hashes]}::text[]) with ordinality as given(sha256, n)`;
    await tx`
      update fresh set event_id = drawn.id
      from (select camera_id, block, gen_random_uuid() as id from fresh group by 1, 2) as drawn
      where drawn.camera_id = fresh.camera_id and drawn.block = fresh.block and fresh.block % 2 = 0`;
    await tx`
      insert into frames (id, camera_id, state, source_name, sha256, media_type, media_path, width, height, bytes,
        captured_at, received_at, processed_at, event_id)
      select id, camera_id, 'done', 'a.jpg', sha256, 'image/jpeg',
        camera_id || '/' || left(sha256, 2) || '/' || sha256 || '.jpg', 8, 8, 10, at, at, at, event_id from fresh`;
    await tx`
      insert into events (id, camera_id, state, started_at, ended_at, last_received_at, labels, detection_count,
        frame_count, best_frame_id, best_score, risk_score, risk_level, summary, reasoning, analyzer)
      select event_id, camera_id, 'analyzed', min(at), max(at), max(at), '{"person": 1}', count(*), count(*),
        min(id::text)::uuid, 0.9, 20, 'low', 'A person.', 'One label.', 'rules'
      from fresh where event_id is not null group by event_id, camera_id`;
    await tx`
      insert into detections (id, frame_id, event_id, camera_id, label, score, x, y, width, height, captured_at, model)
      select gen_random_uuid(), id, event_id, camera_id, 'person', 0.9, 1, 1, 2, 2, at, 'm' from fresh where event_id is not null`;
  });
}

/** Adds old frames with their files, and resolves to how long retention took to delete them, milliseconds. */
async function deleteOld({ db, root }: House, count: number): Promise<number> {
  const hashes = Array.from({ length: count }, () => createHash('sha256').update(randomUUID()).digest('hex'));
  await insertFrames(db, hashes, 2 * AGE_MS);
  const rows = await db.query(
    (sql) => sql<{ mediaPath: string }[]>`select media_path from frames where sha256 = any(${hashes}::text[])`,
  );
  for (const { mediaPath } of rows) {
    await mkdir(path.dirname(path.join(root, mediaPath)), { recursive: true });
    await writeFile(path.join(root, mediaPath), 'a picture.');
  }
  const media = await createDiskStore({ root, log });
  const inbox = path.join(root, '..', 'inbox');
  const files = { removeMedia: media.remove, freeBytes: media.freeBytes };
  const retention = createRetention({
    db,
    ...files,
    inbox,
    ageMaxMs: AGE_MS,
    freeMinBytes: 0,
    clock,
    log,
    isIdle: true,
  });
  const startedMs = performance.now();
  await retention.runOnce();
  const tookMs = performance.now() - startedMs;
  const { frames, files: removed } = retention.stats();
  if (frames !== count || removed !== count)
    throw new Error(`deleted ${frames} frames and ${removed} files, not ${count}`);
  return tookMs;
}

export async function run(): Promise<void> {
  const size = { deleted: 1_000, few: 10_000, many: 300_000, rounds: 8 };
  const { fewMs, manyMs, left } = await measureRetention(size);
  const [few, many] = [toSpread(fewMs), toSpread(manyMs)];
  const [fewBest, manyBest] = [Math.min(...fewMs), Math.min(...manyMs)];
  const toRow = (kept: number, best: number, { p50, p95 }: typeof few): string[] => [
    `${kept} kept`,
    ...[best, p50, p95].map((ms) => toFixed(ms)),
    toFixed((size.deleted / best) * 1_000, 0),
  ];
  sayTable(
    ['1,000 deleted', 'best ms', 'p50 ms', 'p95 ms', 'frames/s'],
    [toRow(size.few, fewBest, few), toRow(size.many, manyBest, many)],
  );
  const ratio = manyBest / fewBest;
  say(`ratio of the quickest ${toFixed(ratio, 2)}, of the medians ${toFixed(many.p50 / few.p50, 2)}; left: ${left.frames} frames, ${left.files} files`); // prettier-ignore
  hold([
    [`beside ${size.many} at most ${RATIO_MAX} times as long as beside ${size.few}`, ratio <= RATIO_MAX],
    ['exactly the kept frames are left, and no file of the others', left.frames === size.many && left.files === 0],
  ]);
}
