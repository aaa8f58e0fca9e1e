import { describe, expect, test } from 'vitest';
import type { Clock } from '../../../lib/clock.ts';
import { HangError, NightjarError } from '../../../lib/errors.ts';
import { silentLog } from '../../../lib/log.ts';
import { createOnnxPool, type OnnxPool } from './onnx-pool.ts';
import type { OnnxThread } from './onnx-thread.ts';
import type { RunOutputs } from './session.ts';

/** A thread whose runs end, and which dies, when the test says so. */
function createFakeThread() {
  const runs: { finish: (outputs: RunOutputs) => void; fail: (error: NightjarError) => void }[] = [];
  let setEnded: (error: NightjarError) => void = () => undefined;
  const ended = new Promise<NightjarError>((resolve) => (setEnded = resolve));
  const thread: OnnxThread = {
    ended,
    run: () => new Promise((finish, fail) => runs.push({ finish, fail })),
    close: async () => setEnded(new NightjarError('unavailable', 'closed')),
  };
  return {
    thread,
    runs,
    die(message: string, error = new NightjarError('unavailable', message)) {
      setEnded(error);
      for (const run of runs) run.fail(error);
    },
  };
}
type FakeThread = ReturnType<typeof createFakeThread>;

/** Sleeps until the test says that the time has passed. */
function createFakeClock() {
  const sleeps: { durationMs: number; wake: () => void }[] = [];
  let nowMs = 0;
  const clock: Clock = {
    nowMs: () => nowMs,
    sleep: (durationMs, signal) =>
      new Promise((wake) => {
        sleeps.push({ durationMs, wake });
        signal?.addEventListener('abort', () => wake());
        if (signal?.aborted) wake();
      }),
  };
  return { clock, sleeps, pass: (ms: number) => (nowMs += ms) };
}

const request = () => ({ batch: 1, pixels: new Uint8Array(3) });
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function withPool(workers: number, use: (parts: Parts) => Promise<void>, failStarts = new Set<number>()) {
  const threads: FakeThread[] = [];
  const { clock, sleeps, pass } = createFakeClock();
  let starts = 0;
  const start = async (): Promise<OnnxThread> => {
    starts += 1;
    if (failStarts.has(starts)) throw new NightjarError('unavailable', `start ${starts} failed`);
    const fake = createFakeThread();
    threads.push(fake);
    return fake.thread;
  };
  const pool = await createOnnxPool({ workers, start, clock, log: silentLog });
  await use({ pool, threads, sleeps, pass }).finally(() => pool.close());
}
interface Parts {
  readonly pool: OnnxPool;
  readonly threads: FakeThread[];
  readonly sleeps: { durationMs: number; wake: () => void }[];
  readonly pass: (ms: number) => void;
}

describe('runs', () => {
  test('go to free threads, one each, and wait for one otherwise', () =>
    withPool(2, async ({ pool, threads }) => {
      const results = [1, 2, 3].map(() => pool.run(request()));
      await settle();
      expect(threads.map(({ runs }) => runs.length)).toEqual([1, 1]);
      threads[1]?.runs[0]?.finish({ answer: 'b' });
      await expect(results[1]).resolves.toEqual({ answer: 'b' });
      await settle();
      expect(threads.map(({ runs }) => runs.length)).toEqual([1, 2]);
      threads[0]?.runs[0]?.finish({ answer: 'a' });
      threads[1]?.runs[1]?.finish({ answer: 'c' });
      expect(await Promise.all(results)).toEqual([{ answer: 'a' }, { answer: 'b' }, { answer: 'c' }]);
    }));

  test('are refused as overloaded when too many wait', () =>
    withPool(1, async ({ pool }) => {
      const waiting = Array.from({ length: 17 }, () => pool.run(request()).catch(() => undefined));
      await expect(pool.run(request())).rejects.toMatchObject({ kind: 'overloaded' });
      await pool.close();
      await Promise.race(waiting);
    }));
});

describe('a thread that dies', () => {
  test('fails its own run; the others go on; another is started', () =>
    withPool(2, async ({ pool, threads, sleeps }) => {
      const [first, second, third] = [1, 2, 3].map(() => pool.run(request()));
      threads[0]?.die('out of memory');
      await expect(first).rejects.toMatchObject({ kind: 'unavailable', message: 'out of memory' });
      expect(pool.fault()).toBeNull();
      threads[1]?.runs[0]?.finish({});
      await second;
      await settle();
      threads[1]?.runs[1]?.finish({});
      await third;
      sleeps[0]?.wake();
      await expect.poll(() => threads.length).toBe(3);
    }));

  test('as the last one fails the waiting runs too, until another has started', () =>
    withPool(1, async ({ pool, threads, sleeps }) => {
      const results = [1, 2].map(() => pool.run(request()));
      threads[0]?.die('driver lost');
      for (const result of results) await expect(result).rejects.toMatchObject({ kind: 'unavailable' });
      expect(pool.fault()).toBe('driver lost');
      await expect(pool.run(request())).rejects.toThrow('driver lost');
      sleeps[0]?.wake();
      await expect.poll(() => pool.fault()).toBeNull();
      const result = pool.run(request());
      threads[1]?.runs[0]?.finish({ answer: 1 });
      await expect(result).resolves.toEqual({ answer: 1 });
    }));

  test('of a run that hangs lays that to the pictures of this run, not to those that wait', () =>
    withPool(1, async ({ pool, threads }) => {
      const [own, waiting] = [1, 2].map(() => pool.run(request()).catch((thrown: unknown) => thrown));
      threads[0]?.die('', new HangError('no answer'));
      expect(await own).toBeInstanceOf(HangError);
      for (const other of [waiting, pool.run(request()).catch((thrown: unknown) => thrown)]) {
        expect(await other).toMatchObject({ kind: 'unavailable', message: 'no answer' });
        expect(await other).not.toBeInstanceOf(HangError);
      }
    }));

  test('young is started anew at growing intervals, and at once again after a long life', () =>
    withPool(
      1,
      async ({ threads, sleeps, pass }) => {
        threads[0]?.die('first');
        for (const expected of [100, 200, 400]) {
          await expect.poll(() => sleeps.at(-1)?.durationMs).toBe(expected);
          sleeps.at(-1)?.wake();
        }
        await expect.poll(() => threads.length).toBe(2);
        pass(60_000);
        threads[1]?.die('second');
        await expect.poll(() => sleeps.at(-1)?.durationMs).toBe(100);
      },
      new Set([2, 3]),
    ));
});

describe('the pool', () => {
  test('does not open when a thread cannot start, and closes those that did', async () => {
    const started = createFakeThread();
    let starts = 0;
    const start = async (): Promise<OnnxThread> => {
      if (starts++ > 0) throw new NightjarError('unavailable', 'no such file');
      return started.thread;
    };
    const opening = createOnnxPool({ workers: 2, start, clock: createFakeClock().clock, log: silentLog });
    await expect(opening).rejects.toThrow('no such file');
    await expect(started.thread.ended).resolves.toMatchObject({ message: 'closed' });
  });

  test('rejects what waits when it closes, and everything afterwards', () =>
    withPool(1, async ({ pool }) => {
      void pool.run(request()).catch(() => undefined);
      const waiting = pool.run(request());
      await Promise.all([expect(waiting).rejects.toMatchObject({ kind: 'unavailable' }), pool.close()]);
      await expect(pool.run(request())).rejects.toMatchObject({ kind: 'unavailable' });
    }));
});
