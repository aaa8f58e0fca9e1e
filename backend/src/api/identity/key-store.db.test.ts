import { IncomingMessage, type IncomingHttpHeaders } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../tests/harness/database.ts';
import { eventually } from '../../../tests/harness/eventually.ts';
import { openDatabase } from '../../db/index.ts';
import { systemClock as clock } from '../../lib/clock.ts';
import { silentLog as log } from '../../lib/log.ts';
import { createAuthenticator, SESSION_COOKIE } from '../auth.ts';
import { createKeyStore, type KeyStore } from './key-store.ts';
import { insertEndedSession, insertKey, revokeKey } from './key-rows.ts';

const wanted = { name: 'a key', role: 'viewer', cameraIds: null, expiresAt: null } as const;
const ADMIN_KEY = 'a-key-for-tests-0123456789';
/** A second was promised; the rest is for a busy machine. */
const WITHIN_MS = 3_000;

let db: TestDatabase;
const closers: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  db = await createTestDatabase();
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await db.close();
});

/** As in a process of its own: with its own connections. */
async function openStore(options: { listen?: boolean; pollMs?: number } = {}): Promise<KeyStore> {
  const own = openDatabase(db.target);
  closers.push(() => own.close());
  const store = await createKeyStore({ db: own, clock, log, ...options });
  closers.push(() => store.close());
  return store;
}

const request = (headers: IncomingHttpHeaders): IncomingMessage =>
  Object.assign(new IncomingMessage(new Socket()), { method: 'GET', headers });

const makeKey = () => db.transaction((tx) => insertKey(tx, wanted));

test.each([
  ['told by a notice', { pollMs: 600_000 }],
  ['never told, by looking', { listen: false }],
])(
  '%s, every process knows of a new key, a revoked one and an ended session within a second',
  async (_how, options) => {
    const stores = [await openStore(options), await openStore(options)];
    const isKnown = (known: (store: KeyStore) => boolean) =>
      eventually(() => stores.every(known), { withinMs: WITHIN_MS, what: 'both to know' });
    // Whoever listens only by a notice must have begun to.
    const { key, row } = await makeKey();
    await isKnown((store) => store.find(key)?.id === row.id && store.byId(row.id)?.name === 'a key');
    let looks = 0;
    stores[0]?.onLook(() => (looks += 1));
    await db.transaction((tx) => insertEndedSession(tx, { id: 'a-session', expiresAt: new Date(Date.now() + 60_000) }));
    await isKnown((store) => store.isEnded('a-session'));
    await db.transaction((tx) => revokeKey(tx, row.id));
    await isKnown((store) => store.find(key) === undefined && store.byId(row.id) === undefined);
    expect(looks).toBeGreaterThan(1);
  },
);

test('what was committed is known after a refresh', async () => {
  const store = await openStore({ listen: false, pollMs: 600_000 });
  const { key } = await makeKey();
  expect(store.find(key)).toBeUndefined();
  await store.refresh();
  expect(store.find(key)).toBeDefined();
});

test('processes that start at once sign sessions with one secret, which outlives them all', async () => {
  const stores = await Promise.all([1, 2, 3, 4].map(() => openStore()));
  const secrets = new Set(stores.map((store) => store.sessionSecret()));
  expect([...secrets]).toEqual([expect.stringMatching(/^[\w-]{43}$/)]);
  for (const store of stores) await store.close();
  const restarted = await openStore();
  expect(restarted.sessionSecret()).toBe(stores[0]?.sessionSecret());
});

test('a session that one process makes is good for another, and for nobody once the secret is a new one', async () => {
  const [one, other] = [await openStore(), await openStore()].map((keys) =>
    createAuthenticator({ adminApiKey: ADMIN_KEY, clock, keys }),
  );
  const login = await one?.login(ADMIN_KEY, request({}));
  const ask = () => other?.authenticateRequest(request({ cookie: `${SESSION_COOKIE}=${login?.token}` }));
  expect(await ask()).toMatchObject({ by: 'session', role: 'admin' });
  await db.query((sql) => sql`delete from house_secrets`);
  await eventually(() => ask()?.then(() => false, () => true), { withinMs: WITHIN_MS, what: 'the session to end' }); // prettier-ignore
  await expect(ask()).rejects.toMatchObject({ kind: 'unauthorized' });
});

test('a key that is wrong by one character is nobody', async () => {
  const store = await openStore();
  const { key } = await makeKey();
  await store.refresh();
  for (const wrong of ['', key.slice(0, -1), `${key}a`, key.toUpperCase(), key.replace('nj_', '')])
    expect(store.find(wrong)).toBeUndefined();
});

test('while the database is away keys go on working', async () => {
  const { key } = await makeKey();
  const own = openDatabase(db.target);
  const store = await createKeyStore({ db: own, clock, log, pollMs: 20 });
  closers.push(() => store.close());
  await own.close();
  await store.refresh(); // in vain, without a word
  expect(store.find(key)).toBeDefined();
  expect(store.isLoaded()).toBe(true);
});

test('one that starts while the database is away knows that it knows nobody', async () => {
  const own = openDatabase(db.target);
  await own.close();
  const store = await createKeyStore({ db: own, clock, log });
  closers.push(() => store.close());
  expect(store.isLoaded()).toBe(false);
});

test('no more keys than every process can hold', async () => {
  await db.query((sql) => sql`
    insert into api_keys (id, name, prefix, key_hash, role)
    select gen_random_uuid(), 'k', 'nj_', encode(sha256(n::text::bytea), 'hex'), 'viewer' from generate_series(1, 1000) as n`); // prettier-ignore
  await expect(makeKey()).rejects.toMatchObject({ kind: 'conflict', message: /revoke/ });
});

test('ended sessions and audited changes are forgotten when nobody needs them', async () => {
  await db.query((sql) => sql`
    insert into ended_sessions (id, expires_at) values ('old', now() - interval '2 days'), ('new', now() + interval '1 day')`); // prettier-ignore
  await db.query((sql) => sql`
    insert into audit (id, at, actor_id, actor_name, actor_role, via, action)
    values (gen_random_uuid(), now() - interval '500 days', 'a', 'a', 'admin', 'key', 'old'),
      (gen_random_uuid(), now(), 'a', 'a', 'admin', 'key', 'new')`); // prettier-ignore
  await openStore();
  const left = () => db.query((sql) => sql<{ name: string }[]>`
    select id as name from ended_sessions union all select action from audit`); // prettier-ignore
  await eventually(async () => (await left()).every(({ name }) => name === 'new'));
  expect(await left()).toHaveLength(2);
});
