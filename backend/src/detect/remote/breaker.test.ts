import { afterEach, expect, it, vi } from 'vitest';
import { NightjarError } from '../../lib/errors.ts';
import { createBreaker } from './breaker.ts';

afterEach(() => vi.useRealTimers());

const HOUR_MS = 3_600_000;
const fail = () => Promise.reject(new NightjarError('unavailable', 'away'));

it('is tried out again though the clock was set back while it was open', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 10 * HOUR_MS });
  const breaker = createBreaker({ breakMsFirst: 1_000, breakMsMax: 1_000 });
  for (let failure = 0; failure < 3; failure += 1)
    await expect(breaker.run(fail, { isCounted: true })).rejects.toThrow('away');
  const work = vi.fn(() => Promise.resolve());
  await breaker.tryOut(work);
  expect([breaker.isClosed(), work.mock.calls.length]).toEqual([false, 0]);
  vi.setSystemTime(9 * HOUR_MS);
  await breaker.tryOut(work);
  expect([breaker.isClosed(), work.mock.calls.length]).toEqual([true, 1]);
});
