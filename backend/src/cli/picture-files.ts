import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join, relative, resolve } from 'node:path';
import { errorCode, NightjarError, toMessage } from '../lib/errors.ts';

/** A file to look at, or why a path that was asked for leads to none. */
export interface PictureFile {
  /** As the user wrote it, or below the folder that the user wrote. */
  readonly path: string;
  /** Below the folder that the user wrote; for a single file its name. */
  readonly name: string;
  readonly error?: NightjarError;
}

/** In a folder only these are taken for pictures; a file that is named is always tried. */
const EXTENSIONS = new Set(['.jpg', '.jpeg', '.png', '.webp', '.gif', '.tif', '.tiff', '.avif']);

/** The pictures that paths (files, folders with all below them) lead to, in order of name. `except` is not entered. */
export async function listPictures(paths: readonly string[], except?: string): Promise<PictureFile[]> {
  const lists = await Promise.all(paths.map((path) => listOne(path, except)));
  return lists.flat();
}

async function listOne(path: string, except: string | undefined): Promise<PictureFile[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [{ path, name: basename(path) }];
    const found = await walk(path, except);
    if (found.length === 0) throw new NightjarError('not_found', 'no pictures in this folder');
    return found.map((file) => ({ path: file, name: relative(path, file) }));
  } catch (thrown) {
    return [{ path, name: basename(path), error: toFileError(thrown) }];
  }
}

/** Links are not followed: they may lead in circles. */
async function walk(folder: string, except: string | undefined): Promise<string[]> {
  if (except !== undefined && resolve(folder) === resolve(except)) return [];
  const entries = await readdir(folder, { withFileTypes: true });
  const files: string[] = [];
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) files.push(...(await walk(path, except)));
    else if (entry.isFile() && EXTENSIONS.has(extname(entry.name).toLowerCase())) files.push(path);
  }
  return files;
}

/** Throws `invalid` for what is no regular file or larger than the limit, `not_found`, `forbidden`, `unavailable`. */
export async function readPictureFile(path: string, imageBytesMax: number): Promise<Buffer> {
  try {
    const stats = await stat(path);
    if (!stats.isFile()) throw new NightjarError('invalid', 'not a regular file');
    if (stats.size > imageBytesMax) throw new NightjarError('invalid', `${stats.size} bytes are too many`);
    return await readFile(path);
  } catch (thrown) {
    throw toFileError(thrown);
  }
}

const kindByCode = { ENOENT: 'not_found', ENOTDIR: 'not_found', EACCES: 'forbidden', EPERM: 'forbidden' } as const;
const isKnownCode = (code: string | undefined): code is keyof typeof kindByCode =>
  code !== undefined && code in kindByCode;

/** The file system's refusal as one of our kinds; the path is told beside it. */
export function toFileError(thrown: unknown): NightjarError {
  if (thrown instanceof NightjarError) return thrown;
  const code = errorCode(thrown);
  const kind = isKnownCode(code) ? kindByCode[code] : 'unavailable';
  return new NightjarError(kind, toMessage(thrown), { cause: thrown });
}
