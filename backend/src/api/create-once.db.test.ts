import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { systemClock } from '../lib/clock.ts';
import { NightjarError } from '../lib/errors.ts';
import { createAuthenticator } from './auth.ts';
import { createOnce } from './create-once.ts';
import { createEmptyApp } from './route-parts.ts';
import { startTestApi, TEST_KEY, type TestApi } from './tests/test-api.ts';

let db: TestDatabase;
let api: TestApi;
let keyId: string;
beforeAll(async () => {
  db = await createTestDatabase();
});
beforeEach(async () => {
  await db.query((sql) => sql`truncate cameras, audit, idempotent_answers cascade`);
  keyId = 'admin';
  const authenticator = createAuthenticator({ adminApiKey: TEST_KEY, clock: systemClock });
  const authenticateRequest: typeof authenticator.authenticateRequest = async (request) => ({
    ...(await authenticator.authenticateRequest(request)),
    keyId,
  });
  api = await startTestApi(db, { authenticator: { ...authenticator, authenticateRequest } });
});
afterEach(() => api.close());
afterAll(() => db.close());

const create = (word: string, body: object, to = api) =>
  to.send('/api/cameras', {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': word },
  });
const yard = { id: 'yard', name: 'Yard' };
const count = async (table: 'cameras' | 'audit' | 'idempotent_answers'): Promise<number> =>
  (await db.query((sql) => sql<{ count: number }[]>`select count(*) from ${sql(table)}`))[0]?.count ?? -1;

describe('an Idempotency-Key', () => {
  test('gives the first answer again, and creates once', async () => {
    const first = await create('a', yard);
    const again = await create('a', yard);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(await again.json()).toEqual(await first.json());
    expect([first, again].map(({ headers }) => headers.get('idempotent-replayed'))).toEqual([null, 'true']);
    expect(again.headers.get('location')).toBe('/api/cameras/yard');
    expect([await count('cameras'), await count('audit'), api.said.length]).toEqual([1, 1, 1]);
  });

  test('of many at once creates once, and all have the same answer', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => create('a', yard)));
    expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(201));
    expect(answers.filter(({ headers }) => headers.has('idempotent-replayed'))).toHaveLength(11);
    expect([await count('cameras'), await count('audit')]).toEqual([1, 1]);
  });

  test('that stands for another request is refused', async () => {
    await create('a', yard);
    const other = await create('a', { id: 'door', name: 'Door' });
    expect([other.status, await other.json()]).toMatchObject([422, { kind: 'invalid', detail: /another request/ }]);
    expect(await count('cameras')).toBe(1);
  });

  test('is free again when the request failed', async () => {
    await create('a', yard);
    expect((await create('b', yard)).status).toBe(409);
    await db.query((sql) => sql`delete from cameras`);
    expect((await create('b', yard)).status).toBe(201);
  });

  test('is free again when the transaction did not commit', async () => {
    const transact = () => Promise.reject(new NightjarError('unavailable', 'the outbox is away'));
    const failing = await startTestApi(db, { transact });
    expect((await create('a', yard, failing)).status).toBe(503);
    await failing.close();
    expect((await create('a', yard)).headers.has('idempotent-replayed')).toBe(false);
  });

  test('is that of one caller: another may choose the same', async () => {
    await create('a', yard);
    keyId = 'another';
    expect((await create('a', yard)).status).toBe(409); // the camera is there, and the answer is not theirs
    expect((await create('a', { id: 'door', name: 'Door' })).status).toBe(201);
  });

  test.each([['x'.repeat(256)], ['with space'], ['\u00e9']])('such as %j is refused', async (word) => {
    expect((await create(word, yard)).status).toBe(400);
    expect(await count('cameras')).toBe(0);
  });

  test('is kept for a day, and cleared away by those who come after', async () => {
    await create('a', yard);
    await create('b', { id: 'door', name: 'Door' });
    await db.query((sql) => sql`update idempotent_answers set created_at = now() - interval '25 hours'`);
    expect((await create('a', yard)).status).toBe(409);
    await create('c', { id: 'gate', name: 'Gate' });
    expect(await count('idempotent_answers')).toBe(1);
  });
});

test('an answer with a secret is not kept, and not given again', async () => {
  const transact = <T>(use: (tx: never, say: () => void) => Promise<T>) =>
    db.transaction((tx) => use(tx as never, () => undefined));
  const app = createEmptyApp();
  app.post('/', async (c) => {
    c.set('identity', {
      role: 'admin',
      by: 'key',
      keyId: 'k',
      name: 'k',
      cameraIds: null,
      sessionId: null,
      expiresAt: null,
    });
    const created = await createOnce(c, {
      transact: transact as Parameters<typeof createOnce>[1]['transact'],
      create: async () => ({ body: { secret: 'nj_hunter2' }, location: '/api/keys/1' }),
      isShownOnce: true,
    });
    return c.json(created.body, 201, created.headers);
  });
  app.onError((thrown, c) => c.json({ kind: (thrown as NightjarError).kind, detail: thrown.message }, 400));
  const send = () => app.request('/', { method: 'POST', headers: { 'Idempotency-Key': 'a' } }, { incoming: {} });
  expect(await (await send()).json()).toEqual({ secret: 'nj_hunter2' });
  expect(await (await send()).json()).toMatchObject({ kind: 'conflict', detail: /\/api\/keys\/1.*shown/ });
  const rows = await db.query((sql) => sql`select * from idempotent_answers`);
  expect(JSON.stringify(rows)).not.toContain('hunter2');
});
