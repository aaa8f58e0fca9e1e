import { expect, it } from 'vitest';
import type { Clock } from './clock.ts';
import { withTimeLimit } from './time-limit.ts';

/** Time passes when the test says so. */
function createHandClock(): Clock & { pass(): void } {
  let wake = (): void => undefined;
  const sleep = (_ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
      signal?.addEventListener('abort', () => resolve());
    });
  return { nowMs: () => 0, sleep, pass: () => wake() };
}
const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
const late = (): Error => new Error('late');

it('ends the work when its time is up', async () => {
  const clock = createHandClock();
  const working = withTimeLimit({ timeoutMs: 5, clock, late }, untilAborted);
  clock.pass();
  await expect(working).rejects.toThrow('late');
});

it('ends the work with the signal, with its reason', async () => {
  const stop = new AbortController();
  const working = withTimeLimit({ timeoutMs: 5, clock: createHandClock(), late, signal: stop.signal }, untilAborted);
  stop.abort(new Error('closing'));
  await expect(working).rejects.toThrow('closing');
});

it('has ended before it began where the signal has', async () => {
  const options = { timeoutMs: 5, clock: createHandClock(), late, signal: AbortSignal.abort(new Error('closed')) };
  expect(await withTimeLimit(options, (signal) => Promise.resolve(signal.aborted))).toBe(true);
});

it('leaves work alone that is done, and nothing on the signal', async () => {
  const [clock, stop] = [createHandClock(), new AbortController()];
  const seen: AbortSignal[] = [];
  const run = (signal: AbortSignal) => Promise.resolve(void seen.push(signal));
  await withTimeLimit({ timeoutMs: 5, clock, late, signal: stop.signal }, run);
  clock.pass();
  stop.abort();
  await Promise.resolve();
  expect(seen.map(({ aborted }) => aborted)).toEqual([false]);
});
