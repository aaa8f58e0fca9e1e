import { setTimeout as sleepTimeout } from 'node:timers/promises';

/** Time is an argument, so that hours of camera time test in milliseconds. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  nowMs(): number;
  /** Resolves after `durationMs`, or at once when `signal` is aborted: a sleep cut short is not an error. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  async sleep(durationMs, signal) {
    if (signal?.aborted) return;
    // The only rejection of this timer is the abort, which for a sleep is just waking early.
    await sleepTimeout(durationMs, undefined, signal ? { signal } : {}).catch(() => undefined);
  },
};
