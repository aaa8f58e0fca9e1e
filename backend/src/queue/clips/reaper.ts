import type { Database, OwnerLock, Transact } from '../../db/index.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/log.ts';
import { createLoop, type Loop } from '../../lib/loop.ts';
import { findLostClipLeases, reapClipLeases } from './leases.ts';

const REAP_EVERY_MS = 1_000;
/** See reaper.ts: when PostgreSQL restarts, every lock is gone for a moment. */
const GONE_MS_MIN = 3_000;

/** Takes back the clips of processes that are gone and leases that ran out. */
export function createClipReaper(options: {
  readonly db: Database;
  readonly transact: Transact;
  readonly lock: OwnerLock;
  readonly attemptsMax: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onClip: () => void;
}): Loop {
  const { db, transact, lock, attemptsMax, clock, log } = options;
  /** Since when each missing owner has been missing, milliseconds. */
  let missing = new Map<number, number>();

  return createLoop({
    name: 'clip lease reaper',
    clock,
    log,
    idleMs: REAP_EVERY_MS,
    runOnce: async () => {
      // First of all, or after a reconnect we would find ourselves missing.
      await lock.renew();
      const { missingOwners, expired } = await db.query(findLostClipLeases);
      missing = new Map(missingOwners.map((owner) => [owner, missing.get(owner) ?? clock.nowMs()]));
      const gone = missingOwners.filter((owner) => clock.nowMs() - (missing.get(owner) ?? 0) >= GONE_MS_MIN);
      if (expired === 0 && gone.length === 0) return false;
      const reaped = await transact((tx, say) => reapClipLeases(tx, say, attemptsMax, gone));
      if (reaped === 0) return false;
      log.warn({ clips: reaped }, 'took back clips whose process was gone or silent');
      options.onClip();
      return true;
    },
  });
}
