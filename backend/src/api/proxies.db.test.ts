import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { startTestApi, TEST_KEY, type TestApi } from './tests/test-api.ts';

let db: TestDatabase;
let behind: TestApi;
let direct: TestApi;
beforeAll(async () => {
  db = await createTestDatabase();
  behind = await startTestApi(db, { trustedProxies: ['loopback'] });
  direct = await startTestApi(db, { trustedProxies: ['192.0.2.0/24'] });
});
afterAll(async () => {
  await Promise.all([behind.close(), direct.close()]);
  await db.close();
});

const passedOn = {
  'X-Forwarded-For': '203.0.113.7',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Host': 'cams.example.org',
};

async function login(api: TestApi, headers: Record<string, string>): Promise<string> {
  const response = await fetch(`${api.url}/api/session`, {
    method: 'POST',
    body: JSON.stringify({ api_key: TEST_KEY }),
    headers: { 'Content-Type': 'application/json', ...headers },
  });
  return response.headers.get('set-cookie') ?? '';
}

test('the cookie of a login is Secure where a trusted proxy ends TLS, and only there', async () => {
  expect(await login(behind, passedOn)).toMatch(/; Secure/);
  expect(await login(behind, {})).not.toMatch(/; Secure/);
  expect(await login(direct, passedOn)).not.toMatch(/; Secure/);
});

test('our own origin is the one that the proxy was asked by; nobody else may say so', async () => {
  const cookies = new Map<TestApi, string>();
  for (const api of [behind, direct]) cookies.set(api, (await login(api, passedOn)).split(';')[0] ?? '');
  const ask = async (api: TestApi, origin: string, headers: Record<string, string> = passedOn) =>
    (await fetch(`${api.url}/api/cameras`, { headers: { ...headers, cookie: cookies.get(api) ?? '', origin } })).status;
  expect(await ask(behind, 'https://cams.example.org')).toBe(200);
  expect(await ask(behind, 'http://cams.example.org')).toBe(403); // the page of an attacker in the network
  expect(await ask(behind, 'https://evil.example.org')).toBe(403);
  expect(await ask(behind, 'https://cams.example.org', { ...passedOn, 'X-Forwarded-Host': 'cams.example.org:443' })).toBe(200); // prettier-ignore
  expect(await ask(direct, 'https://cams.example.org')).toBe(403);
  expect(await ask(direct, direct.url)).toBe(200);
});

test('the audit has the address that a trusted proxy says, and nothing that anybody else says', async () => {
  const create = (api: TestApi, id: string) =>
    api.send('/api/cameras', {
      method: 'POST',
      body: JSON.stringify({ id, name: id }),
      headers: { ...passedOn, 'Content-Type': 'application/json' },
    });
  expect((await create(behind, 'one')).status).toBe(201);
  expect((await create(direct, 'two')).status).toBe(201);
  const rows = await db.query(
    (sql) => sql`select target_id, address from audit where action = 'camera.created' order by target_id`,
  );
  expect(rows).toEqual([
    { targetId: 'one', address: '203.0.113.7' },
    { targetId: 'two', address: '127.0.0.1' },
  ]);
});

test('the figures for this very machine are for what comes from it, trusted proxy or not', async () => {
  for (const api of [behind, direct])
    expect((await fetch(`${api.url}/metrics`, { headers: { 'X-Forwarded-For': '127.0.0.1' } })).status).toBe(401);
});
