/**
 * Batch sizes on a GPU. Kernels, memory plans and engines are made for a shape, and made anew for every other: so a
 * batch is padded to the next of a few sizes, each with a session of its own that is warm before the first frame.
 */

/** 1, 2, 4, 8 ... and `batchMax` itself. */
export function toBuckets(batchMax: number): readonly number[] {
  const buckets: number[] = [];
  for (let size = 1; size < batchMax; size *= 2) buckets.push(size);
  return [...buckets, batchMax];
}

/** The least bucket that holds `count` pictures; `count` itself where there are no buckets. */
export const toBucket = (count: number, buckets: readonly number[]): number =>
  buckets.find((size) => size >= count) ?? count;

/** The pictures in runs of at most `batchMax`. */
export function toRuns<T>(pictures: readonly T[], batchMax: number): readonly (readonly T[])[] {
  const runs: (readonly T[])[] = [];
  for (let from = 0; from < pictures.length; from += batchMax) runs.push(pictures.slice(from, from + batchMax));
  return runs;
}

/** What engines and drivers say when memory does not suffice: a smaller batch may still do. */
export const isOutOfMemory = (reason: string): boolean =>
  /out.?of.?(device.?|host.?|gpu.?)?memory|failed to allocate|bad_alloc|cudamalloc|bfcarena|\boom\b/i.test(reason);
