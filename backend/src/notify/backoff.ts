const FIRST_MS = 10_000;
const FACTOR = 3.2;
const LONGEST_MS = 8 * 3_600_000;
const SPREAD_MIN = 0.75;
const SPREAD = 0.5;

/**
 * Until the next attempt: 10 s, 32 s, 102 s, 5 min, 17 min, 56 min, 3 h, 8 h, 8 h, which is 20 hours in all; spread, so that
 * what failed together does not come back together. Never before the other side wants it.
 */
export function toBackoffMs(attempts: number, retryAfterMs = 0, random: number = Math.random()): number {
  const steadyMs = Math.min(LONGEST_MS, FIRST_MS * FACTOR ** (attempts - 1));
  return Math.max(retryAfterMs, steadyMs * (SPREAD_MIN + SPREAD * random));
}
