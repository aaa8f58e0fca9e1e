/**
 * A real PostgreSQL of a test's own, from the same binaries as the embedded one, that can be taken away in every way a
 * server goes away. On a free loopback port, so that the program meets it as it would meet anybody's server.
 */
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { toPlace, type Place } from '../../src/db/embedded-place.ts';
import { connect, type Sql } from '../../src/db/index.ts';
import { runProgram } from '../../src/db/run-program.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { errorCode } from '../../src/lib/errors.ts';
import { answerWithin } from '../../src/lib/time-limit.ts';
import { eventually } from './eventually.ts';
import { freePort } from './redis.ts';

const DATABASE = 'nightjar';
const START_SECONDS_MAX = 60;

/** The driver can lose a query on a connection that breaks at the wrong moment: it is never answered then. */
class LateLook extends Error {}
const LOOK_LIMIT = { timeoutMs: 20_000, clock: systemClock, late: () => new LateLook('the database did not answer') };

const END_MS_MAX = 3_000;

/** `fast` ends sessions in order, `immediate` drops everything and recovers at the next start. */
export type StopMode = 'fast' | 'immediate';

export interface PostgresServer {
  /** Of an empty database, for DATABASE_URL. */
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  /** The postmaster's; undefined while it does not run. */
  pid(): Promise<number | undefined>;
  /** All of its processes. */
  pids(): Promise<readonly number[]>;
  /** Does nothing when it runs. */
  start(): Promise<void>;
  stop(mode?: StopMode): Promise<void>;
  restart(mode?: StopMode): Promise<void>;
  /** SIGKILL to the postmaster; resolves when all of its processes are gone. */
  kill(): Promise<void>;
  /** SIGSTOP to all of its processes: it takes connections (the kernel does) and never answers. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Whether statements that write are refused, in open sessions too (SQLSTATE 25006). */
  setReadOnly(isOn: boolean): Promise<void>;
  /** Starts it anew as a standby that follows nobody: read-only until `promote`. */
  startAsStandby(): Promise<void>;
  promote(): Promise<void>;
  /** Ends every session but our own; resolves to how many there were. */
  cutConnections(): Promise<number>;
  /** Ends every session and takes all connections there are, so that nobody else gets one; the way out gives them back. */
  exhaustConnections(): Promise<() => Promise<void>>;
  /** A look of one's own into the database; closed when `use` is done. */
  withSql<T>(use: (sql: Sql) => Promise<T>): Promise<T>;
  /** Ends it, and removes its folder. */
  close(): Promise<void>;
}

/** Running, with an empty database. `settings` are those of postgresql.conf; the server also gets `env`. */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const root = await mkdtemp(path.join(tmpdir(), 'nightjar-pg-'));
  // For root the server runs as another user, who must get in; its own folders stay closed to all others.
  await chmod(root, 0o755);
  const place = await toPlace(root);
  const port = await freePort();
  const url = `postgres://nightjar@127.0.0.1:${port}/${DATABASE}`;
  await configure(place, { port, ...settings });
  const assignments = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const user = { ...place.user, prefix: [...place.user.prefix, 'env', ...assignments] };
  const control = (...args: readonly string[]): Promise<string> =>
    runProgram(user, place.binaries.pg_ctl, [...args, '-D', place.dataDir, '-w', '-t', `${START_SECONDS_MAX}`]);
  const pid = (): Promise<number | undefined> => readPostmasterPid(place);

  async function withSql<T>(use: (sql: Sql) => Promise<T>, database = DATABASE): Promise<T> {
    const connection = { application_name: 'test', default_transaction_read_only: false };
    const look = (): Promise<T> => {
      const sql = connect({ url: url.replace(/[^/]+$/, database) }, { max: 1, connection });
      return answerWithin(LOOK_LIMIT, () => use(sql)).finally(() => endWithin(sql));
    };
    // Once more, on a connection of its own: whatever is asked here may be asked twice.
    return look().catch((thrown: unknown) => (thrown instanceof LateLook ? look() : Promise.reject(thrown as Error)));
  }
  const start = async (): Promise<void> => {
    if ((await pid()) === undefined) await control('start', '-l', place.logFile);
  };
  const stop = async (mode: StopMode = 'fast'): Promise<void> => void (await control('stop', '-m', mode));
  const set = (setting: string): Promise<unknown> =>
    withSql(async (sql) => {
      await sql.unsafe(`alter system set ${setting}`);
      await sql`select pg_reload_conf()`;
    });
  const signalAll = async (signal: NodeJS.Signals): Promise<void> => {
    const postmaster = await pid();
    if (postmaster === undefined) return;
    // It forks no more once it is stopped, and must not meet a child that still sleeps when it goes on.
    if (signal === 'SIGSTOP') process.kill(postmaster, signal);
    for (const child of await readChildren(postmaster)) send(child, signal);
    if (signal !== 'SIGSTOP') process.kill(postmaster, signal);
  };

  await start();
  await withSql((sql) => sql.unsafe(`create database ${DATABASE}`), 'postgres');
  return {
    url,
    port,
    dataDir: place.dataDir,
    pid,
    async pids() {
      const postmaster = await pid();
      return postmaster === undefined ? [] : [postmaster, ...(await readChildren(postmaster))];
    },
    start,
    stop,
    async restart(mode = 'fast') {
      await stop(mode);
      await start();
    },
    async kill() {
      const postmaster = await pid();
      if (postmaster === undefined) return;
      const children = await readChildren(postmaster);
      process.kill(postmaster, 'SIGKILL');
      for (const one of [postmaster, ...children])
        await eventually(() => !isRunning(one), { what: `the end of PostgreSQL's process ${one}` });
    },
    pause: () => signalAll('SIGSTOP'),
    resume: () => signalAll('SIGCONT'),
    setReadOnly: async (isOn) => void (await set(`default_transaction_read_only = ${isOn ? 'on' : 'off'}`)),
    async startAsStandby() {
      if ((await pid()) !== undefined) await stop();
      await writeFile(path.join(place.dataDir, 'standby.signal'), '');
      await start();
    },
    promote: async () => void (await withSql((sql) => sql`select pg_promote()`)),
    cutConnections: async () =>
      (
        await withSql(
          (sql) => sql`select pg_terminate_backend(pid) from pg_stat_activity
            where backend_type = 'client backend' and pid <> pg_backend_pid()`,
        )
      ).length,
    exhaustConnections: () => exhaust(url),
    withSql,
    async close() {
      await signalAll('SIGCONT');
      if ((await pid()) !== undefined) await stop('immediate');
      await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

/** Tests prove what survives the end of processes, not of the machine: the server need not wait for the disk. */
const base = { listen_addresses: '127.0.0.1', max_connections: '60', fsync: 'off', log_min_messages: 'warning' };

async function configure({ dataDir, socketDir }: Place, settings: Readonly<Record<string, string | number>>) {
  const lines = Object.entries({ ...base, unix_socket_directories: socketDir, ...settings });
  const file = path.join(dataDir, 'postgresql.conf');
  const text = await readFile(file, 'utf8');
  await writeFile(file, `${text}\n${lines.map(([name, value]) => `${name} = '${value}'`).join('\n')}\n`);
}

/** The driver can also wait for ever for the end of a connection that broke: it is left to itself then. */
const endWithin = (sql: Sql): Promise<unknown> => Promise.race([sql.end({ timeout: 1 }), sleep(END_MS_MAX)]);

const HOLDER = 'test holds this connection';

/**
 * Ends the sessions of others and takes what they leave, again and again until only ours are left: others come back in
 * between. The sessions are ended through one that is taken first, for later there is none to be had.
 */
async function exhaust(url: string): Promise<() => Promise<void>> {
  const open = (): Sql => connect({ url }, { max: 1, connection: { application_name: HOLDER } });
  const master = open();
  await master`select 1`;
  const taken = [master];
  const cutOthers = async (): Promise<number> =>
    (
      await master`select pg_terminate_backend(pid) from pg_stat_activity
        where backend_type = 'client backend' and application_name <> ${HOLDER}`
    ).length;
  const take = async (): Promise<boolean> => {
    const sql = open();
    taken.push(sql);
    return sql`select 1`.then(
      () => true,
      (thrown: unknown) => {
        if (errorCode(thrown) === '53300') return false;
        throw thrown;
      },
    );
  };
  do while (await take());
  while ((await cutOthers()) > 0);
  return async () => void (await Promise.all(taken.map((one) => one.end({ timeout: 1 }))));
}

async function readPostmasterPid({ dataDir }: Place): Promise<number | undefined> {
  const text = await readFile(path.join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(text.split('\n')[0]);
  return pid > 1 && isRunning(pid) ? pid : undefined;
}

/** Linux only, as is all that takes servers away here. */
async function readChildren(parent: number): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
  // pid (name) state ppid ...: the name may hold anything, so what counts is behind its last bracket.
  return pids
    .filter(
      (_, index) => Number(stats[index]?.slice((stats[index]?.lastIndexOf(')') ?? 0) + 2).split(' ')[1]) === parent,
    )
    .map(Number);
}

function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false; // ESRCH: it has ended meanwhile, which is all the same
  }
}

const isRunning = (pid: number): boolean => send(pid, 0);
