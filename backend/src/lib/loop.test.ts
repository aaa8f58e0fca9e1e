import { describe, expect, it } from 'vitest';
import { systemClock } from './clock.ts';
import { createCoalescer } from './coalesce.ts';
import { NightjarError } from './errors.ts';
import { newId } from './id.ts';
import { createLatencies, percentile } from './latency.ts';
import { createClosers } from './lifecycle.ts';
import { silentLog as log } from './log.ts';
import { createLoop } from './loop.ts';
import { withRetry } from './retry.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const never = {
  nowMs: () => 0,
  sleep: (_ms: number, signal?: AbortSignal) =>
    new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve())),
};

describe('loop', () => {
  it('runs again when woken, and not before', async () => {
    let rounds = 0;
    const loop = createLoop({ name: 't', clock: never, log, idleMs: 1e9, runOnce: async () => ((rounds += 1), false) });
    await turn();
    expect(rounds).toBe(1);
    loop.wake();
    await turn();
    expect(rounds).toBe(2);
    await loop.close();
    expect(rounds).toBe(2);
  });

  it('runs on while there is more, and a wake during a round is not lost', async () => {
    const seen: number[] = [];
    const loop = createLoop({
      name: 't',
      clock: never,
      log,
      idleMs: 1e9,
      runOnce: async () => {
        seen.push(seen.length);
        if (seen.length === 3) loop.wake();
        return seen.length < 3;
      },
    });
    for (let index = 0; index < 10; index += 1) await turn();
    expect(seen).toEqual([0, 1, 2, 3]);
    await loop.close();
  });

  it('goes on after an error', async () => {
    let rounds = 0;
    const clock = { nowMs: () => 0, sleep: async () => turn() };
    const loop = createLoop({
      name: 't',
      clock,
      log,
      idleMs: 1,
      runOnce: async () => {
        rounds += 1;
        if (rounds === 1) throw new Error('once');
        return false;
      },
    });
    while (rounds < 3) await turn();
    await loop.close();
  });
});

describe('coalescer', () => {
  it('takes what gathered while a run was under way as the next run', async () => {
    const runs: number[][] = [];
    const coalescer = createCoalescer<number, number>({
      sizeMax: 3,
      run: async (items) => {
        runs.push([...items]);
        await turn();
        return items.map((item) => -item);
      },
    });
    const first = coalescer.add(1);
    await turn();
    expect(await Promise.all([first, ...[2, 3, 4, 5].map((item) => coalescer.add(item))])).toEqual([
      -1, -2, -3, -4, -5,
    ]);
    expect(runs).toEqual([[1], [2, 3, 4], [5]]);
  });

  it('runs each item alone when one may be to blame, so that the others pass', async () => {
    const coalescer = createCoalescer<number, number>({
      sizeMax: 10,
      run: async (items) => {
        if (items.includes(13)) throw new Error('thirteen');
        return items;
      },
      isOfOne: (reason) => reason instanceof Error && reason.message === 'thirteen',
    });
    const results = await Promise.allSettled([1, 13, 3].map((item) => coalescer.add(item)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('fails those of one run and serves the next', async () => {
    const coalescer = createCoalescer<number, number>({
      sizeMax: 1,
      run: async ([item = 0]) => {
        if (item === 1) throw new Error('one');
        return [item];
      },
    });
    const [one, two] = await Promise.allSettled([coalescer.add(1), coalescer.add(2)]);
    expect([one.status, two.status]).toEqual(['rejected', 'fulfilled']);
  });
});

describe('closers', () => {
  it('closes last opened first, all of them, and gathers failures', async () => {
    const closed: string[] = [];
    const closers = createClosers({ log, closeMsMax: 20 });
    const part = (name: string, close: () => Promise<void> | void) =>
      closers.add(name, { close: () => (closed.push(name), close()) });
    part('a', () => undefined);
    part('b', () => Promise.reject(new Error('stuck door')));
    part('c', () => new Promise(() => undefined));
    await expect(closers.closeAll()).rejects.toThrow(/closing c: took longer.*closing b: stuck door/);
    await expect(closers.closeAll()).rejects.toThrow();
    expect(closed).toEqual(['c', 'b', 'a']);
  });
});

describe('retry', () => {
  const clock = { nowMs: () => 0, sleep: async () => undefined };
  it('tries again what may heal, and nothing else', async () => {
    let tries = 0;
    const failing = (kind: 'unavailable' | 'invalid') => async () => {
      tries += 1;
      if (tries < 3) throw new NightjarError(kind, 'no');
      return tries;
    };
    expect(await withRetry(failing('unavailable'), { clock, delayMs: 1, withinMs: 10 })).toBe(3);
    tries = 0;
    await expect(withRetry(failing('invalid'), { clock, delayMs: 1, withinMs: 10 })).rejects.toThrow('no');
    expect(tries).toBe(1);
  });
});

describe('ids and figures', () => {
  it('makes version 7 ids that sort by time', () => {
    const ids = [1, 2, 3, 1_700_000_000_000].map((ms) => newId(ms));
    expect([...ids].sort()).toEqual(ids);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('takes percentiles by nearest rank', () => {
    expect([0.5, 0.95, 0.99, 1].map((share) => percentile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], share))).toEqual([
      5, 10, 10, 10,
    ]);
    expect(percentile([], 0.5)).toBeNull();
    const latencies = createLatencies(['x']);
    for (let ms = 1; ms <= 2_000; ms += 1) latencies.observe('x', ms);
    expect(latencies.read().x).toMatchObject({ count: 2_000, p50_ms: 1_488 });
  });

  it('sleeps until woken', async () => {
    const abort = new AbortController();
    const sleeping = systemClock.sleep(1e6, abort.signal);
    abort.abort();
    await sleeping;
  });
});
