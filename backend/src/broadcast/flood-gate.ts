import type { Clock } from '../lib/clock.ts';

const SECOND_MS = 1_000;

/** Says of each call whether it is one too many. Counts within fixed seconds: exact enough to tell a flood from a hasty client. */
export function createFloodGate(perSecondMax: number, clock: Clock): () => boolean {
  let second = 0;
  let count = 0;
  return () => {
    const now = Math.floor(clock.nowMs() / SECOND_MS);
    if (now !== second) count = 0;
    second = now;
    count += 1;
    return count > perSecondMax;
  };
}
