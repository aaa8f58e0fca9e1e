import type { Database, OwnerLock } from '../db/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { createLoop, type Loop } from '../lib/loop.ts';
import { findMissingOwners, type Absent } from './leases.ts';

const REAP_EVERY_MS = 1_000;
/** When PostgreSQL restarts, every lock is gone until its holder is back: a moment, which is nobody's death. */
const GONE_MS_MIN = 3_000;

/** Takes back what leases of one kind are lost; resolves to whether there were any. */
export type Reap = (absent: Absent) => Promise<boolean>;

export interface ReaperOptions {
  readonly db: Database;
  readonly lock: OwnerLock;
  readonly reaps: readonly Reap[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** Holds our own lock, and has the leases taken back that ran out, or whose process is gone. */
export function createReaper({ db, lock, reaps, clock, log }: ReaperOptions): Loop {
  /** Since when each missing owner has been missing, milliseconds. */
  let missing = new Map<number, number>();

  async function findAbsent(): Promise<Absent> {
    const owners = await db.query(findMissingOwners);
    missing = new Map(owners.map((owner) => [owner, missing.get(owner) ?? clock.nowMs()]));
    const gone = owners.filter((owner) => clock.nowMs() - (missing.get(owner) ?? 0) >= GONE_MS_MIN);
    return { missing: owners, gone };
  }

  return createLoop({
    name: 'lease reaper',
    clock,
    log,
    idleMs: REAP_EVERY_MS,
    runOnce: async () => {
      // First of all, or after a reconnect we would find ourselves missing.
      await lock.renew();
      const absent = await findAbsent();
      let hasReaped = false;
      for (const reap of reaps) hasReaped = (await reap(absent)) || hasReaped;
      return hasReaped;
    },
  });
}
