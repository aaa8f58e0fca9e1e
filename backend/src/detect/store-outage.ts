import type { Clock } from '../lib/clock.ts';
import { isRetryable, NightjarError, toNightjarError } from '../lib/errors.ts';

const PAUSE_MS_FIRST = 500;
const PAUSE_MS_MAX = 10_000;

/** Nothing can be read from the media store now: no fault of the frame that was to be read. */
export class StoreAwayError extends NightjarError {}

export interface StoreOutage {
  /** Runs one read. Rejects with `StoreAwayError` when it is the store that is away, else as the read does. */
  read<T>(run: () => Promise<T>): Promise<T>;
  /** How long nothing should be read; 0 when all is well. */
  waitMs(): number;
}

/**
 * Tells a store that is away from a file that is broken, by what happens to the others: a failure counts against its
 * frame only if something was read since the last failure. So an outage buries nobody, and a bad sector is found out as
 * soon as there is another picture to read.
 */
export function createStoreOutage({ clock }: { readonly clock: Clock }): StoreOutage {
  let hasRead = true;
  let pauseMs = 0;
  let untilMs = 0;

  function fail(thrown: unknown): never {
    const error = toNightjarError(thrown);
    if (!isRetryable(error.kind)) throw error;
    // Several reads fail together; only the first of them makes the pause longer.
    if (clock.nowMs() >= untilMs) {
      pauseMs = Math.min(PAUSE_MS_MAX, Math.max(PAUSE_MS_FIRST, pauseMs * 2));
      untilMs = clock.nowMs() + pauseMs;
    }
    const isOfFile = hasRead;
    hasRead = false;
    throw isOfFile ? error : new StoreAwayError(error.kind, error.message, { cause: error });
  }

  return {
    waitMs: () => Math.max(0, untilMs - clock.nowMs()),
    async read(run) {
      const result = await run().catch(fail);
      hasRead = true;
      pauseMs = untilMs = 0;
      return result;
    },
  };
}
