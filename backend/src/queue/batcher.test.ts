import { describe, expect, it } from 'vitest';
import { createBatcher } from './batcher.ts';

function createRecorder() {
  const sizes: number[] = [];
  let running = 0;
  let runningMax = 0;
  const run = async (items: readonly number[]) => {
    sizes.push(items.length);
    runningMax = Math.max(runningMax, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    if (items.includes(13)) throw new Error('thirteen');
    return items.map((item) => item * 2);
  };
  return { sizes, run, runningMax: () => runningMax };
}

describe('batcher', () => {
  it('fills batches under load and gives each item its own result', async () => {
    const recorder = createRecorder();
    const batcher = createBatcher({
      sizeMax: 4,
      delayMaxMs: 1_000,
      runsMax: 1,
      isMoreComing: () => true,
      run: recorder.run,
    });
    const results = await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map((item) => batcher.add(item)));
    expect(results).toEqual([0, 2, 4, 6, 8, 10, 12, 14]);
    expect(recorder.sizes).toEqual([4, 4]);
  });

  it('does not wait for company when nothing more is coming', async () => {
    const recorder = createRecorder();
    const batcher = createBatcher({
      sizeMax: 8,
      delayMaxMs: 1e9,
      runsMax: 1,
      isMoreComing: () => false,
      run: recorder.run,
    });
    expect(await batcher.add(21)).toBe(42);
  });

  it('starts a part-filled run when the delay is over', async () => {
    const recorder = createRecorder();
    const batcher = createBatcher({
      sizeMax: 8,
      delayMaxMs: 5,
      runsMax: 1,
      isMoreComing: () => true,
      run: recorder.run,
    });
    expect(await Promise.all([batcher.add(1), batcher.add(2)])).toEqual([2, 4]);
    expect(recorder.sizes).toEqual([2]);
  });

  it('never has more runs under way than allowed', async () => {
    const recorder = createRecorder();
    const batcher = createBatcher({
      sizeMax: 1,
      delayMaxMs: 0,
      runsMax: 2,
      isMoreComing: () => true,
      run: recorder.run,
    });
    await Promise.all(Array.from({ length: 20 }, (_, item) => batcher.add(item === 13 ? 0 : item)));
    expect(recorder.runningMax()).toBe(2);
    expect(recorder.sizes).toHaveLength(20);
  });

  it('fails only the run that failed', async () => {
    const recorder = createRecorder();
    const batcher = createBatcher({
      sizeMax: 2,
      delayMaxMs: 0,
      runsMax: 2,
      isMoreComing: () => false,
      run: recorder.run,
    });
    const results = await Promise.allSettled([12, 13, 14, 15].map((item) => batcher.add(item)));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled', 'fulfilled']);
  });
});
