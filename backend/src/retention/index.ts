/**
 * Retention: what is kept, and for how long.
 *
 * In: an age, and how much of the disk must stay free. Out: events, frames and clips that are too old, or the oldest for
 * which there is no room, are deleted with all that belongs to them, those that nobody reviewed first; then their files.
 * Rows and the request to remove their files are one transaction, so no crash leaves a row without its file, nor a file
 * that nobody knows of (removals.ts). `check/` compares both sides, and repairs.
 *
 * Cameras that somebody wants purged go first, with everything that came through them (purge.ts).
 *
 * Frames that are not examined yet are never deleted, nor are events under way. Runs where files are stored (the role
 * `ingest`): there the disk that fills is at hand, and the inbox. Several processes may run it; one takes a step at a time.
 *
 * Can fail: with `unavailable` while database or store are away; tried again then. When nothing is left to delete and
 * there is still no room, it says so and goes on. Limits: 100 frames (or one event) and 100 files in a transaction;
 * 20 steps of a purge in a round.
 */
import type { Database } from '../db/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { createLoop } from '../lib/loop.ts';
import { createAgeBound, type AgeOptions } from './age.ts';
import { createInboxRows } from './inbox-rows.ts';
import { purgeCameras } from './purge.ts';
import { pruneRemovals, removeDue } from './removals.ts';
import { createTrouble, isVain, toGib, toLook } from './room.ts';
import { addTally, createTally, walk, type Tally, type WalkEnd } from './walk.ts';

export { checkHouse, type CheckOptions, type CheckSummary, type Finding, type Repair } from './check/index.ts';

/** A look at the disk costs one system call; what it may fill up with in between must be far less than the reserve. */
const LOOK_EVERY_MS = 10_000;
const AGE_EVERY_MS = 60_000;
/** After deleting in vain. */
const VAIN_PAUSE_MS = 60_000;

export interface RetentionOptions extends AgeOptions {
  readonly db: Database;
  readonly removeMedia: (mediaPath: string) => Promise<void>;
  /** Of the media store; null where nobody can say: then nothing is deleted for room. */
  readonly freeBytes: () => Promise<number | null>;
  readonly inbox: string;
  /** Undefined: nothing is deleted for its age. */
  readonly ageMaxMs: number | undefined;
  readonly freeMinBytes: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface RetentionStats extends Readonly<Tally> {
  readonly freeBytes: number | null;
  /** In words, why there is no room; null when all is well. */
  readonly trouble: string | null;
}

export interface Retention {
  /** One round, now; resolves when it is over. For tests and whoever cannot wait. */
  runOnce(signal?: AbortSignal): Promise<void>;
  /** Since the start of this process. */
  stats(): RetentionStats;
  close(): Promise<void>;
}

/** Starts at once, unless told to wait for `runOnce`. */
export function createRetention(options: RetentionOptions & { readonly isIdle?: boolean }): Retention {
  const { clock, log, freeMinBytes } = options;
  const total = createTally();
  const trouble = createTrouble(log);
  const inboxRows = createInboxRows(options);
  const readBound = createAgeBound(options);
  let underWay: Tally | undefined;
  let freeBytes: number | null = null;
  let agedMs = -Infinity;
  let vainMs = -Infinity;

  async function look() {
    freeBytes = await options.freeBytes();
    return toLook(freeBytes, freeMinBytes);
  }

  /** One walk, or one after the other; what it came to is told in one line. */
  async function tallied(why: string, run: (tally: Tally) => Promise<WalkEnd>): Promise<WalkEnd> {
    const tally = createTally();
    underWay = tally;
    try {
      return await run(tally);
    } finally {
      addTally(total, tally);
      underWay = undefined;
      if (tally.events + tally.frames + tally.clips > 0) log.info({ ...tally }, `retention: deleted ${why}`);
    }
  }

  async function forgetOld(ageMaxMs: number, signal: AbortSignal): Promise<void> {
    const before = await readBound(ageMaxMs);
    const isEnough = (): Promise<boolean> => Promise.resolve(false);
    await tallied('for age', async (tally) => {
      await walk({ ...options, wanted: { reviewed: false, before }, isEnough, tally, signal });
      return walk({ ...options, wanted: { reviewed: true, before }, isEnough, tally, signal });
    });
  }

  async function makeRoom(startBytes: number, signal: AbortSignal): Promise<void> {
    let isInVain = false;
    const end = await tallied('for room', async (tally) => {
      const isEnough = async (): Promise<boolean> => {
        const now = await look();
        isInVain = isVain(tally.bytes, (now.freeBytes ?? 0) - startBytes);
        return now.isEnough || isInVain;
      };
      const wanted = { reviewed: false, before: null };
      const first = await walk({ ...options, wanted, isEnough, tally, signal });
      // What somebody has reviewed goes only when nothing else is left.
      if (first !== 'exhausted') return first;
      return walk({ ...options, wanted: { ...wanted, reviewed: true }, isEnough, tally, signal });
    });
    if (isInVain) vainMs = clock.nowMs();
    trouble.tell(toTrouble(isInVain, end), clock.nowMs());
  }

  function toTrouble(isInVain: boolean, end: WalkEnd): string | undefined {
    const room = `${toGib(freeBytes)} free, ${toGib(freeMinBytes)} wanted (DISK_FREE_MIN_GB)`;
    if (isInVain) return `deleting makes no room (${room}): is something else filling the disk?`;
    return end === 'exhausted' ? `too little room (${room}), and nothing is left that may be deleted` : undefined;
  }

  /** Resolves to whether a camera is still to be purged: then at once again, after all else had its turn. */
  async function runOnce(signal: AbortSignal): Promise<boolean> {
    const purged = await tallied('with their camera', (tally) => purgeCameras({ ...options, tally, signal }));
    const isMinute = clock.nowMs() - agedMs >= AGE_EVERY_MS || clock.nowMs() < agedMs;
    if (isMinute && options.ageMaxMs !== undefined) await forgetOld(options.ageMaxMs, signal);
    const { isShort } = await look();
    const isPaused = clock.nowMs() - vainMs < VAIN_PAUSE_MS && clock.nowMs() >= vainMs;
    if (isShort && !isPaused) await makeRoom(freeBytes ?? 0, signal);
    if (!isShort) trouble.tell(undefined, clock.nowMs());
    // What an earlier life left behind, and what others asked for.
    total.files += (await removeDue(options, signal)).files;
    if (isMinute) {
      await pruneRemovals(options.db);
      await inboxRows.prune();
      agedMs = clock.nowMs();
    }
    return purged === 'enough';
  }

  const loop = options.isIdle
    ? undefined
    : createLoop({
        name: 'retention',
        clock,
        log,
        idleMs: LOOK_EVERY_MS,
        runOnce,
      });
  return {
    runOnce: async (signal = new AbortController().signal) => void (await runOnce(signal)),
    stats: () => ({ ...addTally({ ...total }, underWay ?? createTally()), freeBytes, trouble: trouble.read() }),
    close: async () => loop?.close(),
  };
}
