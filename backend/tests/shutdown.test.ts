/** SIGTERM under load: a clean end in time, and nothing lost. */
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { connect } from '../src/db/index.ts';
import { readAccount } from './harness/account.ts';
import { createCleanups } from './harness/cleanups.ts';
import { eventually } from './harness/eventually.ts';
import {
  createDataDir,
  drop,
  isAlive,
  listen,
  readPostmasterPid,
  startProcess,
  untilDone,
  type NightjarProcess,
} from './harness/nightjar.ts';
import { readStreet, withComment } from './harness/pictures.ts';
import { sized } from './harness/size.ts';

const FRAMES = sized(60, 150);
/** A promise to whoever stops us: service managers kill what takes longer. */
const EXIT_MS_MAX = 10_000;
const TEST_MS = 120_000;

const cleanups = createCleanups();
afterEach(cleanups.run);

async function start(dataDir: string): Promise<NightjarProcess> {
  const nightjar = await startProcess(dataDir);
  cleanups.add(() => nightjar.kill('SIGKILL'));
  return nightjar;
}

async function dropAll(dataDir: string): Promise<void> {
  const street = await readStreet();
  for (let index = 0; index < FRAMES; index += 1) {
    const time = `${Math.floor(index / 60)}`.padStart(2, '0') + `${index % 60}`.padStart(2, '0');
    await drop(path.join(dataDir, 'inbox'), `cam/20240610_12${time}.jpg`, withComment(street, `frame ${index}`));
  }
}

/** Resolves to the exit code, or fails when there is none in time. */
async function untilExit(exiting: Promise<number | NodeJS.Signals | null>): Promise<number | NodeJS.Signals | null> {
  let ended: { code: number | NodeJS.Signals | null } | undefined;
  void exiting.then((code) => (ended = { code }));
  return (await eventually(() => ended, { withinMs: EXIT_MS_MAX, what: 'the end of nightjar' })).code;
}

it('ends cleanly within 10 s, tells its clients, and goes on where it was', { timeout: TEST_MS }, async () => {
  const dataDir = await createDataDir();
  cleanups.add(dataDir.remove);
  const first = await start(dataDir.path);
  const dashboards = await Promise.all([listen(first.url), listen(first.url)]);
  const postmaster = (await readPostmasterPid(dataDir.path)) ?? 0;
  expect(isAlive(postmaster)).toBe(true);
  const dropping = dropAll(dataDir.path);
  await untilDone(first, 10);
  expect(await untilExit(first.kill('SIGTERM'))).toBe(0);
  for (const { closed } of dashboards) expect(await closed).toBe(1001);
  expect(await readPostmasterPid(dataDir.path)).toBeUndefined();
  // Its files are at rest by now; the process may take another moment to be gone from the list.
  await eventually(() => !isAlive(postmaster), { what: 'the end of the database server' });
  await dropping;

  const second = await start(dataDir.path);
  await untilDone(second, FRAMES);
  const sql = connect({ socketDir: path.join(dataDir.path, 'run'), database: 'nightjar' }, { max: 1 });
  const account = await readAccount(sql).finally(() => sql.end());
  expect(account.states).toEqual({ done: FRAMES });
  expect(account).toMatchObject({ duplicates: 0, doubled: 0, untold: 0, eventFaults: 0 });
  expect(account.seqs).toEqual({ count: account.head, first: 1, last: account.head });
  expect(await untilExit(second.kill('SIGTERM'))).toBe(0);
});

it('takes two signals for one shutdown', async () => {
  const dataDir = await createDataDir();
  cleanups.add(dataDir.remove);
  const nightjar = await start(dataDir.path);
  await listen(nightjar.url);
  void nightjar.kill('SIGTERM');
  await eventually(() => nightjar.log().includes('shutting down'), { what: 'the first signal taken' });
  expect(await untilExit(nightjar.kill('SIGTERM'))).toBe(0);
  expect(nightjar.log().match(/"shutting down"/g)).toHaveLength(1);
  expect(nightjar.log()).toContain('shutting down already');
});
