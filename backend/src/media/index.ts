/**
 * The media store: original bytes on disk, content-addressed per camera.
 *
 * In: a camera's id, a sha256, an extension, bytes. Out: a media path, `<camera_id>/<sha256[0..2]>/<sha256>.<extension>`,
 * relative to the root, and the bytes again by that path. Fails with `unavailable` when the disk is full, broken or away
 * (put keeps nothing half-written then), `not_found` for a path nothing is stored under, `invalid` for a path that is not
 * of exactly that form, so that no path leads out of the root. Holds no bytes and no list that grows with what is stored.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, mkdir, open, opendir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { errorCode, NightjarError, toMessage } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { checkMediaPath, toMediaPath, type MediaAddress } from './address.ts';
import { createDurableFolders, fsync, toMediaError } from './disk.ts';

const UNFINISHED_FOLDER = '.unfinished';
/** Writing takes seconds at worst; a younger file may belong to another process that shares this store. */
const UNFINISHED_AGE_MS_MAX = 10 * 60_000;

export interface StoredMedia {
  /** Bytes */
  readonly size: number;
  /** The bytes from `start` to `end`, both included, as in an HTTP range; all of them without a range. */
  readonly stream: (range?: { readonly start: number; readonly end: number }) => Readable;
}

export interface MediaStore {
  /** Resolves once the bytes would survive a power cut. The same content again is done at once. */
  put(media: MediaAddress & { readonly bytes: Uint8Array }): Promise<string>;
  read(mediaPath: string): Promise<Buffer>;
  open(mediaPath: string): Promise<StoredMedia>;
  /** Removing what is not there is fine. */
  remove(mediaPath: string): Promise<void>;
}

/** Opens (or makes) the store at `root`; what a crash left half-written is removed. */
export async function createMediaStore({ root, log }: { root: string; log: Logger }): Promise<MediaStore> {
  const unfinished = join(root, UNFINISHED_FOLDER);
  await mkdir(unfinished, { recursive: true }).catch(toMediaError('opening the media store'));
  await removeUnfinished(unfinished, log).catch(toMediaError('tidying the media store'));
  const folders = createDurableFolders(root);

  async function write(target: string, bytes: Uint8Array): Promise<void> {
    const temporary = join(unfinished, randomUUID());
    try {
      await writeDurably(temporary, bytes);
      await rename(temporary, target);
    } catch (thrown) {
      // The disk may be too broken even for this; the next start removes it then.
      await rm(temporary, { force: true }).catch(() => undefined);
      throw thrown;
    }
  }

  async function put(media: MediaAddress & { readonly bytes: Uint8Array }): Promise<string> {
    const mediaPath = toMediaPath(media);
    const target = join(root, mediaPath);
    try {
      await folders.make(dirname(mediaPath));
      if ((await sizeOf(target)) !== media.bytes.length) await write(target, media.bytes);
      await fsync(dirname(target));
    } catch (thrown) {
      folders.forget();
      // A folder vanished under us: it is made again when the caller tries again.
      if (errorCode(thrown) === 'ENOENT')
        throw new NightjarError('unavailable', `storing ${mediaPath}: ${toMessage(thrown)}`, { cause: thrown });
      toMediaError(`storing ${mediaPath}`)(thrown);
    }
    return mediaPath;
  }

  return {
    put,
    read: async (mediaPath) =>
      readFile(join(root, checkMediaPath(mediaPath))).catch(toMediaError(`reading ${mediaPath}`)),
    async open(mediaPath) {
      const path = join(root, checkMediaPath(mediaPath));
      const { size } = await lstat(path).catch(toMediaError(`opening ${mediaPath}`));
      return { size, stream: (range) => createReadStream(path, range) };
    },
    remove: async (mediaPath) =>
      rm(join(root, checkMediaPath(mediaPath)), { force: true }).catch(toMediaError(`removing ${mediaPath}`)),
  };
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await lstat(path)).size;
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

async function removeUnfinished(folder: string, log: Logger): Promise<void> {
  for await (const { name } of await opendir(folder)) {
    const path = join(folder, name);
    const { mtimeMs } = await lstat(path);
    if (Date.now() - mtimeMs < UNFINISHED_AGE_MS_MAX) continue;
    await rm(path, { force: true });
    log.info({ file: name }, 'removed a half-written file of an earlier run from the media store');
  }
}
