/**
 * How old is too old, by a clock that may step: ages go by that of the database, which said when things were received.
 * One that jumps ahead (a bad time server, a machine that woke up) would have everything deleted within a minute. So a
 * jump is believed only after it has lasted for an hour of our own time; until then time goes on at an even pace.
 */
import type { Database } from '../db/index.ts';
import { steadyClock, type Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';

const STEP_MS_MAX = 10 * 60_000;
const BELIEVED_AFTER_MS = 3_600_000;

export interface AgeOptions {
  readonly db: Database;
  readonly log: Logger;
  /** Goes at an even pace, unlike that of the database. */
  readonly steady?: Pick<Clock, 'nowMs'>;
}

/** Returns what asks for the moment before which things are older than that. */
export function createAgeBound({ db, log, steady = steadyClock }: AgeOptions): (ageMaxMs: number) => Promise<Date> {
  /** The database's clock less ours, as far as it is believed. */
  let offsetMs: number | undefined;
  let aheadSinceMs: number | undefined;

  function believe(newMs: number, nowMs: number): number {
    const isStep = offsetMs !== undefined && newMs - offsetMs > STEP_MS_MAX;
    if (isStep && aheadSinceMs === undefined)
      log.warn('retention: the clock of the database was set ahead; ages are not told by it for an hour');
    aheadSinceMs = isStep ? (aheadSinceMs ?? nowMs) : undefined;
    if (aheadSinceMs === undefined || nowMs - aheadSinceMs >= BELIEVED_AFTER_MS) {
      offsetMs = newMs;
      aheadSinceMs = undefined;
    }
    return offsetMs ?? newMs;
  }

  return async (ageMaxMs) => {
    const [row] = await db.query((sql) => sql<{ now: Date }[]>`select now()`);
    const nowMs = steady.nowMs();
    return new Date(nowMs + believe((row?.now.getTime() ?? 0) - nowMs, nowMs) - ageMaxMs);
  };
}
