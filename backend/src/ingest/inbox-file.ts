/** The file system side of one file: looked at without opening it, read without following links or blocking. */
import { constants } from 'node:fs';
import { lstat, open, type FileHandle } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';
import { errorCode, NightjarError, toMessage } from '../lib/errors.ts';
import { toPrintable } from '../lib/printable.ts';
import { toFilePath } from './file-path.ts';
import { END_BYTES, hasEndMarker } from './finished.ts';

export interface Sighting {
  readonly kind: 'file' | 'folder' | 'symlink' | 'special';
  readonly bytes: number;
  /** As in `InboxFile`. */
  readonly mtimeNs: string;
  readonly mtimeMs: number;
  /** When anything of it changed last, its name included: unlike the time of modification, no uploader can set it. */
  readonly changedMs: number;
  /** Inode, size and time of modification: the same print, the same content (as far as the file system can tell). */
  readonly print: string;
}

/**
 * What is at the path; undefined if nothing is, or if the path is longer than can be named (the scan warns of those).
 * Throws `unavailable` if it cannot be looked at now.
 */
export async function lookAt(path: string): Promise<Sighting | undefined> {
  try {
    return toSighting(await lstat(toFilePath(path), { bigint: true }));
  } catch (thrown) {
    if (isGone(thrown) || errorCode(thrown) === 'ENAMETOOLONG') return undefined;
    throw toFileError('looking at the file', thrown);
  }
}

function toSighting(stats: BigIntStats): Sighting {
  return {
    kind: toKind(stats),
    bytes: Number(stats.size),
    mtimeNs: String(stats.mtimeNs),
    mtimeMs: Number(stats.mtimeMs),
    changedMs: Number(stats.ctimeMs),
    print: `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}`,
  };
}

function toKind(stats: BigIntStats): Sighting['kind'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'folder';
  return stats.isSymbolicLink() ? 'symlink' : 'special';
}

/** The bytes of the file that was sighted; undefined if it changed meanwhile, or while it was read. */
export function readWhole(path: string, sighting: Sighting): Promise<Buffer | undefined> {
  return withSighted(path, sighting, (file) => readRange(file, 0, sighting.bytes));
}

/** The same, if it ends in an end marker; its last few bytes are read first. */
export function readIfEnded(path: string, sighting: Sighting): Promise<Buffer | undefined> {
  return withSighted(path, sighting, async (file) => {
    const tail = await readRange(file, Math.max(0, sighting.bytes - END_BYTES), Math.min(END_BYTES, sighting.bytes));
    return tail && hasEndMarker(tail) ? readRange(file, 0, sighting.bytes) : undefined;
  });
}

/** O_NOFOLLOW: a link put here in the meantime is not followed. O_NONBLOCK: a FIFO put here does not block us. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** What `use` makes of the file that was sighted, opened; undefined if it changed meanwhile. Errors of ours pass through. */
export async function withSighted<T>(path: string, sighting: Sighting, use: (file: FileHandle) => Promise<T>) {
  let file: FileHandle | undefined;
  try {
    file = await open(toFilePath(path), OPEN_FLAGS);
    const before = await file.stat({ bigint: true });
    if (!before.isFile() || toSighting(before).print !== sighting.print) return undefined;
    const result = await use(file);
    const after = await file.stat({ bigint: true });
    return after.ctimeNs === before.ctimeNs && toSighting(after).print === sighting.print ? result : undefined;
  } catch (thrown) {
    if (thrown instanceof NightjarError) throw thrown;
    if (isGone(thrown) || CHANGED_KIND.has(errorCode(thrown) ?? '')) return undefined;
    throw toFileError('reading the file', thrown);
  } finally {
    await file?.close();
  }
}

/** What opening says of a file that became a link or a socket since it was looked at. */
const CHANGED_KIND = new Set(['ELOOP', 'ENXIO', 'EISDIR']);

/** Undefined if the file ends before. */
export async function readRange(file: FileHandle, start: number, length: number): Promise<Buffer | undefined> {
  const bytes = Buffer.allocUnsafe(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(bytes, done, length - done, start + done);
    if (bytesRead === 0) return undefined;
    done += bytesRead;
  }
  return bytes;
}

export const isGone = (thrown: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(errorCode(thrown) ?? '');

/** Whatever hinders us at a file that is there (rights, a sick disk, a share that is away) may pass: it is tried again. */
export const toFileError = (doing: string, thrown: unknown): NightjarError =>
  new NightjarError('unavailable', `${doing}: ${toPrintable(toMessage(thrown))}`, { cause: thrown });
