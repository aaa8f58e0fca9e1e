/** How much the newest latency counts in the running mean. */
const NEWEST_SHARE = 0.2;

/** How a server has been doing lately: what it took for a picture, and failures, each success halving their weight. */
export function createRecord() {
  let latencyMs: number | null = null;
  let failures = 0;
  return {
    succeeded(eachMs: number): void {
      latencyMs = latencyMs === null ? eachMs : latencyMs + (eachMs - latencyMs) * NEWEST_SHARE;
      failures /= 2;
    },
    failed(): void {
      failures += 1;
    },
    /** How much of the work it should get; one that is not known yet counts as quick, so that it becomes known. */
    weight: (freeSlots: number): number => freeSlots / (Math.max(1, latencyMs ?? 1) * (1 + failures) ** 2),
  };
}
