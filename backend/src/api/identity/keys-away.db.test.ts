/** The database is lost after the start, before the first look at the keys: nobody who is good is called bad. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../tests/harness/database.ts';
import { openDatabase } from '../../db/index.ts';
import { systemClock as clock } from '../../lib/clock.ts';
import { silentLog as log } from '../../lib/log.ts';
import { createAuthenticator, createKeyStore } from '../index.ts';
import { startTestApi, TEST_KEY, type TestApi } from '../tests/test-api.ts';
import { startKeyedApi } from '../tests/test-keys.ts';

let db: TestDatabase;
let api: TestApi;
let key: string;
let cookie: string;
let closeKeys: () => Promise<void>;
beforeAll(async () => {
  db = await createTestDatabase();
  const before = await startKeyedApi(db);
  ({ key } = await before.createKey({ role: 'viewer' }));
  cookie = await before.login(key);
  await before.close();
  const away = openDatabase(db.target);
  await away.close();
  const keys = await createKeyStore({ db: away, clock, log });
  closeKeys = keys.close;
  api = await startTestApi(away, { authenticator: createAuthenticator({ adminApiKey: TEST_KEY, clock, keys }) });
});
afterAll(async () => {
  await api.close();
  await closeKeys();
  await db.close();
});

const ask = async (headers: Record<string, string>, path = '/api/session', method = 'GET') =>
  (await fetch(`${api.url}${path}`, { method, headers: { origin: api.url, ...headers } })).status;

test('the admin key is good, but cannot log in yet', async () => {
  const body = JSON.stringify({ api_key: TEST_KEY });
  const login = await fetch(`${api.url}/api/session`, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } }); // prettier-ignore
  expect([login.status, await ask({ 'X-API-Key': TEST_KEY })]).toEqual([503, 200]);
});

test('a stored key is told to come again, however often it does, and guesses are counted all the same', async () => {
  for (let times = 0; times < 15; times += 1) expect(await ask({ 'X-API-Key': key })).toBe(503);
  const guesses = await Promise.all(Array.from({ length: 12 }, () => ask({ 'X-API-Key': 'guessed' })));
  expect(guesses.sort()).toEqual([...Array<number>(10).fill(401), 429, 429]);
});

test('a session is not said to be over', async () => {
  expect(await ask({ cookie })).toBe(503);
  expect(await ask({ cookie: 'nightjar_session=none' })).toBe(401);
});

test('a session that cannot be ended is not said to have ended', async () => {
  const response = await fetch(`${api.url}/api/session`, { method: 'DELETE', headers: { cookie, origin: api.url } });
  expect([response.status, response.headers.get('set-cookie')]).toEqual([503, null]);
  expect(response.headers.get('retry-after')).not.toBeNull();
});
