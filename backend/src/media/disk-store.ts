/** The media store in a folder, which several processes may share by mount. */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, mkdir, open, opendir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AwayError, errorCode, NightjarError, toMessage } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { checkMediaPath, toMediaPath } from './address.ts';
import { copyAside } from './aside.ts';
import { checkedPieces } from './checked-stream.ts';
import { createDurableFolders, fsync, orGone, toMediaError } from './disk.ts';
import type { MediaStore } from './store.ts';
import { walkMedia } from './walk.ts';

const UNFINISHED_FOLDER = '.unfinished';
/** Writing a picture takes seconds, a clip minutes at worst; a younger file may belong to a process that shares this store. */
const UNFINISHED_AGE_MS_MAX = 10 * 60_000;

type Content = Uint8Array | AsyncIterable<Uint8Array>;

interface Kept {
  /** Bytes */
  readonly size: number;
  /** Whether a file of this size is what is to be kept. */
  readonly isSame: (file: string) => Promise<boolean>;
  readonly toContent: () => Content;
}

/** Opens (or makes) the store at `root`; what a crash left half-written is removed. */
export async function createDiskStore({ root, log }: { root: string; log: Logger }): Promise<MediaStore> {
  const unfinished = join(root, UNFINISHED_FOLDER);
  await mkdir(unfinished, { recursive: true }).catch(toMediaError('opening the media store'));
  await removeUnfinished(unfinished, log).catch(toMediaError('tidying the media store'));
  const folders = createDurableFolders(root);
  const toFile = (mediaPath: string): string => join(root, checkMediaPath(mediaPath));

  async function write(target: string, content: Content): Promise<void> {
    const temporary = join(unfinished, randomUUID());
    try {
      await writeDurably(temporary, content);
      await rename(temporary, target);
    } catch (thrown) {
      // The disk may be too broken even for this; a later start removes it then.
      await rm(temporary, { force: true }).catch(() => undefined);
      throw thrown;
    }
  }

  async function keep(mediaPath: string, kept: Kept): Promise<string> {
    const target = join(root, mediaPath);
    try {
      await folders.make(dirname(mediaPath));
      if (!(await isKept(target, kept))) await write(target, kept.toContent());
      await fsync(dirname(target));
    } catch (thrown) {
      folders.forget();
      if (thrown instanceof NightjarError) throw thrown;
      // A folder vanished under us: it is made again when the caller tries again.
      if (errorCode(thrown) === 'ENOENT')
        throw new NightjarError('unavailable', `storing ${mediaPath}: ${toMessage(thrown)}`, { cause: thrown });
      toMediaError(`storing ${mediaPath}`)(thrown);
    }
    return mediaPath;
  }

  /** A share that is not mounted has no file at all, our own folder included: then the store is away, not the file. */
  async function refuse(doing: string, thrown: unknown): Promise<never> {
    if (errorCode(thrown) === 'ENOENT' && (await orGone(lstat(unfinished))) === undefined)
      throw new AwayError('the media store', 'it is not there', thrown);
    return toMediaError(doing)(thrown);
  }

  async function look(mediaPath: string) {
    const file = toFile(mediaPath);
    const { size } = await lstat(file).catch((thrown: unknown) => refuse(`opening ${mediaPath}`, thrown));
    return { file, size };
  }

  return {
    async put(media) {
      const { bytes } = media;
      const isSame = async (file: string): Promise<boolean> => (await readFile(file)).equals(bytes);
      return keep(toMediaPath(media), { size: bytes.length, isSame, toContent: () => bytes });
    },
    async putStream(media) {
      const { size, sha256 } = media;
      const isSame = async (file: string): Promise<boolean> => (await hash(file)) === sha256;
      return keep(toMediaPath(media), { size, isSame, toContent: () => checkedPieces(media.open(), media) });
    },
    read: async (mediaPath) =>
      readFile(toFile(mediaPath)).catch((thrown: unknown) => refuse(`reading ${mediaPath}`, thrown)),
    async open(mediaPath) {
      const { file, size } = await look(mediaPath);
      return { size, stream: (span) => createReadStream(file, span) };
    },
    has: async (mediaPath) =>
      (await sizeOf(toFile(mediaPath)).catch(toMediaError(`looking for ${mediaPath}`))) !== undefined,
    withFile: async (mediaPath, use) => use((await look(mediaPath)).file),
    remove: async (mediaPath) => rm(toFile(mediaPath), { force: true }).catch(toMediaError(`removing ${mediaPath}`)),
    copyAside: async (mediaPath) =>
      copyAside(root, checkMediaPath(mediaPath)).catch(toMediaError(`keeping ${mediaPath} aside`)),
    async *list() {
      try {
        yield* walkMedia(root);
      } catch (thrown) {
        toMediaError('listing the media store')(thrown);
      }
    },
    async freeBytes() {
      const { bavail, bsize } = await statfs(root).catch(toMediaError('measuring the media store'));
      return bavail * bsize;
    },
  };
}

async function writeDurably(path: string, content: Content): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await writeFile(file, content);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** What is there already may have rotted: then it is written anew, while somebody has the bytes. */
async function isKept(file: string, { size, isSame }: Kept): Promise<boolean> {
  return (await sizeOf(file)) === size && isSame(file).catch(() => false);
}

async function hash(file: string): Promise<string> {
  const sum = createHash('sha256');
  for await (const piece of createReadStream(file)) sum.update(piece as Buffer);
  return sum.digest('hex');
}

const sizeOf = async (path: string): Promise<number | undefined> => (await orGone(lstat(path)))?.size;

async function removeUnfinished(folder: string, log: Logger): Promise<void> {
  for await (const { name } of await opendir(folder)) {
    const path = join(folder, name);
    const found = await orGone(lstat(path));
    if (!found || Date.now() - found.mtimeMs < UNFINISHED_AGE_MS_MAX) continue;
    await rm(path, { force: true });
    log.info({ file: name }, 'removed a half-written file of an earlier run from the media store');
  }
}
