import { NightjarError } from '../lib/errors.ts';

/**
 * The dynamic batcher in front of a detector: a run starts when it is full, or when its first item has waited long
 * enough, or when nothing more is on its way, whichever comes first; and only while a run is free to take it.
 */
export interface Batcher<Item, Result> {
  /** Resolves with this item's own result; rejects with its own error, or with what its run was rejected with. */
  add(item: Item): Promise<Result>;
}

export interface BatcherOptions<Item, Result> {
  /** Items in one run. */
  readonly sizeMax: number;
  /** How long the first item of a run may wait for company, milliseconds. */
  readonly delayMaxMs: number;
  /** Runs under way at once. */
  readonly runsMax: number;
  /** Whether further items are being prepared right now: if not, waiting for them is only latency. */
  readonly isMoreComing: () => boolean;
  /** As many results as items, in their order; an error is that of one item alone. */
  readonly run: (items: readonly Item[]) => Promise<readonly (Result | NightjarError)[]>;
  readonly onRun?: (size: number, durationMs: number) => void;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (reason: unknown) => void;
  readonly sinceMs: number;
}

export function createBatcher<Item, Result>(options: BatcherOptions<Item, Result>): Batcher<Item, Result> {
  const waiting: Waiting<Item, Result>[] = [];
  let runs = 0;
  let timer: NodeJS.Timeout | undefined;

  async function run(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    const startedMs = performance.now();
    try {
      const results = await options.run(batch.map(({ item }) => item));
      if (results.length !== batch.length)
        throw new NightjarError('internal', `${results.length} results for a batch of ${batch.length}`);
      batch.forEach(({ resolve, reject }, index) => {
        const result = results[index] as Result | NightjarError;
        if (result instanceof NightjarError) reject(result);
        else resolve(result);
      });
    } catch (reason) {
      for (const { reject } of batch) reject(reason);
    }
    options.onRun?.(batch.length, performance.now() - startedMs);
    runs -= 1;
    dispatch();
  }

  function isDue(nowMs: number): boolean {
    const first = waiting[0];
    if (!first) return false;
    return waiting.length >= options.sizeMax || !options.isMoreComing() || nowMs - first.sinceMs >= options.delayMaxMs;
  }

  function dispatch(): void {
    while (runs < options.runsMax && isDue(performance.now())) {
      runs += 1;
      void run(waiting.splice(0, options.sizeMax));
    }
    clearTimeout(timer);
    // Rounded up: a timer that fires a fraction early would find the item not yet due and spin.
    if (waiting.length > 0 && runs < options.runsMax) timer = setTimeout(dispatch, Math.ceil(options.delayMaxMs) + 1);
  }

  return {
    add(item) {
      return new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject, sinceMs: performance.now() });
        // After the caller's own turn, so that items added together are seen together.
        queueMicrotask(dispatch);
      });
    },
  };
}
