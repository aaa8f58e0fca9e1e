/** Keys as a person deals with them, on two processes of one house: made on a terminal, used, and taken away. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import WebSocket from 'ws';
import { createCleanups } from './harness/cleanups.ts';
import { createTestDatabase, type TestDatabase } from './harness/database.ts';
import { eventually } from './harness/eventually.ts';
import { API_KEY, createDataDir, runCli, startProcess, type NightjarProcess } from './harness/nightjar.ts';

const TEST_MS = 120_000;

interface Made {
  readonly id: string;
  readonly key: string;
}

const cleanups = createCleanups();
let dir: string;
let db: TestDatabase;
let processes: readonly NightjarProcess[] = [];

beforeAll(async () => {
  const dataDir = await createDataDir();
  cleanups.add(dataDir.remove);
  dir = dataDir.path;
  db = await createTestDatabase();
  cleanups.add(db.close);
  const env = { DATABASE_URL: db.url, ROLES: 'api', LOG_LEVEL: 'debug' };
  processes = await Promise.all(
    [1, 2].map(async () => {
      const started = await startProcess(dir, env);
      cleanups.add(() => started.kill('SIGKILL'));
      return started;
    }),
  );
}, TEST_MS);
afterAll(cleanups.run);

const keys = (...args: string[]) => runCli(['keys', ...args], { cwd: dir, env: { DATABASE_URL: db.url } });

async function makeKey(...args: string[]): Promise<Made> {
  const { stdout, stderr, code } = await keys('create', '--json', ...args);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Made;
}

/** By every process. */
const statuses = (headers: Record<string, string>): Promise<number[]> =>
  Promise.all(processes.map(async ({ url }) => (await fetch(`${url}/api/cameras`, { headers })).status));

async function login(key: string): Promise<string> {
  const [{ url } = { url: '' }] = processes;
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(`${url}/api/session`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ api_key: key }),
  });
  expect(response.status).toBe(200);
  return response.headers.get('set-cookie')?.split(';')[0] ?? '';
}

interface Socket {
  readonly opened: Promise<string>;
  readonly closed: Promise<string>;
  isOpen(): boolean;
}

/** Every process's socket: what became of opening it, and of it. */
const openSockets = (headersFor: (url: string) => Record<string, string>): readonly Socket[] =>
  processes.map(({ url }) => {
    const ws = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers: headersFor(url) });
    cleanups.add(() => ws.terminate());
    const opened = new Promise<string>((resolve) => {
      ws.once('open', () => resolve('open'));
      ws.once('unexpected-response', (_request, { statusCode }) => resolve(`${statusCode}`));
    });
    ws.on('error', () => undefined); // of what is refused: its status tells it
    const closed = new Promise<string>((resolve) => ws.once('close', (code, reason) => resolve(`${code} ${String(reason)}`))); // prettier-ignore
    return { opened, closed, isOpen: () => ws.readyState === ws.OPEN };
  });
const outcomes = (sockets: readonly Socket[], what: 'opened' | 'closed') =>
  Promise.all(sockets.map((socket) => socket[what]));

it('a key works for all processes at once, and for none once it is revoked', { timeout: TEST_MS }, async () => {
  const { id, key } = await makeKey('--name', 'Wall tablet', '--role', 'viewer');
  await eventually(async () => (await statuses({ 'X-API-Key': key })).every((status) => status === 200));
  const cookie = await login(key);
  expect(await statuses({ cookie })).toEqual([200, 200]);

  const byKey = openSockets(() => ({ 'X-API-Key': key }));
  const bySession = openSockets((origin) => ({ cookie, origin }));
  const byAdmin = openSockets(() => ({ 'X-API-Key': API_KEY }));
  expect(await outcomes([...byKey, ...bySession, ...byAdmin], 'opened')).toEqual(Array(6).fill('open'));

  const { code, stdout } = await keys('revoke', id);
  expect([code, stdout]).toEqual([0, `revoked: Wall tablet (${key.slice(0, 11)}...)\n`]);
  expect(await outcomes([...byKey, ...bySession], 'closed')).toEqual(Array(4).fill('4401 the key was revoked'));
  expect([await statuses({ 'X-API-Key': key }), await statuses({ cookie })]).toEqual([[401, 401], [401, 401]]); // prettier-ignore
  expect(byAdmin.map(({ isOpen }) => isOpen())).toEqual([true, true]);

  const audit = await processes[0]?.get<{ items: object[] }>(`/api/audit?target_id=${id}`);
  expect(audit?.items).toMatchObject([
    { action: 'key.revoked', actor_id: 'cli', via: 'cli', address: null },
    { action: 'key.created', actor_id: 'cli', before: null, after: { name: 'Wall tablet', role: 'viewer' } },
  ]);
  for (const { log } of processes) {
    expect(log()).toContain('"path":"/api/cameras"');
    for (const secret of [key.slice(11), cookie.split('=')[1] ?? '', API_KEY]) expect(log()).not.toContain(secret);
  }
});

it('a session that is ended closes its sockets everywhere, and no others', { timeout: TEST_MS }, async () => {
  const [mine, other] = [await login(API_KEY), await login(API_KEY)];
  const [ended, staying] = [mine, other].map((cookie) => openSockets((origin) => ({ cookie, origin })));
  if (!ended || !staying) throw new Error('two sessions');
  expect(await outcomes([...ended, ...staying], 'opened')).toEqual(Array(4).fill('open'));
  const [{ url } = { url: '' }] = processes;
  const gone = await fetch(`${url}/api/session`, { method: 'DELETE', headers: { cookie: mine, origin: url } });
  expect(gone.status).toBe(204);
  expect(await outcomes(ended, 'closed')).toEqual(Array(2).fill('4401 the session was ended'));
  expect([await statuses({ cookie: mine }), await statuses({ cookie: other })]).toEqual([[401, 401], [200, 200]]); // prettier-ignore
  expect(staying.map(({ isOpen }) => isOpen())).toEqual([true, true]);
});

it('who only brings pictures opens no socket', async () => {
  const body = JSON.stringify({ name: 'FTP box', role: 'ingest' });
  const headers = { 'X-API-Key': API_KEY, 'Content-Type': 'application/json' };
  const made = await fetch(`${processes[0]?.url}/api/keys`, { method: 'POST', headers, body });
  const { key } = (await made.json()) as Made;
  await eventually(async () => (await statuses({ 'X-API-Key': key })).every((status) => status === 403));
  expect(
    await outcomes(
      openSockets(() => ({ 'X-API-Key': key })),
      'opened',
    ),
  ).toEqual(['403', '403']);
});

it('the command line says what is wrong, and what there is', { timeout: TEST_MS }, async () => {
  const wrong: [string[], number, RegExp][] = [
    [['create', '--name', 'a', '--role', 'root'], 2, /admin, viewer, ingest/],
    [['create', '--name', 'a', '--role', 'viewer', '--camera', 'nowhere'], 2, /no camera "nowhere"/],
    [['create', '--name', 'a', '--role', 'viewer', '--expires', '2001-01-01'], 2, /in the future/],
    [['revoke', '00000000-0000-7000-8000-000000000000'], 1, /no key with this id/],
  ];
  const [made, ...ended] = await Promise.all([
    keys('create', '--name', 'Shown', '--role', 'admin'),
    ...wrong.map(([args]) => keys(...args)),
  ]);
  for (const [at, [, code, said]] of wrong.entries())
    expect(ended[at]).toMatchObject({ code, stderr: expect.stringMatching(said) as string });
  expect(made.stdout).toMatch(/^nj_[\w-]{43}\nThis is the only time it is shown\./);
  const [{ stdout: table }, { stdout: lines }] = await Promise.all([keys('list'), keys('list', '--json')]);
  expect(table).toMatch(/│ Shown +│ nj_[\w-]{8} │ admin +│ all/);
  expect(table).not.toContain(made.stdout.slice(11, 46));
  expect(JSON.parse(lines.split('\n')[0] ?? '')).toMatchObject({ name: 'Shown', role: 'admin', revoked_at: null });
});

it('nothing starts without a first key', { timeout: TEST_MS }, async () => {
  const env = { DATABASE_URL: db.url, ADMIN_API_KEY: '' };
  const { code, stderr } = await runCli(['serve'], { cwd: dir, env });
  expect(code).toBe(2);
  expect(stderr).toContain('ADMIN_API_KEY is missing');
});
