import { availableParallelism } from 'node:os';
import { toBuckets } from './buckets.ts';
import type { ProviderName } from './providers.ts';

/** How a provider is put to work. */
export interface Layout {
  readonly provider: ProviderName;
  /** Threads that each hold the network. */
  readonly workers: number;
  /** Threads that one run may use. */
  readonly threads: number;
  /** Most pictures in one run. */
  readonly batchMax: number;
  /** Sizes to which batches are padded; none on the CPU, where any size will do. */
  readonly buckets: readonly number[];
  /** Calls worth having in flight. */
  readonly runsMax: number;
}

/** What was configured; the rest is chosen for the machine. */
export interface LayoutWishes {
  readonly workers?: number | undefined;
  readonly threads?: number | undefined;
  readonly batchMax?: number | undefined;
}

/** Each worker holds the network and its working memory, 200 MB; more than these must be asked for. */
const CPU_WORKERS_DEFAULT_MAX = 8;
/** One computes, and the next is laid out. */
const GPU_RUNS_MAX = 2;

/**
 * On a CPU single pictures on one-thread workers, one for each core, do as much as batches do (59 ms a picture alone,
 * 70 ms in a batch of 8) and answer sooner. A GPU is fed by one thread, and computes whole batches at once.
 */
export function toLayout(
  provider: ProviderName,
  wishes: LayoutWishes,
  cardBatchMax: Readonly<Record<string, number>>,
): Layout {
  const { threads = 1, batchMax: wished = cardBatchMax[provider] ?? 1 } = wishes;
  // A network that was exported for one picture says 1 for every provider, and no wish makes it take two.
  const batchMax = isForOne(cardBatchMax) ? 1 : wished;
  if (provider === 'cpu') {
    const workers = wishes.workers ?? Math.min(availableParallelism(), CPU_WORKERS_DEFAULT_MAX);
    return { provider, workers, threads, batchMax, buckets: [], runsMax: workers };
  }
  const workers = wishes.workers ?? 1;
  return {
    provider,
    workers,
    threads,
    batchMax,
    buckets: toBuckets(batchMax),
    runsMax: Math.max(GPU_RUNS_MAX, workers),
  };
}

const isForOne = (batchMax: Readonly<Record<string, number>>): boolean =>
  Object.values(batchMax).length > 0 && Object.values(batchMax).every((most) => most === 1);

/** The same with smaller batches. */
export function withBatchMax(layout: Layout, batchMax: number): Layout {
  const buckets = layout.buckets.length === 0 ? [] : toBuckets(batchMax);
  return { ...layout, batchMax, buckets };
}
