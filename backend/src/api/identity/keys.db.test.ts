import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../tests/harness/database.ts';
import { eventually } from '../../../tests/harness/eventually.ts';
import { systemClock } from '../../lib/clock.ts';
import { newId } from '../../lib/id.ts';
import { seedCamera } from '../tests/seed.ts';
import { startKeyedApi, type KeyedApi } from '../tests/test-keys.ts';

const HOUR_MS = 3_600_000;

let db: TestDatabase;
let api: KeyedApi;
/** How far the API's clock is ahead. */
let aheadMs = 0;
beforeAll(async () => {
  db = await createTestDatabase();
  const clock = { ...systemClock, nowMs: () => Date.now() + aheadMs };
  api = await startKeyedApi(db, { clock });
  await seedCamera(db, 'yard');
});
afterAll(async () => {
  await api.close();
  await db.close();
});

const ask = (key: string, path = '/api/cameras') => api.send(path, { headers: { 'X-API-Key': key } });
const audited = (query: string) => api.get(`/api/audit?${query}`) as Promise<{ items: Record<string, unknown>[] }>;

describe('a key', () => {
  test('is shown once, works at once, and is recognised by its first characters', async () => {
    const response = await api.sendJson('POST', '/api/keys', { name: 'Wall tablet', role: 'viewer', camera_ids: ['yard'] }); // prettier-ignore
    expect(response.status).toBe(201);
    const { key, ...shown } = (await response.json()) as { key: string; id: string; prefix: string };
    expect(response.headers.get('location')).toBe(`/api/keys/${shown.id}`);
    expect(key).toMatch(/^nj_[\w-]{43}$/);
    expect(shown).toMatchObject({ name: 'Wall tablet', role: 'viewer', camera_ids: ['yard'], prefix: key.slice(0, 11), expires_at: null, last_used_at: null, revoked_at: null }); // prettier-ignore
    expect((await ask(key)).status).toBe(200);
    expect(await api.get(`/api/keys/${shown.id}`)).toEqual(shown);
    expect(await api.get('/api/keys')).toMatchObject({ items: [shown] });
    expect(await (await ask(key, '/api/session')).json()).toEqual({ role: 'viewer', name: 'Wall tablet', camera_ids: ['yard'], expires_at: null }); // prettier-ignore
  });

  test('is kept nowhere: neither it nor any longer part of it is in the database', async () => {
    const create = (): Promise<Response> =>
      api.send('/api/keys', { method: 'POST', body: JSON.stringify({ name: 'a key', role: 'admin' }), headers: { 'Content-Type': 'application/json', 'Idempotency-Key': 'once' } }); // prettier-ignore
    const { key } = (await (await create()).json()) as { key: string };
    const again = await create();
    expect([again.status, await again.text()]).toEqual([409, expect.stringContaining('its secret was shown then') as string]); // prettier-ignore
    const session = await api.login(key);
    await api.withCookie(session, '/api/session', 'DELETE');
    const tables = await db.query((sql) => sql<{ name: string }[]>`
      select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`); // prettier-ignore
    expect(tables.length).toBeGreaterThan(15);
    for (const { name } of tables) {
      const rows = await db.query((sql) => sql<{ row: string }[]>`select row_to_json(given)::text as row from ${sql(name)} as given`); // prettier-ignore
      const text = rows.map(({ row }) => row).join('\n');
      expect(text).not.toContain(key.slice(11));
      expect(text).not.toContain(key.slice(0, 20));
      expect(text).not.toContain(session.split('=')[1]);
    }
  });

  test.each<[string, object, string]>([
    ['no name', { role: 'viewer' }, 'body.name'],
    ['a blank name', { name: ' ', role: 'viewer' }, 'body.name'],
    ['no role', { name: 'a' }, 'body.role'],
    ['another role', { name: 'a', role: 'root' }, 'body.role'],
    ['an admin of some cameras', { name: 'a', role: 'admin', camera_ids: ['yard'] }, 'body.camera_ids'],
    ['no cameras at all', { name: 'a', role: 'viewer', camera_ids: [] }, 'body.camera_ids'],
    ['an unknown camera', { name: 'a', role: 'viewer', camera_ids: ['yard', 'nowhere'] }, 'body.camera_ids.1'],
    ['an end in the past', { name: 'a', role: 'viewer', expires_at: '2020-01-01T00:00:00Z' }, 'body.expires_at'],
    ['an end that is none', { name: 'a', role: 'viewer', expires_at: 'tomorrow' }, 'body.expires_at'],
    ['more than there is', { name: 'a', role: 'viewer', key: 'mine' }, 'body.key'],
  ])('with %s is refused', async (_what, wanted, path) => {
    const response = await api.sendJson('POST', '/api/keys', wanted);
    expect(response.status).toBe(400);
    expect(((await response.json()) as { errors: { path: string }[] }).errors.map((fault) => fault.path)).toEqual([
      path,
    ]);
  });

  test('cannot be changed, and one that there is not cannot be revoked', async () => {
    const { id } = await api.createKey({ role: 'viewer' });
    expect((await api.sendJson('PATCH', `/api/keys/${id}`, { role: 'admin' })).status).toBe(405);
    for (const nobody of [newId(), 'admin'])
      expect((await api.send(`/api/keys/${nobody}`, { method: 'DELETE' })).status).toBe(404);
  });

  test('is refused once it is revoked, and its row is kept', async () => {
    const { id, key } = await api.createKey({ role: 'viewer' });
    const cookie = await api.login(key);
    expect((await api.withCookie(cookie, '/api/cameras')).status).toBe(200);
    for (let times = 0; times < 2; times += 1)
      expect((await api.send(`/api/keys/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await ask(key)).status).toBe(401);
    expect((await api.withCookie(cookie, '/api/cameras')).status).toBe(401);
    expect(((await api.get(`/api/keys/${id}`)) as { revoked_at: string }).revoked_at).toMatch(/Z$/);
    expect((await audited(`action=key.revoked&target_id=${id}`)).items).toHaveLength(1);
  });

  test('is refused once it has expired, and a session does not outlive it', async () => {
    const { key } = await api.createKey({ role: 'viewer', expires_at: new Date(Date.now() + HOUR_MS).toISOString() });
    const cookie = await api.login(key);
    expect([(await ask(key)).status, (await api.withCookie(cookie, '/api/cameras')).status]).toEqual([200, 200]);
    aheadMs = HOUR_MS + 1;
    expect(await (await ask(key)).text()).toContain('has expired');
    expect([(await ask(key)).status, (await api.withCookie(cookie, '/api/cameras')).status]).toEqual([401, 401]);
    aheadMs = 0;
  });

  test('that has expired meanwhile is still the answer to the Idempotency-Key it was asked for with', async () => {
    const body = JSON.stringify({
      name: 'a',
      role: 'viewer',
      expires_at: new Date(Date.now() + HOUR_MS).toISOString(),
    });
    const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': newId() };
    const create = () => api.send('/api/keys', { method: 'POST', body, headers });
    expect((await create()).status).toBe(201);
    aheadMs = HOUR_MS + 1;
    expect((await create()).status).toBe(409);
    aheadMs = 0;
  });

  test('has the time of its last use written by and by', async () => {
    const { id, key } = await api.createKey({ role: 'viewer' });
    await ask(key);
    await eventually(async () => ((await api.get(`/api/keys/${id}`)) as { last_used_at: string | null }).last_used_at, { withinMs: 10_000 }); // prettier-ignore
  });
});

describe('a session', () => {
  test('says who it is, and is of the key that logged in', async () => {
    const { key } = await api.createKey({ name: 'Guest', role: 'ingest' });
    const cookie = await api.login(key);
    const shown = await (await api.withCookie(cookie, '/api/session')).json();
    expect(shown).toMatchObject({ role: 'ingest', name: 'Guest', camera_ids: null, expires_at: expect.stringMatching(/Z$/) as string }); // prettier-ignore
    expect((await api.withCookie(cookie, '/api/cameras')).status).toBe(403);
  });

  test('is over for good when it is ended, and others of the same key are not', async () => {
    const { key } = await api.createKey({ role: 'viewer' });
    const [one, other] = [await api.login(key), await api.login(key)];
    const foreign = await fetch(`${api.url}/api/session`, { method: 'DELETE', headers: { cookie: one } });
    expect(foreign.status).toBe(403);
    const ended = await api.withCookie(one, '/api/session', 'DELETE');
    expect(ended.status).toBe(204);
    expect(ended.headers.get('set-cookie')).toContain('Max-Age=0');
    expect((await api.withCookie(one, '/api/cameras')).status).toBe(401);
    expect((await api.withCookie(other, '/api/cameras')).status).toBe(200);
    expect((await api.withCookie(one, '/api/session', 'DELETE')).status).toBe(204);
  });

  test('changes nothing for another page', async () => {
    const { key } = await api.createKey({ role: 'admin' });
    const cookie = await api.login(key);
    const post = (headers: Record<string, string>) =>
      fetch(`${api.url}/api/cameras`, { method: 'POST', body: '{"name":"Porch"}', headers: { cookie, 'Content-Type': 'application/json', ...headers } }); // prettier-ignore
    for (const headers of [{}, { origin: 'http://127.0.0.1:1' }, { 'sec-fetch-site': 'same-site' }])
      expect((await post(headers)).status).toBe(403);
    expect((await post({ origin: api.url })).status).toBe(201);
  });
});

describe('the audit', () => {
  test('tells who made a key, and never the key', async () => {
    const { id, key } = await api.createKey({ name: 'Second admin', role: 'admin' });
    const response = await api.send('/api/keys', {
      method: 'POST',
      headers: { 'X-API-Key': key, 'Content-Type': 'application/json', 'X-Request-Id': 'asked-by-me' },
      body: JSON.stringify({ name: 'By the second', role: 'ingest' }),
    });
    const made = (await response.json()) as { id: string; key: string };
    const { items } = await audited(`actor_id=${id}`);
    expect(items).toMatchObject([
      { actor_id: id, actor_name: 'Second admin', actor_role: 'admin', via: 'key', action: 'key.created', target_id: made.id, before: null, after: { name: 'By the second', role: 'ingest' }, address: '127.0.0.1', request_id: response.headers.get('x-request-id') },
    ]); // prettier-ignore
    expect(JSON.stringify(items)).not.toContain(made.key.slice(11));
  });

  test('tells of logins and their ends, and can be narrowed down and paged through', async () => {
    const { id, key } = await api.createKey({ role: 'viewer' });
    await api.withCookie(await api.login(key), '/api/session', 'DELETE');
    const { items } = await audited(`actor_id=${id}`);
    expect(items.map(({ action, via }) => [action, via])).toEqual([
      ['session.ended', 'session'],
      ['session.created', 'session'],
    ]);
    const [{ at, target_id: target } = {}] = items;
    expect((await audited(`target_id=${String(target)}&action=session.ended&since=${String(at)}`)).items).toHaveLength(
      1,
    );
    expect((await audited(`target_id=${String(target)}&until=${String(items[1]?.['at'])}`)).items).toEqual([]);
    const first = (await api.get(`/api/audit?actor_id=${id}&limit=1&count=true`)) as { next_cursor: string };
    expect(first).toMatchObject({ items: [{ action: 'session.ended' }], total: 2 });
    expect(await api.get(`/api/audit?actor_id=${id}&limit=1&cursor=${first.next_cursor}`)).toMatchObject({ items: [{ action: 'session.created' }], next_cursor: null }); // prettier-ignore
  });
});
