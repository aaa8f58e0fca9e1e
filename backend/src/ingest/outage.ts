import type { Clock } from '../lib/clock.ts';
import { AwayError, isRetryable, toNightjarError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';

const BACKOFF_MS_FIRST = 100;
const BACKOFF_MS_MAX = 5_000;

export interface Outage {
  /** How long nothing should be tried; 0 when all is well. */
  waitMs(): number;
  isOn(): boolean;
  /** Runs one use of the database or the media store, and learns from how it went. */
  guard<T>(what: string, use: () => Promise<T>): Promise<T>;
}

/**
 * Remembers that the database or the media store is away, for all files together: one failure holds everything back for
 * a while (doubling to 5 s), so that a thousand waiting files are not read again and again in vain, and the log says it
 * once. It is over when each use that failed has succeeded again: a full disk is not healed by the database's answering.
 */
export function createOutage({ clock, log, onOver }: { clock: Clock; log: Logger; onOver: () => void }): Outage {
  const failing = new Set<string>();
  let sinceMs = 0;
  let backoffMs = 0;
  let untilMs = 0;

  function begin(error: Error): void {
    // What has a tracker is in the log already.
    log[error instanceof AwayError ? 'debug' : 'warn'](
      { err: error },
      `cannot record arrivals, files wait in the inbox: ${error.message}`,
    );
    sinceMs = clock.nowMs();
  }

  function fail(what: string, thrown: unknown): void {
    const error = toNightjarError(thrown);
    if (!isRetryable(error.kind)) return;
    if (failing.size === 0) begin(error);
    failing.add(what);
    // Several uses fail together; only the first of them makes the wait longer.
    if (clock.nowMs() < untilMs) return;
    backoffMs = Math.min(BACKOFF_MS_MAX, Math.max(BACKOFF_MS_FIRST, backoffMs * 2));
    untilMs = clock.nowMs() + backoffMs;
  }

  function succeed(what: string): void {
    if (!failing.delete(what) || failing.size > 0) return;
    log.debug({ outage_ms: clock.nowMs() - sinceMs }, 'recording arrivals again');
    backoffMs = untilMs = 0;
    onOver();
  }

  return {
    waitMs: () => Math.max(0, untilMs - clock.nowMs()),
    isOn: () => failing.size > 0,
    async guard(what, use) {
      try {
        const result = await use();
        succeed(what);
        return result;
      } catch (thrown) {
        fail(what, thrown);
        throw thrown;
      }
    },
  };
}
