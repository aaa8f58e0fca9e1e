import type { Clock } from './clock.ts';
import { isRetryable, toNightjarError } from './errors.ts';

export interface RetryOptions {
  readonly clock: Clock;
  readonly delayMs: number;
  /** No new try is begun later than this after the first. */
  readonly withinMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Tries again, at an even pace, what waiting may heal; rejects with the last error. The pace has jitter, so that a crowd
 * does not come back in step after an outage.
 */
export async function withRetry<T>(
  run: () => Promise<T>,
  { clock, delayMs, withinMs, signal }: RetryOptions,
): Promise<T> {
  const untilMs = clock.nowMs() + withinMs;
  for (;;) {
    try {
      return await run();
    } catch (thrown) {
      const error = toNightjarError(thrown);
      if (!isRetryable(error.kind) || clock.nowMs() + delayMs > untilMs || signal?.aborted) throw error;
      await clock.sleep(delayMs * (0.5 + Math.random() / 2), signal);
    }
  }
}
