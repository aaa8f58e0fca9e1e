import { afterEach, expect, test } from 'vitest';
import { eventually } from '../../../tests/harness/eventually.ts';
import { startRedis, type TestRedis } from '../../../tests/harness/redis.ts';
import { BusyError, toNightjarError } from '../../lib/errors.ts';
import { createGuard, type Guard, type GuardOptions } from './guard.ts';

const ADDRESS = '203.0.113.7';
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function open(options: GuardOptions = {}): Guard {
  const guard = createGuard(options);
  closers.push(guard.close);
  return guard;
}

async function openRedis(): Promise<TestRedis> {
  const redis = await startRedis();
  closers.push(redis.close);
  return redis;
}

const outcome = (run: Promise<void>): Promise<string> =>
  run.then(
    () => 'wrong',
    (thrown: unknown) => (thrown instanceof BusyError ? '429' : toNightjarError(thrown).kind),
  );

/** So many wrong keys; resolves to how many were shut out. */
async function guess(guard: Guard, times: number, address = ADDRESS): Promise<number> {
  const outcomes: string[] = [];
  for (let time = 0; time < times; time += 1) outcomes.push(await outcome(guard.fail(address)));
  return outcomes.filter((one) => one === '429').length;
}

test('after ten wrong keys an address is shut out, and says for how long', async () => {
  const guard = open();
  expect(await guess(guard, 10)).toBe(0);
  const thrown = await guard.fail(ADDRESS).then(() => undefined, (error: unknown) => error as BusyError); // prettier-ignore
  expect(thrown).toBeInstanceOf(BusyError);
  expect(thrown?.retryAfterS).toBeGreaterThan(50);
  expect(thrown?.retryAfterS).toBeLessThanOrEqual(60);
  expect(await guess(guard, 1, '203.0.113.8')).toBe(0);
});

test('of IPv6 it is the network, and IPv4 is the same in either form', async () => {
  const guard = open();
  await guess(guard, 10, '2001:db8:1:2::1');
  expect(await guess(guard, 1, '2001:db8:1:2:ffff::7')).toBe(1);
  expect(await guess(guard, 1, '2001:db8:1:3::1')).toBe(0);
  await guess(guard, 10, `::ffff:${ADDRESS}`);
  expect(await guess(guard, 1)).toBe(1);
});

test('whoever goes on while shut out is not shut out for longer', async () => {
  const guard = open({ windowS: 1 });
  await guess(guard, 15);
  await eventually(async () => (await guess(guard, 1)) === 0, { withinMs: 3_000 });
});

test('shut out, the right key of a person counts only where it was used before', async () => {
  const guard = open();
  await guess(guard, 10);
  expect(await outcome(guard.pass(ADDRESS))).toBe('429');
  const other = '203.0.113.9';
  expect(await outcome(guard.pass(other))).toBe('wrong');
  await guess(guard, 15, other);
  expect(await outcome(guard.pass(other))).toBe('wrong');
});

test('the right key, used many times at once, uses nothing up', async () => {
  const guard = open();
  const all = await Promise.all(Array.from({ length: 50 }, () => outcome(guard.pass(ADDRESS))));
  expect(new Set(all)).toEqual(new Set(['wrong']));
  expect(await guess(guard, 10)).toBe(0);
});

test('among a thousand guesses at once, ten are answered', async () => {
  const guard = open();
  const all = await Promise.all(Array.from({ length: 1_000 }, () => outcome(guard.fail(ADDRESS))));
  expect(all.filter((one) => one === 'wrong')).toHaveLength(10);
});

test('logins with a good key are bounded, too', async () => {
  const guard = open();
  for (let time = 0; time < 60; time += 1) await guard.login('a', ADDRESS);
  await expect(guard.login('a', ADDRESS)).rejects.toBeInstanceOf(BusyError);
  await guard.login('b', ADDRESS);
});

test('processes of a house count together, those of another do not', async () => {
  const { url } = await openRedis();
  const [one, two, other] = ['house', 'house', 'another'].map((houseId) => open({ redis: { url, houseId } }));
  if (!one || !two || !other) throw new Error('three guards');
  // As soon as they are connected: until then each counts alone.
  await eventually(async () => {
    const address = `198.51.100.${Math.floor(Math.random() * 256)}`;
    return (await guess(one, 10, address)) === 0 && (await guess(two, 1, address)) === 1;
  });
  expect(await guess(other, 1)).toBe(0);
  expect(await guess(one, 6)).toBe(0);
  expect(await guess(two, 4)).toBe(0);
  expect(await outcome(one.fail(ADDRESS))).toBe('429');
  expect(await outcome(two.pass(ADDRESS))).toBe('429');
});

test.each(['gone', 'hanging'] as const)(
  'with Redis %s nobody is locked out, and guessing stays bounded',
  async (how) => {
    const redis = await openRedis();
    const guard = open({ redis: { url: redis.url, houseId: 'house' } });
    await guess(guard, 4);
    if (how === 'gone') await redis.close();
    else redis.pause();
    closers.push(() => Promise.resolve(redis.resume()));
    expect(await outcome(guard.pass('203.0.113.20'))).toBe('wrong');
    // Those that were counted here before are not forgotten.
    expect(await guess(guard, 6)).toBe(0);
    expect(await guess(guard, 3)).toBe(3);
  },
);
