/**
 * Outages are states, not crashes: PostgreSQL is taken away in every way there is, and each time readiness, the system's
 * facts, the metrics and the log tell the same, nobody waits in vain, nothing is lost, and all goes on by itself.
 */
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isGapless, readAccount } from './harness/account.ts';
import { createCleanups } from './harness/cleanups.ts';
import { eventually } from './harness/eventually.ts';
import { API_KEY, createDataDir, drop, listen, readSummary, startProcess, untilDone, type Listener, type NightjarProcess } from './harness/nightjar.ts'; // prettier-ignore
import { readFacts, toLogLines, type LogLine } from './harness/outage-facts.ts';
import { startPostgres, type PostgresServer } from './harness/postgres-server.ts';
import { startRtdetr } from './standins/rtdetr-server.ts';
import { drawScene } from './standins/scene.ts';

/** A request that is still unanswered then has waited for the database, not for its absence to be noticed. */
const ANSWER_MS_MAX = 15_000;
const BACK_MS_MAX = 30_000;
const TEST_MS = 120_000;

const cleanups = createCleanups();
let postgres: PostgresServer;
let nightjar: NightjarProcess;
let inbox: string;
let dashboard: Listener;
let dropped = 0;

beforeAll(async () => {
  const dataDir = await createDataDir();
  cleanups.add(dataDir.remove);
  postgres = await startPostgres({ max_connections: '40' });
  cleanups.add(() => postgres.close());
  const detector = await startRtdetr();
  cleanups.add(() => detector.kill());
  inbox = path.join(dataDir.path, 'inbox');
  await mkdir(inbox);
  const env = {
    DATABASE_URL: postgres.url,
    DETECTORS: `remote:${detector.url}`,
    CAMERA_ROOT: inbox,
    INGEST_MODE: 'move',
  };
  nightjar = await startProcess(dataDir.path, env);
  cleanups.add(() => nightjar.kill('SIGKILL'));
  dashboard = await listen(nightjar.url);
});

afterAll(cleanups.run);

async function dropOne(): Promise<string> {
  dropped += 1;
  const name = `20240610_12${String(dropped).padStart(4, '0')}.jpg`;
  await drop(inbox, `gate/${name}`, await drawScene(dropped));
  return name;
}

const ask = (route: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${nightjar.url}${route}`, {
    headers: { 'x-api-key': API_KEY, 'content-type': 'application/json' },
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
    ...init,
  });

const linesOf = (words: RegExp): readonly LogLine[] => toLogLines(nightjar.log()).filter(({ msg }) => words.test(msg));
const BACK = /^database back after \d+ s$/;
const database = async () => (await readFacts(nightjar)).database;

/** All four tell of it. Each speaks of its own moment: a server that is being stopped loses connections, then takes none. */
async function expectAway(reason: RegExp): Promise<void> {
  await eventually(async () => !(await database()).system.ok, { withinMs: BACK_MS_MAX, what: 'the outage noticed' });
  const { ready, system, metric } = await database();
  const told = expect.stringMatching(reason) as string;
  expect(system).toMatchObject({ ok: false, reason: told });
  expect(ready).toEqual({ status: 503, ok: false, detail: told });
  expect(metric).toBe(0);
  expect(linesOf(/^database away: /)).toHaveLength(linesOf(BACK).length + 1);
  expect(linesOf(/^database away: /).at(-1)).toMatchObject({ level: 40, msg: told });
  expect((await ask('/health')).status).toBe(200);
}

async function expectBack(): Promise<void> {
  await eventually(async () => (await database()).system.ok, { withinMs: BACK_MS_MAX, what: 'the return noticed' });
  const { ready, system, metric } = await database();
  expect(system).toMatchObject({ ok: true, reason: null });
  expect(ready).toEqual({ status: 200, ok: true });
  expect(metric).toBe(1);
  const away = linesOf(/^database away: /).length;
  await eventually(() => linesOf(BACK).length === away, { what: 'the line of its return' });
}

async function expectRefused(route: string, reason: RegExp, init?: RequestInit): Promise<void> {
  const response = await ask(route, init);
  expect([response.status, response.headers.get('content-type')]).toEqual([503, 'application/problem+json']);
  expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
  const problem = (await response.json()) as { kind: string; detail: string };
  expect(problem).toMatchObject({ kind: 'unavailable', detail: expect.stringMatching(reason) as string });
  expect(problem.detail).not.toMatch(/127\.0\.0\.1|select|insert|ECONN|postgres:/i);
}

const isWaiting = (name: string) => async (): Promise<boolean> =>
  (await readdir(path.join(inbox, 'gate'))).includes(name) && (await readFacts(nightjar)).ingestOutage;

interface Way {
  readonly way: string;
  readonly reason: RegExp;
  readonly take: () => Promise<unknown>;
  readonly giveBack: () => Promise<unknown>;
  /** Outages that it may be: who takes connections one by one leaves some for a moment. */
  readonly outagesMax: number;
}

let giveConnectionsBack = async (): Promise<void> => undefined;
const ways: readonly Way[] = [
  { way: 'stopped', reason: /no connections|stopping|lost/, take: () => postgres.stop(), giveBack: () => postgres.start(), outagesMax: 1 },
  { way: 'killed', reason: /no connections|stopping|lost/, take: () => postgres.kill(), giveBack: () => postgres.start(), outagesMax: 1 },
  { way: 'hung', reason: /does not answer/, take: () => postgres.pause(), giveBack: () => postgres.resume(), outagesMax: 1 },
  {
    way: 'full of connections',
    reason: /no connections left|lost/,
    async take() {
      giveConnectionsBack = await postgres.exhaustConnections();
    },
    giveBack: () => giveConnectionsBack(),
    outagesMax: 5,
  },
]; // prettier-ignore

describe('PostgreSQL away', () => {
  it.each(ways)(
    '$way: files and clients wait, all tell the same, and it goes on',
    { timeout: TEST_MS },
    async ({ take, giveBack, reason, outagesMax }) => {
      const before = (await readSummary(nightjar)).frames.by_state.done;
      const outagesBefore = linesOf(BACK).length;
      await take();
      cleanups.add(giveBack);
      const name = await dropOne();
      await expectAway(reason);
      expect(linesOf(/^database away: /).length - outagesBefore).toBeLessThanOrEqual(outagesMax);
      for (const route of [
        '/api/frames',
        '/api/events',
        '/api/stats/summary',
        '/api/stats/pipeline',
        '/api/cameras/gate',
      ])
        await expectRefused(route, reason);
      await expectRefused('/api/cameras', reason, { method: 'POST', body: '{"name":"new"}' });
      await eventually(isWaiting(name), { withinMs: BACK_MS_MAX, what: 'the file to wait in the inbox' });
      await giveBack();
      await expectBack();
      await untilDone(nightjar, before + 1);
    },
  );

  it('read-only: what only reads goes on', { timeout: TEST_MS }, async () => {
    const before = (await readSummary(nightjar)).frames.by_state.done;
    await postgres.setReadOnly(true);
    cleanups.add(() => postgres.setReadOnly(false));
    const name = await dropOne();
    await expectAway(/read-only/);
    expect((await ask('/api/frames')).status).toBe(200);
    await expectRefused('/api/cameras', /read-only/, { method: 'POST', body: '{"name":"new"}' });
    await eventually(isWaiting(name), { withinMs: BACK_MS_MAX, what: 'the file to wait in the inbox' });
    await postgres.setReadOnly(false);
    await expectBack();
    await untilDone(nightjar, before + 1);
  });

  it('connections cut: no outage, for the next ones work', { timeout: TEST_MS }, async () => {
    const before = (await readSummary(nightjar)).frames.by_state.done;
    for (let round = 0; round < 5; round += 1) {
      await dropOne();
      await postgres.cutConnections();
    }
    // Not asked of the API: a request that meets a cut connection is told so.
    const isDone = async () => (await postgres.withSql(readAccount)).states['done'] === before + 5;
    await eventually(isDone, { withinMs: BACK_MS_MAX, what: 'the frames done' });
    await eventually(async () => (await database()).system.ok, { withinMs: BACK_MS_MAX });
  });

  it('in the end every frame is done once, the dashboard was never cut off and missed nothing', async () => {
    const account = await postgres.withSql(readAccount);
    expect(account).toMatchObject({ states: { done: dropped }, duplicates: 0, doubled: 0, untold: 0, eventFaults: 0 });
    await eventually(() => dashboard.messages.length >= account.head, { what: 'every message' });
    expect(isGapless(dashboard.messages)).toBe(true);
    expect(await Promise.race([dashboard.closed, Promise.resolve('open')])).toBe('open');
    // Each outage is told once, by its tracker: nobody else warns of what has been told.
    expect(linesOf(/unhandled|uncaught/i)).toEqual([]);
    expect(toLogLines(nightjar.log()).filter(({ level }) => level >= 50)).toEqual([]);
    expect(await nightjar.kill('SIGTERM')).toBe(0);
  });
});
