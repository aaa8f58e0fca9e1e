/** Local copies of what is stored elsewhere, each for one use. */
import { createWriteStream } from 'node:fs';
import { lstat, mkdir, mkdtemp, opendir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../lib/clock.ts';
import { NightjarError } from '../lib/errors.ts';
import { checkedPieces } from './checked-stream.ts';
import { orGone, toMediaError } from './disk.ts';

const COPY_PREFIX = 'copy-';
/** No use takes that long: an older copy was left by a process that was killed. */
const LEFT_AGE_MS_MIN = 24 * 3_600_000;

export interface Copied {
  readonly mediaPath: string;
  /** Bytes */
  readonly size: number;
  readonly open: () => Readable;
}

export interface Scratch {
  /** The copy is removed in every case. `invalid` if the bytes are not those of the path. */
  withCopy<T>(copied: Copied, use: (file: string) => Promise<T>): Promise<T>;
}

export async function createScratch(folder: string, clock: Clock): Promise<Scratch> {
  await removeLeft(folder, clock).catch(toMediaError('tidying the folder for copies'));
  return {
    async withCopy(copied, use) {
      const own = await mkdtemp(join(folder, COPY_PREFIX)).catch(toMediaError('making room for a copy'));
      try {
        const file = join(own, basename(copied.mediaPath));
        await copy(copied, file);
        return await use(file);
      } finally {
        await rm(own, { recursive: true, force: true });
      }
    },
  };
}

async function copy({ mediaPath, size, open }: Copied, file: string): Promise<void> {
  const sha256 = basename(mediaPath).split('.')[0] ?? '';
  try {
    await pipeline(checkedPieces(open(), { size, sha256 }), createWriteStream(file));
  } catch (thrown) {
    if (thrown instanceof NightjarError) throw thrown;
    toMediaError(`copying ${mediaPath}`)(thrown);
  }
}

async function removeLeft(folder: string, clock: Clock): Promise<void> {
  await mkdir(folder, { recursive: true });
  for await (const { name } of await opendir(folder)) {
    const found = name.startsWith(COPY_PREFIX) ? await orGone(lstat(join(folder, name))) : undefined;
    if (found && clock.nowMs() - found.mtimeMs > LEFT_AGE_MS_MIN)
      await rm(join(folder, name), { recursive: true, force: true });
  }
}
