/** Moments and durations that several processes of one machine share. */

/** Microseconds of the machine's steady clock, which is the same for all of its processes. */
export const nowUs = (): number => Number(process.hrtime.bigint() / 1_000n);

const BUCKET_US = 100;
/** Durations are counted in steps of 0.1 ms: a million of them is a few hundred numbers. */
export const toBucket = (durationUs: number): number => Math.max(0, Math.floor(durationUs / BUCKET_US));

export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Upper edges of the buckets, milliseconds. Throws when nothing was counted. */
export function toPercentiles(buckets: ReadonlyMap<number, number>): Percentiles {
  const sorted = [...buckets].sort(([one], [other]) => one - other);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) throw new Error('nothing was measured');
  const at = (share: number): number => {
    let seen = 0;
    const found = sorted.find(([, count]) => (seen += count) >= share * total);
    return (((found ?? sorted.at(-1))?.[0] ?? 0) + 1) * (BUCKET_US / 1_000);
  };
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}
