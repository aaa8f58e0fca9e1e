import { setTimeout as sleepTimeout } from 'node:timers/promises';

/** Time is an argument, so that hours of camera time test in milliseconds. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  nowMs(): number;
  /** Resolves after `durationMs`, or at once when `signal` is aborted: a sleep cut short is not an error. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
}

async function sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  // The only rejection of this timer is the abort, which for a sleep is just waking early.
  await sleepTimeout(durationMs, undefined, signal ? { signal } : {}).catch(() => undefined);
}

/** The time of day: for what is told and stored. It steps, forth and back, whenever the machine's clock is set. */
export const systemClock: Clock = { nowMs: () => Date.now(), sleep };

/**
 * Only ever goes forward, at an even pace: for how long something lasts and when it is due. By the time of day, a clock
 * that is set back by an hour would have us wait that hour.
 */
export const steadyClock: Clock = { nowMs: () => performance.timeOrigin + performance.now(), sleep };
