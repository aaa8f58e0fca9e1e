/**
 * Question: with 50,000 frames of 8 cameras waiting and new ones arriving at a steady rate below capacity, how long does a
 * new frame take? Limits: median from record to done below 1 s plus its own work (one request to the detector); the
 * backlog of every camera shrinks; memory flat (in the second half never more than a quarter above where it was at half time).
 *
 * New frames are real files in the inbox of a real process; the backlog is rows of one small picture, the detector a
 * stand-in with a fixed service time (see backlog-house.ts). Times are PostgreSQL's own: `processed_at - received_at`.
 * Arguments: frames that wait (50000), seconds of arrivals (120).
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../backend/tests/harness/eventually.ts';
import { drop } from '../backend/tests/harness/nightjar.ts';
import { withComment } from '../backend/tests/harness/pictures.ts';
import { claim } from '../backend/src/queue/claim.ts';
import type { Sql } from '../backend/src/db/index.ts';
import { withBacklog, type BacklogHouse } from './backlog-house.ts';
import { hold, say, sayTable, SPREAD_HEAD, toFixed, toRow, toSpread } from './report.ts';
import { drawTiny } from './tiny-picture.ts';

const BACKLOG_FRAMES = 50_000;
/** Shorter, and what Node makes once and keeps is still growing. */
const SECONDS = 120;
const CAMERAS = 8;
/** Two requests in flight: 20 frames a second. */
const SERVICE_MS = 100;
/** Each camera sends one in two seconds: a fifth of what the detector can do. */
const ARRIVALS_PER_SECOND = CAMERAS / 2;
const WAIT_MS_MAX = 1_000;
const GROWTH_MAX = 1.25;
const CLAIMS = 50;
const DONE_MS_MAX = 60_000;

export interface Backlog {
  /** From record to done, of each new frame, milliseconds. */
  readonly newMs: readonly number[];
  /** One claim of 6 frames with the whole backlog waiting. */
  readonly claimMs: readonly number[];
  /** Frames of the backlog that each camera got rid of. */
  readonly progress: Readonly<Record<string, number>>;
  /** MiB, one each second; empty where it cannot be seen. */
  readonly rssMiB: readonly number[];
  /** Frames done in each second from the first arrival until the last new frame was done: what there was to give. */
  readonly donePerSecond: number;
}

/** Throws when a limit is missed. */
export async function run([frames = `${BACKLOG_FRAMES}`, seconds = `${SECONDS}`]: readonly string[]): Promise<void> {
  const backlog = await measureBacklog({ frames: Number(frames), seconds: Number(seconds) });
  const { newMs, claimMs, progress, rssMiB, donePerSecond } = backlog;
  const rows = [toRow('new frame, record to done', newMs.length, toSpread(newMs)), toRow(`claim at ${frames}`, claimMs.length, toSpread(claimMs))]; // prettier-ignore
  sayTable(SPREAD_HEAD, rows);
  sayTable(['camera', 'backlog done'], Object.entries(progress).map(([camera, done]) => [camera, `${done}`])); // prettier-ignore
  say(`${ARRIVALS_PER_SECOND} new frames/s arrived, ${toFixed(donePerSecond)} frames/s were done`);
  const later = rssMiB.slice(Math.floor(rssMiB.length / 2));
  const [settled = 0] = later;
  const highest = Math.max(...later);
  say(`RSS ${toFixed(rssMiB[0] ?? 0, 0)} MiB at the begin, ${toFixed(settled, 0)} at half time, at most ${toFixed(highest, 0)} after it, ${toFixed(rssMiB.at(-1) ?? 0, 0)} at the end`); // prettier-ignore
  const least = Math.min(...Object.values(progress));
  hold([
    [`median of new frames below ${WAIT_MS_MAX} ms and their own ${SERVICE_MS} ms`, toSpread(newMs).p50 < WAIT_MS_MAX + SERVICE_MS],
    ['the backlog of every camera shrinks', Object.keys(progress).length === CAMERAS && least > 0],
    [`memory at most ${GROWTH_MAX} of what it was at half time`, highest <= settled * GROWTH_MAX],
  ]); // prettier-ignore
}

export function measureBacklog({ frames, seconds }: { frames: number; seconds: number }): Promise<Backlog> {
  return withBacklog({ frames, cameras: CAMERAS, serviceMs: SERVICE_MS }, async (house) => {
    const claimMs = await house.postgres.withSql((sql) => timeClaims(sql));
    const nightjar = await house.start({});
    const rssMiB: number[] = [];
    const startedMs = performance.now();
    const arrivals = await arrive(house, seconds, async () => {
      const status = await readFile(`/proc/${nightjar.pid}/status`, 'utf8').catch(() => '');
      const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
      if (kibibytes !== undefined) rssMiB.push(Number(kibibytes) / 1_024);
    });
    const newMs = await eventually(() => readNew(house, arrivals), {
      withinMs: DONE_MS_MAX,
      what: 'the new frames done',
    });
    const passedS = (performance.now() - startedMs) / 1_000;
    const progress = await readProgress(house);
    const done = newMs.length + Object.values(progress).reduce((sum, count) => sum + count, 0);
    await nightjar.kill('SIGTERM');
    return { newMs, claimMs, progress, rssMiB, donePerSecond: done / passedS };
  });
}

/** Each rolled back, so that the next finds the same. */
async function timeClaims(sql: Sql): Promise<readonly number[]> {
  const times: number[] = [];
  class Undone extends Error {}
  for (let turn = 0; turn < CLAIMS; turn += 1)
    await sql
      .begin(async (tx) => {
        const startedMs = performance.now();
        // All that it asks of a connection, a transaction has.
        await claim(tx as unknown as Sql, 6, turn % 2, { owner: 1, leaseMs: 60_000 });
        times.push(performance.now() - startedMs);
        throw new Undone();
      })
      .catch((thrown: unknown) => {
        if (!(thrown instanceof Undone)) throw thrown;
      });
  return times;
}

/** Drops a new picture at each step, for one camera after the other; resolves to how many there were. */
async function arrive(house: BacklogHouse, seconds: number, everySecond: () => Promise<void>): Promise<number> {
  const tiny = await drawTiny();
  const startedMs = performance.now();
  let count = 0;
  for (; count < seconds * ARRIVALS_PER_SECOND; count += 1) {
    const dueMs = startedMs + (count * 1_000) / ARRIVALS_PER_SECOND;
    await sleep(Math.max(0, dueMs - performance.now()));
    if (count % ARRIVALS_PER_SECOND === 0) await everySecond();
    const inbox = path.join(house.dataDir, 'inbox');
    await drop(inbox, `cam${count % CAMERAS}/new-${count}.jpg`, withComment(tiny, `new ${count}`));
  }
  return count;
}

/** Undefined while some are not done. */
const readNew = ({ postgres }: BacklogHouse, count: number): Promise<readonly number[] | undefined> =>
  postgres.withSql(async (sql) => {
    const rows = await sql<{ ms: number }[]>`
      select (extract(epoch from processed_at - received_at) * 1000)::float8 as ms from frames
      where source_name like '%new-%' and state = 'done'`;
    return rows.length >= count ? rows.map(({ ms }) => ms) : undefined;
  });

const readProgress = ({ postgres }: BacklogHouse): Promise<Record<string, number>> =>
  postgres.withSql(async (sql) => {
    const rows = await sql<{ cameraId: string; count: number }[]>`
      select camera_id, count(*) from frames where source_name like '%seed-%' and state = 'done' group by 1 order by 1`;
    return Object.fromEntries(rows.map(({ cameraId, count }) => [cameraId, count]));
  });
