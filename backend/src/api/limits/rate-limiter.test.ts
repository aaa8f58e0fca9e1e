import { describe, expect, it } from 'vitest';
import { createMemoryCounter } from './rate-counter.ts';
import { createRateLimiter } from './rate-limiter.ts';

function createSteps() {
  let nowMs = 0;
  return { clock: { nowMs: () => nowMs, sleep: () => Promise.resolve() }, pass: (ms: number) => (nowMs += ms) };
}

const open = (perMinute: number) => {
  const { clock, pass } = createSteps();
  return { pass, limiter: createRateLimiter({ perMinute, clock }) };
};

describe('the rate limit', () => {
  it('counts down, refuses, and is whole again after the minute', async () => {
    const { limiter, pass } = open(3);
    const take = () => limiter.take({ keyId: 'a', address: '192.0.2.1' });
    const seen = [await take(), await take(), await take(), await take()];
    expect(seen.map(({ remaining }) => remaining)).toEqual([2, 1, 0, 0]);
    expect(seen.map(({ isExceeded }) => isExceeded)).toEqual([false, false, false, true]);
    pass(59_000);
    expect(await take()).toMatchObject({ isExceeded: true, resetS: 1 });
    pass(1_000);
    expect(await take()).toMatchObject({ isExceeded: false, remaining: 2, resetS: 60 });
  });

  it('is that of the key wherever it comes from, and of the address for strangers', async () => {
    const { limiter } = open(1);
    await limiter.take({ keyId: 'a', address: '192.0.2.1' });
    expect(await limiter.take({ keyId: 'a', address: '192.0.2.2' })).toMatchObject({ isExceeded: true });
    expect(await limiter.take({ keyId: 'b', address: '192.0.2.1' })).toMatchObject({ isExceeded: false });
    expect(await limiter.take({ address: '192.0.2.1' })).toMatchObject({ isExceeded: false });
    expect(await limiter.take({ address: '::ffff:192.0.2.1' })).toMatchObject({ isExceeded: true });
    expect(await limiter.take({ address: '192.0.2.2' })).toMatchObject({ isExceeded: false });
  });

  it('takes the addresses of one IPv6 network for one', async () => {
    const { limiter } = open(1);
    await limiter.take({ address: '2001:db8:1:2::1' });
    expect(await limiter.take({ address: '2001:db8:1:2:ffff::9' })).toMatchObject({ isExceeded: true });
    expect(await limiter.take({ address: '2001:db8:1:3::1' })).toMatchObject({ isExceeded: false });
    expect(await limiter.take({ address: 'fe80::1%eth0' })).toMatchObject({ isExceeded: false });
  });

  it('lets a picture weigh a tenth', async () => {
    const { limiter } = open(2);
    const take = () => limiter.take({ keyId: 'a', address: null }, { isPicture: true });
    for (let count = 1; count <= 20; count += 1) expect((await take()).isExceeded).toBe(false);
    expect((await take()).isExceeded).toBe(true);
  });

  it('remembers so many callers and no more, the youngest', async () => {
    const { clock } = createSteps();
    const counter = createMemoryCounter({ clock, callersMax: 3 });
    for (const caller of ['a', 'b', 'c', 'd']) await counter.take(caller, 1);
    expect(await counter.take('d', 1)).toMatchObject({ points: 2 });
    expect(await counter.take('b', 1)).toMatchObject({ points: 2 });
    expect(await counter.take('a', 1)).toMatchObject({ points: 1 });
  });
});
