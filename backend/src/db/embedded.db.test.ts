/** The embedded server's lives and deaths: taken over, never doubled, and repaired by the next start. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createCleanups } from '../../tests/harness/cleanups.ts';
import { eventually } from '../../tests/harness/eventually.ts';
import {
  createDataDir,
  drop,
  isAlive,
  killAndWait,
  readPostmasterPid,
  runCli,
  startProcess,
  untilDone,
  type NightjarProcess,
  type SpawnOptions,
} from '../../tests/harness/nightjar.ts';
import { readStreet } from '../../tests/harness/pictures.ts';
import { NightjarError } from '../lib/errors.ts';
import { silentLog as log } from '../lib/log.ts';
import { connect, createEmbeddedPostgres, type EmbeddedPostgres, type Sql } from './index.ts';

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

const cleanups = createCleanups();
afterEach(cleanups.run);

async function createDir(): Promise<string> {
  const dataDir = await createDataDir();
  cleanups.add(dataDir.remove);
  return dataDir.path;
}

/** Starts a server that is left as it is when the test ends: removing its folder ends it. */
const open = (dataDir: string): Promise<EmbeddedPostgres> => createEmbeddedPostgres({ dataDir, log });

async function start(dataDir: string, options?: SpawnOptions): Promise<NightjarProcess> {
  const nightjar = await startProcess(dataDir, {}, options);
  cleanups.add(() => nightjar.kill('SIGKILL'));
  return nightjar;
}

function spawnBystander(): ChildProcess {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  cleanups.add(() => child.kill('SIGKILL'));
  return child;
}

function connectTo(server: EmbeddedPostgres): Sql {
  const sql = connect(server.target, { max: 1 });
  cleanups.add(() => sql.end({ timeout: 1 }));
  return sql;
}

/** The pid file that a server leaves behind when the machine loses power, with the pid given. */
async function writeStalePidFile(dataDir: string, pid: number): Promise<void> {
  const lines = [
    pid,
    path.join(dataDir, 'postgres'),
    1_700_000_000,
    5432,
    path.join(dataDir, 'run'),
    '',
    '1 1',
    'ready',
  ];
  await writeFile(path.join(dataDir, 'postgres', 'postmaster.pid'), `${lines.join('\n')}\n`);
}

describe('a pid file from a previous life', () => {
  const pidFileOf = (dataDir: string): string => path.join(dataDir, 'postgres', 'postmaster.pid');

  it('is removed when its process is gone, or is another program by now, or it is empty', async () => {
    const dataDir = await createDir();
    await (await open(dataDir)).close();
    const gone = spawn('true');
    await once(gone, 'exit');
    await writeStalePidFile(dataDir, gone.pid ?? 0);
    await (await open(dataDir)).close();

    const bystander = spawnBystander();
    await writeStalePidFile(dataDir, bystander.pid ?? 0);
    await (await open(dataDir)).close();
    expect(isAlive(bystander.pid ?? 0)).toBe(true);

    await writeFile(pidFileOf(dataDir), '');
    await (await open(dataDir)).close();
    expect(existsSync(pidFileOf(dataDir))).toBe(false);
  });
});

describe('a server whose postmaster was killed', () => {
  it('is not doubled while one of its processes still runs, and is raised by its keeper after that', async () => {
    const dataDir = await createDir();
    const sql = connectTo(await open(dataDir));
    const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
    const backend = row?.pid ?? 0;
    process.kill(backend, 'SIGSTOP');
    cleanups.add(() => isAlive(backend) && process.kill(backend, 'SIGCONT'));
    await killAndWait((await readPostmasterPid(dataDir)) ?? 0, 'SIGKILL');
    await expect(open(dataDir)).rejects.toMatchObject({ kind: 'unavailable' });
    process.kill(backend, 'SIGCONT');
    await eventually(() => !isAlive(backend), { what: 'the end of the last process' });
    const answers = () =>
      sql`select 1`.then(
        () => true,
        () => false,
      );
    await eventually(answers, { withinMs: 30_000, what: 'the server to be back' });
    await expect(open(dataDir)).rejects.toMatchObject({ kind: 'conflict' });
  });

  it('is started again when it is killed under a living Nightjar, which loses nothing', async () => {
    const dataDir = await createDir();
    const nightjar = await start(dataDir);
    const postmaster = (await readPostmasterPid(dataDir)) ?? 0;
    await killAndWait(postmaster, 'SIGKILL');
    await drop(path.join(dataDir, 'inbox'), 'gate/20240610_120000.jpg', await readStreet());
    await eventually(async () => ![undefined, postmaster].includes(await readPostmasterPid(dataDir)), {
      withinMs: 30_000,
    });
    await eventually(async () => (await fetch(`${nightjar.url}/ready`)).status === 200, { withinMs: 30_000 });
    await untilDone(nightjar, 1);
    expect(await nightjar.kill('SIGTERM')).toBe(0);
  });
});

describe('Nightjar', () => {
  it('takes over the server that outlived it', async () => {
    const dataDir = await createDir();
    const first = await start(dataDir);
    const postmaster = await readPostmasterPid(dataDir);
    await first.kill('SIGKILL');
    expect(isAlive(postmaster ?? 0)).toBe(true);
    await start(dataDir);
    expect(await readPostmasterPid(dataDir)).toBe(postmaster);
  });

  it('of two started at once on the same data, one runs and one is refused', async () => {
    const dataDir = await createDir();
    const [one, two] = await Promise.allSettled([start(dataDir), start(dataDir)]);
    const running = [one, two].filter((result) => result.status === 'fulfilled');
    expect(running).toHaveLength(1);
    const refused = [one, two].find((result) => result.status === 'rejected');
    expect(String(refused?.reason)).toContain('another Nightjar is running');
    for (const { value } of running) expect((await fetch(`${value.url}/ready`)).status).toBe(200);
  });

  it('is refused on the data of another, which goes on working', async () => {
    const dataDir = await createDir();
    const first = await start(dataDir);
    const { code, stderr } = await runCli(['serve'], { cwd: dataDir, env: { DATA_DIR: dataDir } });
    expect(code).toBe(1);
    expect(stderr).toContain(`another Nightjar is running on ${dataDir}`);
    await drop(path.join(dataDir, 'inbox'), 'gate/20240610_120000.jpg', await readStreet());
    await untilDone(first, 1);
    expect(await first.kill('SIGTERM')).toBe(0);
  });

  it.skipIf(!isRoot)('runs as another user than root', async () => {
    const dataDir = await createDir();
    await chown(dataDir, NOBODY, NOBODY);
    const nightjar = await start(dataDir, { uid: NOBODY });
    expect((await stat(path.join(dataDir, 'postgres'))).uid).toBe(NOBODY);
    const status = await readFile(`/proc/${(await readPostmasterPid(dataDir)) ?? 0}/status`, 'utf8');
    expect(status).toMatch(new RegExp(`^Uid:\\s+${NOBODY}\\s`, 'm'));
    expect(await nightjar.kill('SIGTERM')).toBe(0);
  });

  it.skipIf(!isRoot)('runs as root on data below a folder that is closed to others', async () => {
    const closed = await createDir();
    await chmod(closed, 0o700);
    const dataDir = path.join(closed, 'deep', 'data');
    await mkdir(dataDir, { recursive: true });
    const server = await open(dataDir);
    const sql = connectTo(server);
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
    expect((await stat(path.join(dataDir, 'postgres'))).uid).not.toBe(0);
    await server.close();
  });

  it('says so when DATA_DIR is too long for a socket', async () => {
    const parent = await mkdtemp(path.join(tmpdir(), 'nightjar-long-'));
    cleanups.add(() => rm(parent, { recursive: true }));
    const dataDir = path.join(parent, 'x'.repeat(100));
    await expect(open(dataDir)).rejects.toBeInstanceOf(NightjarError);
    const { code, stderr } = await runCli(['serve'], { cwd: parent, env: { DATA_DIR: dataDir } });
    expect(code).toBe(2);
    expect(stderr).toMatch(/DATA_DIR is too long.*choose a shorter path/);
  });
});
