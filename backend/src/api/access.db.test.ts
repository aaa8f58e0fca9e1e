/**
 * Who may do what: every operation of the document, with every kind of caller, against the table below. A new route needs a
 * line in it. And a key that is limited to some cameras learns nothing of the others, by any route that answers it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { createApp } from './app.ts';
import type { ApiOptions } from './options.ts';
import { isPagePath } from './dashboard.ts';
import { toOperations, toPath, toRequests, type Operation } from './tests/access-document.ts';
import { seedSide, type Side } from './tests/access-rows.ts';
import { startKeyedApi, type KeyedApi } from './tests/test-keys.ts';

/** Each operation, and the role that it needs: `open` needs no key, `any` one of whatever role. */
const table: Readonly<Record<string, 'open' | 'any' | 'viewer' | 'ingest' | 'admin'>> = {
  'GET /health': 'open',
  'GET /ready': 'open',
  'GET /metrics': 'viewer',
  'POST /api/session': 'open',
  'DELETE /api/session': 'open',
  'GET /api/session': 'any',
  'GET /api/system': 'viewer',
  'GET /api/system/gpu': 'viewer',
  'GET /api/keys': 'admin',
  'POST /api/keys': 'admin',
  'GET /api/keys/{id}': 'admin',
  'DELETE /api/keys/{id}': 'admin',
  'GET /api/audit': 'admin',
  'GET /api/cameras': 'viewer',
  'POST /api/cameras': 'admin',
  'GET /api/cameras/{id}': 'viewer',
  'PATCH /api/cameras/{id}': 'admin',
  'DELETE /api/cameras/{id}': 'admin',
  'GET /api/cameras/{id}/snapshot': 'viewer',
  'GET /api/frames': 'viewer',
  'GET /api/frames/{id}': 'viewer',
  'GET /api/frames/{id}/image': 'viewer',
  'POST /api/frames/{id}/requeue': 'admin',
  'POST /api/frames/requeue': 'admin',
  'GET /api/clips': 'viewer',
  'GET /api/clips/{id}': 'viewer',
  'GET /api/clips/{id}/video': 'viewer',
  'GET /api/clips/{id}/frames': 'viewer',
  'POST /api/clips/{id}/requeue': 'admin',
  'POST /api/clips/requeue': 'admin',
  'GET /api/detections': 'viewer',
  'GET /api/detections/{id}': 'viewer',
  'GET /api/events': 'viewer',
  'GET /api/events/{id}': 'viewer',
  'PATCH /api/events/{id}': 'admin',
  'GET /api/events/{id}/detections': 'viewer',
  'GET /api/events/{id}/frames': 'viewer',
  'GET /api/events/{id}/analyses': 'viewer',
  'POST /api/events/{id}/analyze': 'admin',
  'GET /api/stats/summary': 'viewer',
  'GET /api/stats/pipeline': 'viewer',
  'GET /api/openapi.json': 'viewer',
  'GET /api/system/config': 'admin',
  'GET /api/cameras/{id}/zones': 'viewer',
  'POST /api/cameras/{id}/zones': 'admin',
  'GET /api/cameras/{id}/zones/{zone_id}': 'viewer',
  'PATCH /api/cameras/{id}/zones/{zone_id}': 'admin',
  'DELETE /api/cameras/{id}/zones/{zone_id}': 'admin',
  'POST /api/frames': 'ingest',
  'GET /api/events/export': 'viewer',
  'GET /api/channels': 'admin',
  'POST /api/channels': 'admin',
  'GET /api/channels/{id}': 'admin',
  'PATCH /api/channels/{id}': 'admin',
  'DELETE /api/channels/{id}': 'admin',
  'POST /api/channels/{id}/rotate-secret': 'admin',
  'POST /api/channels/{id}/test': 'admin',
  'GET /api/channels/{id}/deliveries': 'admin',
  'POST /api/channels/{id}/deliveries/{delivery_id}/retry': 'admin',
  'GET /api/rules': 'admin',
  'POST /api/rules': 'admin',
  'POST /api/rules/test': 'admin',
  'GET /api/rules/{id}': 'admin',
  'PATCH /api/rules/{id}': 'admin',
  'DELETE /api/rules/{id}': 'admin',
  'POST /api/rules/{id}/test': 'admin',
  'GET /api/alerts': 'viewer',
  'GET /api/alerts/{id}': 'viewer',
  'PATCH /api/alerts/{id}': 'admin',
  'GET /api/stats/timeline': 'viewer',
  'POST /detect': 'ingest',
  'POST /detect/batch': 'ingest',
  'POST /v1/vision/detection': 'ingest',
};

/** Served without being in the document, the reference and its parts; each needs a key, of whatever role. */
const undocumented = ['', '/docs.js', '/docs.css', '/swagger-ui.js', '/swagger-ui.css'].map(
  (file) => `GET /api/docs${file}`,
);

/** Figures of this very process let in who comes from its own machine, as this test does. */
const openHere = new Set(['GET /metrics']);

/** Of these the answer is another at every call, whoever asks. */
const volatile = new Set(['GET /metrics', 'GET /api/system']);

const callers = ['nobody', 'ingest', 'viewer', 'limited', 'admin', 'expired', 'revoked', 'session'] as const;
type Caller = (typeof callers)[number];

const letIn: Readonly<Record<(typeof table)[string], readonly Caller[]>> = {
  open: callers,
  any: ['ingest', 'viewer', 'limited', 'admin', 'session'],
  viewer: ['viewer', 'limited', 'admin', 'session'],
  ingest: ['ingest', 'admin'],
  admin: ['admin'],
};

const MINE = 'quokka';
const OTHERS = 'xyzzy';

const nothing = (): Promise<void> => Promise.resolve();

let db: TestDatabase;
let api: KeyedApi;
let operations: readonly Operation[];
let mine: Side;
let headers: Readonly<Record<Caller, Record<string, string>>>;
beforeAll(async () => {
  db = await createTestDatabase();
  // Guesses are not the subject here, and there are many.
  const guard = { fail: nothing, pass: nothing, login: nothing, close: nothing };
  api = await startKeyedApi(db, {}, guard);
  mine = await seedSide({ db, media: api.media, mark: MINE, at: 0 });
  operations = toOperations((await api.get('/api/openapi.json')) as Parameters<typeof toOperations>[0]);
  headers = await openCallers();
});
afterAll(async () => {
  await api.close();
  await db.close();
});

async function openCallers(): Promise<typeof headers> {
  const keyOf = async (wanted: object) => ({ 'X-API-Key': (await api.createKey(wanted)).key });
  const [viewer, expired, revoked] = [await api.createKey({ role: 'viewer' }), await api.createKey({ role: 'admin' }), await api.createKey({ role: 'admin' })]; // prettier-ignore
  await db.query((sql) => sql`update api_keys set expires_at = now() - interval '1 s' where id = ${expired.id}`);
  await api.send(`/api/keys/${revoked.id}`, { method: 'DELETE' });
  return {
    nobody: {},
    ingest: await keyOf({ role: 'ingest' }),
    viewer: { 'X-API-Key': viewer.key },
    limited: await keyOf({ role: 'viewer', camera_ids: [mine.cameras] }),
    admin: await keyOf({ role: 'admin' }),
    expired: { 'X-API-Key': expired.key },
    revoked: { 'X-API-Key': revoked.key },
    session: { cookie: await api.login(viewer.key), origin: api.url },
  };
}

const ask = (caller: Caller, method: string, path: string): Promise<Response> =>
  fetch(`${api.url}${path}`, {
    method,
    headers: { ...headers[caller], ...(method !== 'GET' && { 'Content-Type': 'application/json' }) },
    ...(method !== 'GET' && method !== 'DELETE' && { body: '{}' }),
  });

describe('the table', () => {
  test('has a line for every operation, and none for what there is not', () => {
    expect(operations.map(({ name }) => name).sort()).toEqual(Object.keys(table).sort());
  });

  test('says of each what the document says', () => {
    const stated = operations.map(({ name, security }) => [
      name,
      security.length === 0 ? 'open' : (security.flatMap((scheme) => scheme['api_key'] ?? [])[0] ?? 'any'),
    ]);
    expect(Object.fromEntries(stated)).toEqual(table);
  });

  test('leaves no route out', () => {
    const app = createApp({ detector: { picturesAtOnceMax: 1 } } as ApiOptions);
    const served = app.routes.filter(({ method }) => method !== 'ALL');
    const names = new Set(served.map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`));
    const pages = served.filter(({ path }) => isPagePath(path)).map(({ method, path }) => `${method} ${path}`);
    expect([...names].filter((name) => !(name in table) && !pages.includes(name))).toEqual(undocumented);
  });
});

describe.each(callers)('%s', (caller) => {
  test('is let in where the table says so, and nowhere else', async () => {
    const wrong: string[] = [];
    // The session ends with its last call.
    const inOrder = [...operations].sort((a) => (a.name === 'DELETE /api/session' ? 1 : -1));
    for (const { name, method, path } of inOrder) {
      // What changes something is asked to do it to nothing.
      const { status } = await ask(caller, method, toPath({ path }, method === 'GET' ? mine : {}));
      const isIn = letIn[table[name] ?? 'open'].includes(caller) || openHere.has(name);
      const isKnown = !['nobody', 'expired', 'revoked'].includes(caller);
      const isAsExpected = isIn ? ![401, 403].includes(status) && status < 500 : status === (isKnown ? 403 : 401);
      if (!isAsExpected) wrong.push(`${name}: ${status}`);
    }
    expect(wrong).toEqual([]);
  });

  test('gets what is in no document only with a key', async () => {
    for (const name of undocumented) {
      const { status } = await ask(caller, 'GET', name.replace('GET ', ''));
      const isLetIn = letIn.any.includes(caller) && caller !== 'session'; // its session is over by now
      expect(`${name}: ${status}`).toBe(`${name}: ${isLetIn ? 200 : 401}`);
    }
  });
});

describe('a key that is limited to a camera', () => {
  let others: Side;
  let reading: readonly Operation[];
  /** What it was answered, by URL, before there was another camera. */
  const before = new Map<string, string>();
  const toHour = (): number => Math.floor(Date.now() / 3_600_000);
  let hourBefore: number;

  const words = (): readonly string[] => [`${OTHERS}-cam`, `${OTHERS}cat`, OTHERS];
  const answer = async (caller: Caller, path: string): Promise<string> => {
    const response = await ask(caller, 'GET', path);
    return `${response.status} ${Buffer.from(await response.arrayBuffer()).toString('latin1')}`;
  };
  /** But for the number of the request, and what was asked for, which an error may name. */
  const toFacts = (text: string): string => text.replace(/"request_id":"[^"]*"/, '').replace(/^4[^]*/, (error) => error.slice(0, 3)); // prettier-ignore
  /** The operations, as `GET ...`, of those of whose URLs this is true. */
  async function whichOf(ids: Side, isSo: (path: string, name: string) => Promise<boolean>): Promise<Set<string>> {
    const found = new Set<string>();
    for (const operation of reading)
      for (const path of toRequests(operation, { ids, words: [...words(), others?.events ?? OTHERS] }))
        if (await isSo(path, operation.name)) found.add(operation.name);
    return found;
  }

  beforeAll(async () => {
    reading = operations.filter(
      ({ method, name }) => method === 'GET' && ['any', 'viewer'].includes(table[name] ?? ''),
    );
    hourBefore = toHour();
    for (const operation of reading)
      for (const path of toRequests(operation, { ids: mine, words: words() }))
        before.set(path, toFacts(await answer('limited', path)));
    others = await seedSide({ db, media: api.media, mark: OTHERS, at: 10 });
  });

  test('gets all that its own camera has', async () => {
    const missing = reading.filter(({ name }) => name.includes('{')).map((operation) => toPath(operation, mine));
    expect(missing.length).toBeGreaterThan(10);
    for (const path of missing) expect(`${path} ${(await ask('limited', 'GET', path)).status}`).toBe(`${path} 200`);
  });

  test('finds nothing under the ids of another', async () => {
    const byId = reading.filter(({ name }) => name.includes('{'));
    for (const operation of byId) {
      const path = toPath(operation, others);
      const statuses = [(await ask('limited', 'GET', path)).status, (await ask('viewer', 'GET', path)).status];
      expect(`${path} ${statuses.join(' ')}`).toBe(`${path} 404 200`);
    }
    // Nor a thing of the other by way of its own camera.
    for (const operation of byId.filter(({ path }) => path.startsWith('/api/cameras/{id}/') && path.includes('_id}')))
      expect((await ask('limited', 'GET', toPath(operation, { ...others, cameras: mine.cameras }))).status).toBe(404);
  });

  test('reads not a word of another in any answer', async () => {
    const secrets = [OTHERS, ...Object.values(others)];
    const tells = (text: string): boolean => secrets.some((secret) => text.includes(secret));
    const toAll = await whichOf(others, async (path) => tells(toFacts(await answer('viewer', path))));
    expect(toAll.size).toBeGreaterThan(10);
    const toLimited = await whichOf(mine, async (path) => tells(toFacts(await answer('limited', path))));
    expect([...toLimited]).toEqual([]);
  });

  test('is answered to the byte as if there were no other', async () => {
    const differs = await whichOf(mine, async (path, name) => {
      // Its spans end with the hour that it is.
      if (name === 'GET /api/stats/timeline' && toHour() !== hourBefore) return false;
      const then = before.get(path);
      return then !== undefined && !volatile.has(name) && toFacts(await answer('limited', path)) !== then;
    });
    expect([...differs]).toEqual([]);
  });
});
