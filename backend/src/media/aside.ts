import { constants } from 'node:fs';
import { copyFile, link, lstat, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode } from '../lib/errors.ts';
import { fsync, orGone } from './disk.ts';

const ASIDE_FOLDER = '.aside';
/** Copies of one file that are not the same: it was damaged, stored anew, and damaged again. */
const COPIES_MAX = 100;
/** File systems without hard links. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV'];

/** Keeps what is stored under `mediaPath` in `.aside/<media path>` as well, durably; resolves to that, below the root. */
export async function copyAside(root: string, mediaPath: string): Promise<string> {
  const folder = join(ASIDE_FOLDER, dirname(mediaPath));
  await mkdir(join(root, folder), { recursive: true });
  for (let copy = 1; ; copy++) {
    const aside = join(ASIDE_FOLDER, mediaPath) + (copy === 1 ? '' : `.${copy}`);
    try {
      await linkOrCopy(join(root, mediaPath), join(root, aside));
      await fsync(join(root, folder));
      return aside;
    } catch (thrown) {
      if (errorCode(thrown) !== 'EEXIST' || copy === COPIES_MAX) throw thrown;
      if (await isSameFile(join(root, mediaPath), join(root, aside))) return aside;
    }
  }
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch((thrown: unknown) => {
    if (!NO_LINKS.includes(errorCode(thrown) ?? '')) throw thrown;
    return copyFile(from, to, constants.COPYFILE_EXCL);
  });
}

/** An earlier attempt came so far. */
async function isSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([orGone(lstat(one)), orGone(lstat(other))]);
  return a !== undefined && a.ino === b?.ino && a.dev === b.dev;
}
