/** The disk that the media store is on: a small one in memory, that can be filled to the last byte. */
import { execFile } from 'node:child_process';
import { mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { errorCode } from '../../src/lib/errors.ts';

const SIZE_MIB = 192;
const PIECE = Buffer.alloc(1024 ** 2);
const CRUMB = Buffer.alloc(4_096);

const run = promisify(execFile);

export interface DataDisk {
  /** Whether it can be filled: only root may mount. */
  readonly isSmall: boolean;
  fill(): Promise<void>;
  free(): Promise<void>;
  close(): Promise<void>;
}

export async function openDataDisk(dir: string): Promise<DataDisk> {
  await mkdir(dir, { recursive: true });
  const ballast = path.join(dir, 'ballast');
  const isSmall = await run('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MIB}m,mode=755`, 'tmpfs', dir]).then(
    () => true,
    () => false, // not root, or a container that may not mount: said in the report
  );
  const free = (): Promise<void> => rm(ballast, { force: true });
  return {
    isSmall,
    async fill() {
      for (const piece of [PIECE, CRUMB]) await writeUntilFull(ballast, piece);
    },
    free,
    async close() {
      await free();
      // Lazily: a process that was killed a moment ago may still be on its way out.
      if (isSmall) await run('umount', ['-l', dir]);
    },
  };
}

async function writeUntilFull(file: string, piece: Buffer): Promise<void> {
  const handle = await open(file, 'a');
  try {
    for (;;) await handle.writeFile(piece);
  } catch (thrown) {
    if (errorCode(thrown) !== 'ENOSPC') throw thrown;
  } finally {
    await handle.close();
  }
}
