import { afterEach, expect, it, vi } from 'vitest';
import { steadyClock, systemClock } from './clock.ts';

afterEach(() => vi.useRealTimers());

const HOUR_MS = 3_600_000;

it('the steady clock does not step when the time of day does', () => {
  const before = { steady: steadyClock.nowMs(), system: systemClock.nowMs() };
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - HOUR_MS });
  expect(systemClock.nowMs()).toBeLessThan(before.system);
  const passedMs = steadyClock.nowMs() - before.steady;
  expect(passedMs).toBeGreaterThanOrEqual(0);
  expect(passedMs).toBeLessThan(HOUR_MS / 2);
});
