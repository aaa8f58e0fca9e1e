/** Counts and recent durations of one stage of the pipeline. */
export interface StageLatency {
  readonly count: number;
  readonly p50_ms: number | null;
  readonly p95_ms: number | null;
  readonly p99_ms: number | null;
}

const SAMPLES_MAX = 1_024;

/** Keeps the last 1,024 durations of each stage; percentiles by the nearest-rank method. */
export function createLatencies<Stage extends string>(stages: readonly Stage[]) {
  const rings = new Map(stages.map((stage) => [stage, { samples: new Float64Array(SAMPLES_MAX), count: 0 }]));
  return {
    observe(stage: Stage, durationMs: number): void {
      const ring = rings.get(stage);
      if (ring) ring.samples[ring.count++ % SAMPLES_MAX] = durationMs;
    },
    read(): Record<Stage, StageLatency> {
      return Object.fromEntries([...rings].map(([stage, ring]) => [stage, toLatency(ring)])) as Record<
        Stage,
        StageLatency
      >;
    },
  };
}
export type Latencies<Stage extends string> = ReturnType<typeof createLatencies<Stage>>;

function toLatency({ samples, count }: { samples: Float64Array; count: number }): StageLatency {
  const sorted = samples.slice(0, Math.min(count, SAMPLES_MAX)).sort();
  return { count, p50_ms: percentile(sorted, 0.5), p95_ms: percentile(sorted, 0.95), p99_ms: percentile(sorted, 0.99) };
}

/** Nearest rank: the smallest sample that at least `share` of all samples do not exceed; null when there are none. */
export function percentile(sorted: ArrayLike<number>, share: number): number | null {
  if (sorted.length === 0) return null;
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}
