import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { NightjarError, toMessage } from '../lib/errors.ts';

const USER = 'postgres';
const SEARCHABLE_BY_OTHERS = 0o001;
const run = promisify(execFile);

interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/** As whom the database programs run: PostgreSQL refuses to run as root. */
export interface LocalUser {
  /** Whose files they work on; undefined: our own. */
  readonly owner: Ids | undefined;
  /** For the spawn call; empty when `prefix` sees to it. */
  readonly spawnAs: Partial<Ids>;
  /** What to put in front of the program's command line. */
  readonly prefix: readonly string[];
}

/**
 * Ourselves, or, for root, the user `postgres`, created if there is none. That user must reach `folders`, and root's
 * folders are often closed to others (/root, a temporary folder): then it is given the one capability that it needs
 * to pass through them, and no more.
 */
export async function toLocalUser(folders: readonly string[]): Promise<LocalUser> {
  if (process.getuid?.() !== 0) return { owner: undefined, spawnAs: {}, prefix: [] };
  const owner = (await findUser()) ?? (await addUser());
  const open = await Promise.all(folders.map(isOpenToOthers));
  if (open.every(Boolean)) return { owner, spawnAs: owner, prefix: [] };
  return { owner, spawnAs: {}, prefix: await toPassage(owner) };
}

/** Whether every folder on the way to `folder` can be passed through by others; those still to be made will be. */
async function isOpenToOthers(folder: string): Promise<boolean> {
  const parent = path.dirname(folder);
  const open = await stat(folder).then(
    ({ mode }) => (mode & SEARCHABLE_BY_OTHERS) !== 0,
    () => true,
  );
  return open && (parent === folder || (await isOpenToOthers(parent)));
}

async function toPassage({ uid, gid }: Ids): Promise<string[]> {
  const capability = '+dac_read_search';
  const prefix = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', `--inh-caps=${capability}`, `--ambient-caps=${capability}`]; // prettier-ignore
  try {
    await run(prefix[0] ?? '', [...prefix.slice(1), 'true']);
    return prefix;
  } catch (cause) {
    const what = `the user '${USER}', as whom PostgreSQL runs for root, cannot enter Nightjar's folders (${toMessage(cause)})`;
    throw new NightjarError('unavailable', `${what}: run Nightjar as another user, or from a folder open to all`, {
      cause,
    });
  }
}

async function findUser(): Promise<Ids | undefined> {
  try {
    const [uid, gid] = await Promise.all(
      ['-u', '-g'].map(async (flag) => (await run('id', [flag, USER])).stdout.trim()),
    );
    return { uid: Number(uid), gid: Number(gid) };
  } catch {
    return undefined; // `id` fails when there is no such user, which is the answer
  }
}

async function addUser(): Promise<Ids> {
  try {
    await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', USER]);
  } catch (cause) {
    const what = `PostgreSQL cannot run as root, and a user '${USER}' could not be made (${toMessage(cause)})`;
    throw new NightjarError('unavailable', `${what}: run Nightjar as another user, or set DATABASE_URL`, { cause });
  }
  const ids = await findUser();
  if (!ids) throw new NightjarError('unavailable', `the user '${USER}' was made but is not found`);
  return ids;
}
