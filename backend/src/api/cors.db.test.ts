import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../db/index.ts';
import { createRateLimiter } from './limits/rate-limiter.ts';
import { startTestApi, TEST_KEY, type Sent, type TestApi } from './tests/test-api.ts';
import { systemClock } from '../lib/clock.ts';

const PAGE = 'https://dash.example.org';
const db = openDatabase({ socketDir: '/nonexistent', database: 'none' });
let api: TestApi;
let closed: TestApi;
beforeAll(async () => {
  const rateLimiter = createRateLimiter({ perMinute: 1_000, clock: systemClock });
  api = await startTestApi(db, { corsOrigins: [PAGE, 'http://localhost:3000'], rateLimiter });
  closed = await startTestApi(db);
});
afterAll(async () => {
  await Promise.all([api.close(), closed.close()]);
  await db.close();
});

const ask = (to: TestApi, origin: string, init: Sent = {}) =>
  fetch(`${to.url}/api/system`, { ...init, headers: { origin, ...init.headers } });
const preflight = (to: TestApi, origin: string) =>
  ask(to, origin, { method: 'OPTIONS', headers: { 'Access-Control-Request-Method': 'PATCH', 'Access-Control-Request-Headers': 'x-api-key' } }); // prettier-ignore
const corsOf = (response: Response): Record<string, string> =>
  Object.fromEntries([...response.headers].filter(([name]) => name.startsWith('access-control-')));
const key = { headers: { 'X-API-Key': TEST_KEY } };

test('a page that is on the list may ask, with a key, and never with cookies', async () => {
  const asked = await preflight(api, PAGE);
  expect(asked.status).toBe(204);
  expect(corsOf(asked)).toMatchObject({
    'access-control-allow-origin': PAGE,
    'access-control-allow-methods': expect.stringContaining('PATCH') as string,
    'access-control-allow-headers': expect.stringMatching(/X-API-Key.*Idempotency-Key.*Range/) as string,
    'access-control-max-age': '600',
  });
  expect(corsOf(asked)).not.toHaveProperty('access-control-allow-credentials');
  const response = await ask(api, PAGE, key);
  expect([response.status, response.headers.get('vary')]).toEqual([200, 'Origin']);
  expect(corsOf(response)).toEqual({
    'access-control-allow-origin': PAGE,
    'access-control-expose-headers': expect.stringMatching(/RateLimit.*Retry-After.*X-Request-Id.*ETag.*Location/) as string, // prettier-ignore
  });
});

test('errors can be read by the page too', async () => {
  expect(corsOf(await ask(api, PAGE))).toHaveProperty('access-control-allow-origin', PAGE);
  const missing = await fetch(`${api.url}/api/nowhere`, { headers: { origin: PAGE, 'X-API-Key': TEST_KEY } });
  expect([missing.status, corsOf(missing)['access-control-allow-origin']]).toEqual([404, PAGE]);
});

test.each([
  'https://evil.example.org',
  'https://dash.example.org.evil.example',
  'http://dash.example.org',
  'https://dash.example.org:8443',
  'https://DASH.example.org',
  'null',
])('a page of %s is told nothing', async (origin) => {
  expect(corsOf(await ask(api, origin, key))).toEqual({});
  const asked = await preflight(api, origin);
  expect([asked.status, corsOf(asked)]).toEqual([401, {}]);
});

test('without a list nobody may', async () => {
  for (const response of [await ask(closed, PAGE, key), await preflight(closed, PAGE)]) {
    expect(corsOf(response)).toEqual({});
    expect(response.headers.get('vary')).toBeNull();
  }
});
