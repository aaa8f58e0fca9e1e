import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../tests/harness/database.ts';
import { picturePart, post, toForm, toJpeg, type Answer, type Headers, type Part } from '../tests/forms.ts';
import { startKeyedApi, type KeyedApi } from '../tests/test-keys.ts';

let db: TestDatabase;
let api: KeyedApi;
let image: Part;
beforeAll(async () => {
  db = await createTestDatabase();
  api = await startKeyedApi(db);
  image = picturePart(await toJpeg(), 'image');
});
afterAll(async () => {
  await api.close();
  await db.close();
});

/** As clients do that cannot set headers. */
const send = (key: string, headers: Headers = { 'X-API-Key': '' }): Promise<Answer> =>
  post(api, '/v1/vision/detection', toForm([{ name: 'api_key', body: key }, image]), headers);

test('a key in a form needs the role that a key in a header does', async () => {
  const [ingest, viewer] = [await api.createKey({ role: 'ingest' }), await api.createKey({ role: 'viewer' })];
  expect((await send(ingest.key)).status).toBe(200);
  const refused = await send(viewer.key);
  expect(refused).toMatchObject({ status: 403, body: { success: false, error: expect.stringContaining('ingest') as string } }); // prettier-ignore
  expect((await send('', { 'X-API-Key': viewer.key })).status).toBe(403);
  await api.send(`/api/keys/${ingest.id}`, { method: 'DELETE' });
  expect((await send(ingest.key)).status).toBe(401);
});

test('guesses are counted wherever they are made', async () => {
  const { key } = await api.createKey({ role: 'ingest' });
  const guess = (headers: Headers) => fetch(`${api.url}/api/cameras`, { headers: { ...headers } });
  const body = JSON.stringify({ api_key: 'wrong' });
  const statuses: (number | undefined)[] = [];
  for (let round = 0; round < 4; round += 1) {
    statuses.push((await send('wrong')).status);
    statuses.push((await guess({ 'X-API-Key': 'wrong' })).status);
    statuses.push((await fetch(`${api.url}/api/session`, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } })).status); // prettier-ignore
  }
  // One went to the revoked key of the test above.
  expect(statuses).toEqual([...Array<number>(9).fill(401), 429, 429, 429]);
  const shut = await guess({ Authorization: 'Bearer wrong' });
  expect(shut.status).toBe(429);
  expect(Number(shut.headers.get('retry-after'))).toBeGreaterThan(0);
  // Who is known is let in all the same: by a key of ours, and by the admin's where it was used before.
  expect((await send(key)).status).toBe(200);
  expect((await api.send('/api/cameras')).status).toBe(200);
});
