import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../tests/harness/database.ts';
import { eventually } from '../../../tests/harness/eventually.ts';
import { freePort, startRedis } from '../../../tests/harness/redis.ts';
import { steadyClock, systemClock } from '../../lib/clock.ts';
import { newId } from '../../lib/id.ts';
import { createAuthenticator } from '../auth.ts';
import { problemSchema } from '../problem.ts';
import { startTestApi, TEST_KEY, type TestApi } from '../tests/test-api.ts';
import { createRateLimiter, type RateLimiter } from './rate-limiter.ts';
import { createUpgradeLimit } from './upgrade-limit.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.close());

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function openLimiter(perMinute: number, redis?: { url: string; houseId: string }): RateLimiter {
  const limiter = createRateLimiter({ perMinute, redis, clock: steadyClock });
  closers.push(() => limiter.close());
  return limiter;
}

async function openApi(perMinute: number): Promise<TestApi> {
  const api = await startTestApi(db, { rateLimiter: openLimiter(perMinute), trustedProxies: ['loopback'] });
  closers.push(() => api.close());
  return api;
}

const statuses = async (count: number, send: () => Promise<Response>): Promise<number[]> => {
  const seen: number[] = [];
  for (let at = 0; at < count; at += 1) {
    const response = await send();
    seen.push(response.status);
    await response.body?.cancel();
  }
  return seen;
};

describe('requests', () => {
  it('are told what is left on every answer, and are 429 with a time when nothing is', async () => {
    const api = await openApi(2);
    const first = await api.send('/api/cameras');
    expect(Object.fromEntries(first.headers)).toMatchObject({
      'ratelimit-policy': '"default";q=2;w=60',
      ratelimit: '"default";r=1;t=60',
      'ratelimit-limit': '2',
      'ratelimit-remaining': '1',
      'ratelimit-reset': '60',
    });
    const second = await api.send('/api/frames?limit=wrong');
    expect([second.status, second.headers.get('ratelimit-remaining')]).toEqual([400, '0']);
    const third = await api.send('/api/cameras');
    expect(third.status).toBe(429);
    const waitS = Number(third.headers.get('retry-after'));
    expect(waitS).toBeGreaterThanOrEqual(1);
    expect(waitS).toBeLessThanOrEqual(60);
    expect(third.headers.get('ratelimit-remaining')).toBe('0');
    const problem = problemSchema.strict().parse(await third.json());
    expect(problem).toMatchObject({ status: 429, title: 'Too Many Requests', kind: 'overloaded' });
  });

  it('of strangers are counted by address, wrong keys included, and leave the good key alone', async () => {
    const api = await openApi(3);
    const guess = () => fetch(`${api.url}/api/frames`, { headers: { 'X-API-Key': 'wrong' } });
    expect(await statuses(4, guess)).toEqual([401, 401, 401, 429]);
    expect(await statuses(1, () => fetch(`${api.url}/api/session`, { method: 'POST', body: '{}' }))).toEqual([429]);
    expect(await statuses(4, () => api.send('/api/cameras'))).toEqual([200, 200, 200, 429]);
    const elsewhere = { 'X-API-Key': 'wrong', 'X-Forwarded-For': '203.0.113.9' };
    expect(await statuses(1, () => fetch(`${api.url}/api/frames`, { headers: elsewhere }))).toEqual([401]);
  });

  it('of probes, and of the collector on this machine, are not counted', async () => {
    const api = await openApi(1);
    for (const path of ['/health', '/ready', '/metrics']) {
      const get = () => fetch(`${api.url}${path}`);
      expect(await statuses(3, get)).toEqual([200, 200, 200]);
      expect((await get()).headers.has('ratelimit')).toBe(false);
    }
  });

  it('for pictures and for the page itself weigh a tenth', async () => {
    const api = await openApi(1);
    expect(await statuses(11, () => api.send(`/api/frames/${newId()}/image`))).toEqual([...Array<number>(10).fill(404), 429]); // prettier-ignore
    expect(await statuses(11, () => fetch(`${api.url}/`))).toEqual([...Array<number>(10).fill(200), 429]);
  });

  it('to open a socket count too', async () => {
    const api = await openApi(2);
    const limiter = openLimiter(2);
    const authenticate = createUpgradeLimit(createAuthenticator({ adminApiKey: TEST_KEY, clock: systemClock }), limiter); // prettier-ignore
    const request = (key: string) =>
      ({ headers: { 'x-api-key': key }, socket: { remoteAddress: '192.0.2.1' } }) as unknown as Parameters<typeof authenticate>[0]; // prettier-ignore
    for (const key of [TEST_KEY, TEST_KEY]) await authenticate(request(key));
    await expect(authenticate(request(TEST_KEY))).rejects.toMatchObject({ kind: 'overloaded', retryAfterS: 60 });
    for (let count = 0; count < 2; count += 1)
      await expect(authenticate(request('wrong'))).rejects.toMatchObject({ kind: 'unauthorized' });
    await expect(authenticate(request('wrong'))).rejects.toMatchObject({ kind: 'overloaded' });
    expect((await api.send('/api/cameras')).status).toBe(200);
  });
});

describe('with Redis', () => {
  const share = (url: string, houseId: string = randomUUID()) => ({ url, houseId });
  /** Asked under a name of its own until Redis is what answers. */
  const untilShared = (one: RateLimiter, other: RateLimiter) =>
    eventually(
      async () => {
        const keyId = randomUUID();
        await one.take({ keyId, address: null });
        return (await other.take({ keyId, address: null })).remaining === 98;
      },
      { what: 'a count that is shared' },
    );

  it('processes of one house count together, other houses apart', async () => {
    const house = share(inject('redisUrl'));
    const [one, two, stranger] = [openLimiter(100, house), openLimiter(100, house), openLimiter(100, share(house.url))];
    await untilShared(one, two);
    const caller = { keyId: 'k', address: null };
    for (let count = 0; count < 100; count += 1) await (count % 2 === 0 ? one : two).take(caller);
    expect(await one.take(caller)).toMatchObject({ isExceeded: true, limit: 100, remaining: 0 });
    expect(await two.take(caller)).toMatchObject({ isExceeded: true });
    expect(await stranger.take(caller)).toMatchObject({ isExceeded: false });
  });

  it('one that is not there, hangs or goes away holds nothing up, and each process counts alone', async () => {
    const port = await freePort();
    const house = share(`redis://127.0.0.1:${port}`);
    const [one, two] = [openLimiter(100, house), openLimiter(100, house)];
    const caller = { keyId: 'k', address: null };
    expect(await one.take(caller)).toMatchObject({ remaining: 99 });
    const redis = await startRedis(port);
    closers.push(() => redis.close());
    await untilShared(one, two);
    redis.pause();
    const taken = await Promise.all(Array.from({ length: 50 }, () => one.take({ keyId: 'l', address: null })));
    expect(Math.min(...taken.map(({ remaining }) => remaining))).toBe(50);
    expect(await one.take({ keyId: 'l', address: null })).toMatchObject({ remaining: 49 });
    redis.resume();
    await untilShared(one, two);
    await redis.close();
    expect((await one.take({ keyId: 'm', address: null })).remaining).toBe(99);
  });
});
