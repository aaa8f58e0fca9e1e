import type { Clock } from './clock.ts';

export interface TimeLimit {
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** The reason that the work is ended with when its time is up. */
  readonly late: () => Error;
  /** Ends it before, with its own reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs with a signal that ends the work when its time is up, or with `signal`. Not `AbortSignal.any`: on a signal as old
 * as the process, Node 20 keeps a trace of each piece of work for ever.
 */
export async function withTimeLimit<T>(limit: TimeLimit, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { timeoutMs, clock, late, signal } = limit;
  const stop = new AbortController();
  const done = new AbortController();
  const onAbort = (): void => stop.abort(signal?.reason);
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  void clock.sleep(timeoutMs, done.signal).then(() => {
    if (!done.signal.aborted) stop.abort(late());
  });
  try {
    return await run(stop.signal);
  } finally {
    done.abort();
    signal?.removeEventListener('abort', onAbort);
  }
}

/** The same for what cannot be ended: it is left to itself, and what it says after its time is up is nobody's business. */
export function answerWithin<T>(limit: TimeLimit, ask: () => Promise<T>): Promise<T> {
  return withTimeLimit(
    limit,
    (signal) =>
      new Promise<T>((resolve, reject) => {
        const onAbort = (): void => reject(signal.reason as Error);
        if (signal.aborted) onAbort();
        signal.addEventListener('abort', onAbort, { once: true });
        ask().then(resolve, reject);
      }),
  );
}
