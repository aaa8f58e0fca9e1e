import { expect, it } from 'vitest';
import { NightjarError } from '../lib/errors.ts';
import { createStoreOutage, StoreAwayError } from './store-outage.ts';

function openStore() {
  let nowMs = 0;
  const outage = createStoreOutage({ clock: { nowMs: () => nowMs, sleep: () => Promise.resolve() } });
  const away = () => outage.read(() => Promise.reject(new NightjarError('unavailable', 'EIO')));
  return { outage, away, good: () => outage.read(() => Promise.resolve('bytes')), pass: (ms: number) => (nowMs += ms) };
}

it('counts the first failure, and then none until something was read', async () => {
  const { away, good } = openStore();
  await expect(away()).rejects.not.toBeInstanceOf(StoreAwayError);
  await expect(away()).rejects.toBeInstanceOf(StoreAwayError);
  await expect(away()).rejects.toBeInstanceOf(StoreAwayError);
  await good();
  await expect(away()).rejects.not.toBeInstanceOf(StoreAwayError);
});

it('pauses for longer and longer, once for all reads that fail together', async () => {
  const { outage, away, good, pass } = openStore();
  const pauses: number[] = [];
  for (let round = 0; round < 7; round++) {
    for (let read = 0; read < 3; read++) await away().catch(() => undefined);
    pauses.push(outage.waitMs());
    pass(outage.waitMs());
  }
  expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  await away().catch(() => undefined);
  await good();
  expect(outage.waitMs()).toBe(0);
});

it('lets a file that is not there be what it is', async () => {
  const { outage } = openStore();
  const missing = () => outage.read(() => Promise.reject(new NightjarError('not_found', 'gone')));
  await expect(missing()).rejects.toMatchObject({ kind: 'not_found' });
  expect(outage.waitMs()).toBe(0);
});
