import { type Database, type OwnerLock, type Transact } from '../db/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { createLoop, type Loop } from '../lib/loop.ts';
import { findMissingOwners, reapLeases, type Reaped } from './leases.ts';

const REAP_EVERY_MS = 1_000;
/** When PostgreSQL restarts, every lock is gone until its holder is back: a moment, which is nobody's death. */
const GONE_MS_MIN = 3_000;

export interface ReaperOptions {
  readonly db: Database;
  readonly transact: Transact;
  readonly lock: OwnerLock;
  readonly attemptsMax: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onPending: () => void;
}

/** Holds our own lock, and takes back the frames of processes that are gone and leases that ran out. */
export function createReaper({ db, transact, lock, attemptsMax, clock, log, onPending }: ReaperOptions): Loop {
  /** Since when each missing owner has been missing, milliseconds. */
  let missing = new Map<number, number>();

  return createLoop({
    name: 'lease reaper',
    clock,
    log,
    idleMs: REAP_EVERY_MS,
    runOnce: async () => {
      // First of all, or after a reconnect we would find ourselves missing.
      await lock.renew();
      const owners = await db.query(findMissingOwners);
      missing = new Map(owners.map((owner) => [owner, missing.get(owner) ?? clock.nowMs()]));
      const gone = owners.filter((owner) => clock.nowMs() - (missing.get(owner) ?? 0) >= GONE_MS_MIN);
      const reaped = await transact((tx, say) => reapLeases(tx, say, attemptsMax, { missing: owners, gone }));
      if (reaped.frames === 0) return false;
      log.warn(reaped, toSentence(reaped));
      onPending();
      return true;
    },
  });
}

/** One line, however many they are: a power cut leaves dozens, and nearly all of them are innocent. */
function toSentence({ frames, suspects }: Reaped): string {
  const taken = `took back ${frames} frame(s) whose process was gone or silent`;
  if (suspects === 0) return taken;
  return `${taken}; ${suspects} were in hand when it ended, and are examined one at a time in a process apart`;
}
