import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode, NightjarError, toMessage, type ErrorKind } from '../lib/errors.ts';

/** 256 for each camera; forgetting only costs a few more fsyncs. */
const FOLDERS_MAX = 10_000;

/** Faults of the disk or of the machine, not of what was asked: waiting (or an operator) heals them. */
const UNAVAILABLE = new Set([
  ...['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EACCES', 'EPERM', 'EMFILE', 'ENFILE', 'EBUSY', 'ENOMEM'],
  ...['ETIMEDOUT', 'ESTALE', 'ENODEV', 'ENXIO', 'EHOSTDOWN', 'ENOTCONN'],
]);

/** For `catch`: rethrows a file system error as one of ours. */
export const toMediaError =
  (doing: string) =>
  (thrown: unknown): never => {
    throw new NightjarError(toKind(errorCode(thrown)), `${doing}: ${toMessage(thrown)}`, { cause: thrown });
  };

function toKind(code: string | undefined): ErrorKind {
  if (code === 'ENOENT') return 'not_found';
  return code !== undefined && UNAVAILABLE.has(code) ? 'unavailable' : 'internal';
}

/** For what another process may remove at any moment: undefined if it is not there. */
export async function orGone<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking;
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder).catch((thrown: unknown) => {
    if (errorCode(thrown) !== 'EEXIST') throw thrown;
  });
}

/** Makes the folder's list of names durable. */
export async function fsync(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Folders below `root` whose own names are durable too: a file survives a power cut only if every folder above it does.
 * They are two deep (`<camera>/<sha256[0..2]>`); each is made and synced once in the life of the process.
 */
export function createDurableFolders(root: string) {
  const made = new Set<string>();

  async function make(folder: string): Promise<void> {
    if (made.has(folder)) return;
    // One at a time: `recursive` hides that there is no room (Node 20 then says ENOENT).
    for (const part of [dirname(folder), folder]) await makeFolder(join(root, part));
    for (let above = dirname(folder); ; above = dirname(above)) {
      await fsync(join(root, above));
      if (above === '.') break;
    }
    if (made.size >= FOLDERS_MAX) made.clear();
    made.add(folder);
  }

  return { make, forget: () => made.clear() };
}
