/**
 * Group commit: while one run is under way, what arrives gathers, and the next run takes it together. An idle
 * coalescer adds no delay at all; a busy one makes batches as large as the load is heavy.
 */
export interface Coalescer<Item, Result> {
  /** Resolves with this item's own result; rejects if the run it was part of failed. */
  add(item: Item): Promise<Result>;
  /** Waits until everything added so far has been run. */
  idle(): Promise<void>;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (reason: unknown) => void;
}

export interface CoalescerOptions<Item, Result> {
  readonly sizeMax: number;
  /** Gets at most `sizeMax` items and must answer with as many results, in the same order. All or nothing. */
  readonly run: (items: readonly Item[]) => Promise<readonly Result[]>;
  /** Whether one item may be to blame for this failure: then each is run alone, so that it takes no other with it. */
  readonly isOfOne?: (reason: unknown) => boolean;
}

export function createCoalescer<Item, Result>(options: CoalescerOptions<Item, Result>): Coalescer<Item, Result> {
  const waiting: Waiting<Item, Result>[] = [];
  let running: Promise<void> | undefined;

  async function runBatch(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await options.run(batch.map(({ item }) => item));
      batch.forEach(({ resolve }, index) => resolve(results[index] as Result));
    } catch (reason) {
      if (batch.length > 1 && options.isOfOne?.(reason)) for (const one of batch) await runBatch([one]);
      else for (const { reject } of batch) reject(reason);
    }
  }

  async function drain(): Promise<void> {
    while (waiting.length > 0) await runBatch(waiting.splice(0, options.sizeMax));
    running = undefined;
  }

  return {
    add(item) {
      return new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        running ??= Promise.resolve().then(drain);
      });
    },
    idle: async () => {
      while (running) await running;
    },
  };
}
