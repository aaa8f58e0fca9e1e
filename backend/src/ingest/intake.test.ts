import { describe, expect, it, vi } from 'vitest';
import { NightjarError } from '../lib/errors.ts';
import { silentLog } from '../lib/log.ts';
import type { Next } from './examine.ts';
import { createIntake } from './intake.ts';
import { createOutage } from './outage.ts';
import { createJumpClock } from './test-inbox.ts';

function setUp(examine: (path: string) => Promise<Next>) {
  const { clock, putForward } = createJumpClock();
  const outage = createOutage({ clock, log: silentLog, onOver: () => intake.wakeAll() });
  const intake = createIntake({ clock, log: silentLog, examine, outage });
  return { intake, outage, putForward };
}

const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 4_500, interval: 2 });

describe('an outage', () => {
  it('is waited for ever longer, however many fail together, and over when all that failed succeeds', async () => {
    const { outage, intake, putForward } = setUp(async () => 'done');
    const fail = (what: string) =>
      outage.guard(what, async () => Promise.reject(new NightjarError('unavailable', 'away'))).catch(() => undefined);
    await Promise.all([fail('record'), fail('record'), fail('store'), fail('store')]);
    expect(outage.waitMs()).toBeLessThanOrEqual(100);
    for (let failure = 0; failure < 12; failure++) {
      putForward(10_000);
      await fail('record');
    }
    expect(outage.waitMs()).toBeGreaterThan(4_000);
    expect(outage.waitMs()).toBeLessThanOrEqual(5_000);
    await outage.guard('record', async () => undefined);
    expect(outage.isOn()).toBe(true);
    await outage.guard('store', async () => undefined);
    expect(outage.isOn()).toBe(false);
    expect(outage.waitMs()).toBe(0);
    await intake.close();
  });

  it('is not what a fault of one file is', async () => {
    const { outage, intake } = setUp(async () => 'done');
    const fault = new NightjarError('invalid', 'no such camera');
    await expect(outage.guard('camera', async () => Promise.reject(fault))).rejects.toBe(fault);
    expect(outage.isOn()).toBe(false);
    await intake.close();
  });
});

describe('the work list', () => {
  it('examines four at a time, and each once', async () => {
    let active = 0;
    let activeMax = 0;
    const seen: string[] = [];
    const { intake } = setUp(async (path) => {
      activeMax = Math.max(activeMax, ++active);
      await new Promise((resolve) => setImmediate(resolve));
      active--;
      seen.push(path);
      return 'done';
    });
    for (let number = 0; number < 100; number++) expect(intake.offer(String(number))).toBe(true);
    await intake.idle();
    expect(activeMax).toBe(4);
    expect(seen).toEqual(Array.from({ length: 100 }, (_, number) => String(number)));
    await intake.close();
  });

  it('takes 10,000 paths, and says so beyond; a scan is held back before', async () => {
    const { intake } = setUp(async () => ({ waitMs: 1_000_000 }));
    for (let number = 0; number < 10_000; number++) expect(intake.offer(String(number))).toBe(true);
    expect(intake.offer('one more')).toBe(false);
    expect(intake.offer('7')).toBe(true);
    let hasRoom = false;
    void intake.room().then(() => (hasRoom = true));
    await eventually(() => expect(intake.stats()).toEqual({ waiting: 10_000, examining: 0 }));
    expect(hasRoom).toBe(false);
    await intake.close();
    expect(intake.stats()).toEqual({ waiting: 0, examining: 0 });
  });

  it('looks again at a path when a hint comes while it is examined, or while it waits', async () => {
    let looks = 0;
    const { intake } = setUp(async (path) => {
      if (++looks === 1) intake.offer(path);
      return looks < 3 ? { waitMs: 1_000_000 } : 'done';
    });
    intake.offer('a');
    await eventually(() => expect(looks).toBe(2));
    intake.offer('a');
    await intake.idle();
    expect(looks).toBe(3);
    await intake.close();
  });

  it('looks again when a hint comes while the last file at a path is being dealt with', async () => {
    let looks = 0;
    const { intake } = setUp(async (path) => {
      if (++looks === 1) intake.offer(path);
      return 'done';
    });
    intake.offer('a');
    await intake.idle();
    expect(looks).toBe(2);
    await intake.close();
  });

  it('tries again after a failure, ever more seldom, and holds up nobody else', async () => {
    let looks = 0;
    const { intake, putForward } = setUp(async (path) => {
      if (path === 'fine') return 'done';
      if (++looks <= 10) throw new NightjarError('unavailable', 'EACCES');
      return 'done';
    });
    intake.offer('unreadable');
    intake.offer('fine');
    await eventually(() => expect(intake.stats().waiting).toBe(1));
    for (let failure = 1; failure <= 10; failure++) {
      await eventually(() => {
        putForward(60_000);
        expect(looks).toBeGreaterThan(failure);
      });
    }
    await intake.idle();
    await intake.close();
  });

  it('holds everything back in an outage, and goes on at once when it is over', async () => {
    let isAway = true;
    let tries = 0;
    const { intake, outage } = setUp(async () => {
      await outage.guard('record', async () => {
        tries++;
        if (isAway) throw new NightjarError('unavailable', 'away');
      });
      return 'done';
    });
    for (let number = 0; number < 1_000; number++) intake.offer(String(number));
    await eventually(() => expect(outage.isOn()).toBe(true));
    isAway = false;
    await intake.idle();
    expect(outage.isOn()).toBe(false);
    // Each of them once, and the few that were in hand when it began.
    expect(tries).toBeLessThan(1_020);
    await intake.close();
  });
});
