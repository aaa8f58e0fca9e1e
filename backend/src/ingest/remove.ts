/**
 * Takes a recorded file out of the inbox without ever destroying a newer upload of the same name.
 *
 * Looking and then deleting leaves a moment in which a new file may have taken the name. So the name is first moved to a
 * place that only we know, `.nightjar/<id>/<name>` in the same folder (a rename stays within one file system, and the
 * name keeps its full length), and what was moved is looked at there: the file that was read is deleted, anything else
 * is a new arrival, examined where it now is. If we die in between, the start-up scan finds it there.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, rename, rmdir, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorCode } from '../lib/errors.ts';
import { isTooLong, toFilePath } from './file-path.ts';
import { isGone, lookAt, toFileError, type Sighting } from './inbox-file.ts';
import { ASIDE_FOLDER, type Place } from './names.ts';

/** Two removals in one folder may make and remove its `.nightjar` at the same moment; one of them then tries again. */
const ATTEMPTS_MAX = 5;

/**
 * `removed`; or `newer`: another upload has this name now; or where another upload was moved to. Throws `unavailable`
 * if the folder does not let us.
 */
export type Removal = 'removed' | 'newer' | { readonly newerAt: string };

/** `inRemoval` holds the place aside for as long as the removal lasts, so that nobody takes it for an arrival. */
export async function removeRecorded(
  inbox: string,
  { path, isAside }: Place,
  sighting: Sighting,
  inRemoval: Set<string>,
): Promise<Removal> {
  if (isAside) return removeAside(inbox, path, sighting);
  const aside = toAside(inbox, path);
  inRemoval.add(aside);
  try {
    const now = await lookAt(join(inbox, path));
    if (now?.print !== sighting.print) return now ? 'newer' : 'removed';
    const isMoved = await moveAside(join(inbox, path), join(inbox, aside)).catch(toNoRoom);
    if (isMoved === 'no room') {
      await removeEmptyFolders(dirname(join(inbox, aside)));
      return await removeInPlace(join(inbox, path), sighting);
    }
    return isMoved ? await removeAside(inbox, aside, sighting) : 'removed';
  } catch (thrown) {
    throw toFileError('removing the file from the inbox', thrown);
  } finally {
    inRemoval.delete(aside);
  }
}

/** In the file's own folder, or, where the path would be too long for the system, in the nearest one above that will do. */
function toAside(inbox: string, path: string): string {
  const place = join(ASIDE_FOLDER, randomUUID(), basename(path));
  let folder = dirname(path);
  while (folder.includes('/') && isTooLong(join(inbox, folder, place))) folder = dirname(folder);
  return join(folder, place);
}

/** False if the file is gone. */
async function moveAside(path: string, aside: string): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    try {
      await makeFolder(dirname(dirname(aside)));
      await makeFolder(dirname(aside));
      await rename(toFilePath(path), toFilePath(aside));
      return true;
    } catch (thrown) {
      if (!isGone(thrown)) throw thrown;
      await removeEmptyFolders(dirname(aside));
      if (!(await lookAt(path))) return false;
      if (attempt === ATTEMPTS_MAX) throw thrown;
    }
  }
}

/** One at a time: `recursive` hides that there is no room (Node 20 then says ENOENT). */
async function makeFolder(folder: string): Promise<void> {
  await mkdir(toFilePath(folder)).catch((thrown: unknown) => {
    if (errorCode(thrown) !== 'EEXIST') throw thrown;
  });
}

function toNoRoom(thrown: unknown): 'no room' {
  if (!['ENOSPC', 'EDQUOT'].includes(errorCode(thrown) ?? '')) throw thrown;
  return 'no room';
}

/**
 * A disk that is full has no room for a folder, and would stay full for ever. For the moment between the look and the
 * removal we rely on what is to blame: nobody else can write a newer upload there either.
 */
async function removeInPlace(path: string, sighting: Sighting): Promise<Removal> {
  const now = await lookAt(path);
  if (now && now.print !== sighting.print) return 'newer';
  if (now) await unlink(toFilePath(path));
  return 'removed';
}

async function removeAside(inbox: string, aside: string, sighting: Sighting): Promise<Removal> {
  const path = join(inbox, aside);
  const now = await lookAt(path);
  if (now && now.print !== sighting.print) return { newerAt: aside };
  if (now)
    await unlink(toFilePath(path)).catch((thrown: unknown) => {
      if (!isGone(thrown)) throw toFileError('removing the file from the inbox', thrown);
    });
  await removeEmptyFolders(dirname(path));
  return 'removed';
}

/**
 * What is left of a removal whose process was killed before its file was put aside, or after it was deleted. Another who is
 * just about to put one aside there makes the folder anew.
 */
export async function removeEmptyAside(folder: string): Promise<void> {
  if (basename(folder) !== ASIDE_FOLDER) return removeEmptyFolders(folder);
  await rmdir(toFilePath(folder)).catch(() => undefined); // as below
}

async function removeEmptyFolders(folder: string): Promise<void> {
  try {
    await rmdir(toFilePath(folder));
    await rmdir(toFilePath(dirname(folder)));
  } catch {
    // Not empty: another file is being removed, too. Or gone: its removal was quicker. An empty folder harms nobody.
  }
}
