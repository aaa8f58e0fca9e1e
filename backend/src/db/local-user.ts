import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { NightjarError, toMessage } from '../lib/errors.ts';

const USER = 'postgres';
const run = promisify(execFile);

/** As whom the database programs run: PostgreSQL refuses to run as root. */
export interface LocalUser {
  /** Undefined: as ourselves. */
  readonly ids: { readonly uid: number; readonly gid: number } | undefined;
  /** What to put in front of the program's command line. */
  readonly prefix: readonly string[];
}

/** Ourselves, or, for root, the user `postgres`, created if there is none. */
export async function toLocalUser(): Promise<LocalUser> {
  if (process.getuid?.() !== 0) return { ids: undefined, prefix: [] };
  const ids = (await findUser()) ?? (await addUser());
  return { ids, prefix: [] };
}

async function findUser(): Promise<{ uid: number; gid: number } | undefined> {
  try {
    const [uid, gid] = await Promise.all(
      ['-u', '-g'].map(async (flag) => (await run('id', [flag, USER])).stdout.trim()),
    );
    return { uid: Number(uid), gid: Number(gid) };
  } catch {
    return undefined; // `id` fails when there is no such user, which is the answer
  }
}

async function addUser(): Promise<{ uid: number; gid: number }> {
  try {
    await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', USER]);
  } catch (cause) {
    throw new NightjarError(
      'unavailable',
      `PostgreSQL cannot run as root, and a user '${USER}' could not be made (${toMessage(cause)}): run Nightjar as another user, or set DATABASE_URL`,
      { cause },
    );
  }
  const ids = await findUser();
  if (!ids) throw new NightjarError('unavailable', `the user '${USER}' was made but is not found`);
  return ids;
}
