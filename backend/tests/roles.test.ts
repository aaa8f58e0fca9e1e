/** The same program in three processes on one PostgreSQL and one Redis, and Redis going away. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isGapless } from './harness/account.ts';
import { createCleanups } from './harness/cleanups.ts';
import { createTestDatabase, type TestDatabase } from './harness/database.ts';
import { eventually } from './harness/eventually.ts';
import {
  API_KEY,
  createDataDir,
  drop,
  listen,
  runCli,
  startProcess,
  type Listener,
  type NightjarProcess,
} from './harness/nightjar.ts';
import { readStreet, withComment } from './harness/pictures.ts';
import { freePort, startRedis, type TestRedis } from './harness/redis.ts';

const ROLES = ['ingest', 'detect,analyze', 'api'];

const cleanups = createCleanups();
let dataDir: Awaited<ReturnType<typeof createDataDir>>;
let db: TestDatabase;
let redis: TestRedis;
let redisPort: number;
let healthPort: number;
let processes: NightjarProcess[] = [];
let api: NightjarProcess;
let dashboard: Listener;

beforeAll(async () => {
  dataDir = await createDataDir();
  cleanups.add(dataDir.remove);
  db = await createTestDatabase();
  cleanups.add(db.close);
  redisPort = await freePort();
  redis = await startRedis(redisPort);
  cleanups.add(() => redis.close());
  healthPort = await freePort();
  await mkdir(path.join(dataDir.path, 'inbox'));
  const env = { DATABASE_URL: db.url, REDIS_URL: redis.url };
  processes = await Promise.all(
    ROLES.map(async (roles) => {
      const door = roles === 'ingest' ? { HEALTH_PORT: String(healthPort) } : {};
      const started = await startProcess(dataDir.path, { ...env, ...door, ROLES: roles });
      cleanups.add(() => started.kill('SIGKILL'));
      return started;
    }),
  );
  const found = processes.find(({ url }) => url !== '');
  if (!found) throw new Error('no process serves the API');
  api = found;
  dashboard = await listen(api.url);
});

afterAll(cleanups.run);

async function dropFrame(name: string): Promise<void> {
  await drop(path.join(dataDir.path, 'inbox'), `gate/${name}.jpg`, withComment(await readStreet(), name));
}

const isHeard = (name: string) => (): boolean =>
  dashboard.messages.some(({ type, data }) => type === 'detection.created' && data.frame.source_name === `${name}.jpg`);
const readBus = async () => (await api.get<{ parts: { bus: { detail?: string } } }>('/ready')).parts.bus.detail;

it('hears in one process what was dropped into another and examined by a third', async () => {
  await dropFrame('20240610_120000');
  await eventually(isHeard('20240610_120000'), { withinMs: 20_000, what: 'the message by way of Redis' });
});

it('hears on while Redis is away, and misses nothing when it is back', async () => {
  await redis.close();
  await eventually(async () => (await readBus()) !== undefined, { what: 'the loss of Redis noticed' });
  await dropFrame('20240610_120001');
  await eventually(isHeard('20240610_120001'), { withinMs: 20_000, what: 'the message by polling' });
  redis = await startRedis(redisPort);
  await eventually(async () => (await readBus()) === undefined, { withinMs: 30_000, what: 'Redis back' });
  await dropFrame('20240610_120002');
  await eventually(isHeard('20240610_120002'), { withinMs: 20_000, what: 'the message after the return of Redis' });
  const [row] = await db.query((sql) => sql<{ seq: number }[]>`select seq from outbox_head`);
  await eventually(() => dashboard.messages.length >= (row?.seq ?? Infinity), { what: 'every message' });
  expect(isGapless(dashboard.messages)).toBe(true);
});

it('tells of the health of a process without the API, and nothing else', async () => {
  const door = `http://127.0.0.1:${healthPort}`;
  expect(await (await fetch(`${door}/ready`)).json()).toMatchObject({ status: 'ready' });
  expect(await (await fetch(`${door}/metrics`)).text()).toMatch(/^nightjar_database_up 1$/m);
  const headers = { 'x-api-key': API_KEY };
  expect((await fetch(`${door}/api/frames`, { headers })).status).toBe(404);
  const env = { ROLES: 'ingest', HEALTH_PORT: String(healthPort) };
  expect(await runCli(['health'], { cwd: dataDir.path, env })).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/healthy/) as unknown,
  });
  const closed = { ...env, HEALTH_PORT: String(await freePort()) };
  expect(await runCli(['health'], { cwd: dataDir.path, env: closed })).toMatchObject({ code: 1 });
});

it('ends each process cleanly', async () => {
  expect(await Promise.all(processes.map((one) => one.kill('SIGTERM')))).toEqual([0, 0, 0]);
  expect(await dashboard.closed).toBe(1001);
});
