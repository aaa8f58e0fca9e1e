/** Redis away: everything works, no client misses anything, and all that tells of it tells the same. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isGapless } from './harness/account.ts';
import { createCleanups } from './harness/cleanups.ts';
import { createTestDatabase, type TestDatabase } from './harness/database.ts';
import { eventually } from './harness/eventually.ts';
import { createDataDir, drop, listen, startProcess, type Listener, type NightjarProcess } from './harness/nightjar.ts';
import { readFacts, toLogLines } from './harness/outage-facts.ts';
import { startRedis, type TestRedis } from './harness/redis.ts';
import { startRtdetr } from './standins/rtdetr-server.ts';
import { drawScene, expectedOf } from './standins/scene.ts';

const NOTICED_MS_MAX = 30_000;
const TEST_MS = 90_000;

const cleanups = createCleanups();
let db: TestDatabase;
let redis: TestRedis;
let inbox: string;
let api: NightjarProcess;
let worker: NightjarProcess;
let dashboard: Listener;
let dropped = 0;

beforeAll(async () => {
  const dataDir = await createDataDir();
  cleanups.add(dataDir.remove);
  db = await createTestDatabase();
  cleanups.add(db.close);
  redis = await startRedis();
  cleanups.add(() => redis.close());
  const detector = await startRtdetr();
  cleanups.add(() => detector.kill());
  inbox = path.join(dataDir.path, 'inbox');
  await mkdir(inbox);
  const env = { DATABASE_URL: db.url, REDIS_URL: redis.url, DETECTORS: `remote:${detector.url}` };
  const start = async (roles: string): Promise<NightjarProcess> => {
    const started = await startProcess(dataDir.path, { ...env, ROLES: roles });
    cleanups.add(() => started.kill('SIGKILL'));
    return started;
  };
  [worker, api] = await Promise.all([start('ingest,detect,analyze'), start('api')]);
  dashboard = await listen(api.url);
});

afterAll(cleanups.run);

/** Those in which there is something to tell of. */
const scenes = Array.from({ length: 100 }, (_, number) => number).filter((number) => expectedOf(number).length > 0);

/** A picture goes all the way, from one process to the dashboard of another. */
async function expectHeard(): Promise<void> {
  dropped += 1;
  const name = `20240610_12${String(dropped).padStart(4, '0')}.jpg`;
  await drop(inbox, `gate/${name}`, await drawScene(scenes[dropped] ?? 0));
  const isHeard = (): boolean =>
    dashboard.messages.some(({ type, data }) => type === 'detection.created' && data.frame.source_name === name);
  await eventually(isHeard, { withinMs: NOTICED_MS_MAX, what: 'the message' });
}

const countLines = (nightjar: NightjarProcess, words: RegExp): number =>
  toLogLines(nightjar.log()).filter(({ msg }) => words.test(msg)).length;

async function expectRedis(ok: boolean, times: number): Promise<void> {
  const read = async () => (await readFacts(api)).redis;
  await eventually(async () => (await read()).system?.ok === ok, { withinMs: NOTICED_MS_MAX, what: `redis ${ok}` });
  const { system, detail, metric } = await read();
  expect(metric).toBe(ok ? 1 : 0);
  expect((await fetch(`${api.url}/ready`)).status).toBe(200);
  if (ok) expect([system?.reason, detail]).toEqual([null, undefined]);
  else expect(detail).toContain(`Redis is away (${system?.reason})`);
  const words = ok ? /^Redis back after/ : /^Redis away: /;
  for (const one of [api, worker])
    await eventually(() => countLines(one, words) === times, { withinMs: NOTICED_MS_MAX, what: `${times} lines: ${words}` }); // prettier-ignore
}

it('works with Redis, and says so', { timeout: TEST_MS }, async () => {
  await expectRedis(true, 0);
  await expectHeard();
});

it('hung: messages come by polling, and at once when it is back', { timeout: TEST_MS }, async () => {
  redis.pause();
  cleanups.add(() => redis.resume());
  await expectRedis(false, 1);
  await expectHeard();
  redis.resume();
  await expectRedis(true, 1);
  await expectHeard();
});

it('stopped and started: the same', { timeout: TEST_MS }, async () => {
  const { port } = redis;
  await redis.close();
  await expectRedis(false, 2);
  await expectHeard();
  redis = await startRedis(port);
  await expectRedis(true, 2);
  await expectHeard();
});

it('in the end the dashboard heard everything once, in order', async () => {
  const [row] = await db.query((sql) => sql<{ seq: number }[]>`select seq from outbox_head`);
  await eventually(() => dashboard.messages.length >= (row?.seq ?? Infinity), { what: 'every message' });
  expect(isGapless(dashboard.messages)).toBe(true);
  expect(await Promise.all([api, worker].map((one) => one.kill('SIGTERM')))).toEqual([0, 0]);
});
