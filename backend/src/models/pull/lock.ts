/** One process at a time: a lock file with the number of its process. */
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { uptime } from 'node:os';
import { dirname } from 'node:path';
import { errorCode, NightjarError } from '../../lib/errors.ts';

/**
 * Runs `use` while nobody else holds `path`; throws `conflict` when somebody does. A lock that a crash left behind, its
 * process being gone or the machine having started since, is taken over.
 */
export async function withLock<T>(path: string, use: () => Promise<T>): Promise<T> {
  await take(path);
  try {
    return await use();
  } finally {
    await rm(path, { force: true });
  }
}

async function take(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if (await write(path)) return;
  if (await isStale(path)) await rm(path, { force: true });
  if (await write(path)) return;
  throw new NightjarError('conflict', `another process is at it already; if not, remove ${path}`);
}

async function write(path: string): Promise<boolean> {
  try {
    await writeFile(path, `${process.pid}`, { flag: 'wx' });
    return true;
  } catch (cause) {
    if (errorCode(cause) === 'EEXIST') return false;
    throw new NightjarError('unavailable', `${path} cannot be written`, { cause });
  }
}

async function isStale(path: string): Promise<boolean> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
    // Numbers of processes begin anew with the machine.
    if (mtimeMs < Date.now() - uptime() * 1_000) return true;
    return text !== '' && !isAlive(Number(text));
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return true; // given back a moment ago
    throw new NightjarError('unavailable', `${path} cannot be read`, { cause });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return errorCode(cause) === 'EPERM'; // another user's
  }
}
