/** Model folders appear whole or not at all: they are made beside, under a name that no model can have, and renamed. */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorCode, NightjarError } from '../../lib/errors.ts';

const DRAFT_PREFIX = '.draft-';
/** A draft this old was left by a crash. */
const DRAFT_AGE_MS_MAX = 86_400_000;

export interface FolderWish {
  readonly dir: string;
  /** Replaces what is there. */
  readonly force: boolean;
}

/** Throws `conflict` if the name is taken and is not to be replaced. */
export async function assertFree(dir: string, force: boolean): Promise<void> {
  if (!force && (await exists(dir)))
    throw new NightjarError('conflict', `${dir} is there already: give another --name, or --force to replace it`);
}

/** Fills a draft folder by `fill`, then makes it `dir`. Whatever fails, `dir` is as it was and the draft is gone. */
export async function withDraftFolder<T>({ dir, force }: FolderWish, fill: (draft: string) => Promise<T>): Promise<T> {
  const parent = dirname(dir);
  await mkdir(parent, { recursive: true });
  await removeStale(parent);
  const draft = join(parent, `${DRAFT_PREFIX}${randomUUID()}`);
  await mkdir(draft);
  try {
    const result = await fill(draft);
    await settle(draft, { dir, force });
    return result;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function settle(draft: string, { dir, force }: FolderWish): Promise<void> {
  await assertFree(dir, force);
  const replaced = `${draft}-replaced`;
  const hadOne = force && (await exists(dir));
  if (hadOne) await rename(dir, replaced);
  try {
    await rename(draft, dir);
  } catch (cause) {
    if (hadOne) await rename(replaced, dir);
    const isTaken = ['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(errorCode(cause) ?? '');
    throw new NightjarError(isTaken ? 'conflict' : 'unavailable', `${basename(dir)} could not be put in place`, { cause }); // prettier-ignore
  }
  await rm(replaced, { recursive: true, force: true });
}

async function removeStale(parent: string): Promise<void> {
  const drafts = (await readdir(parent)).filter((name) => name.startsWith(DRAFT_PREFIX));
  for (const name of drafts) {
    const found = await stat(join(parent, name)).catch(() => undefined); // its owner may be done with it by now
    if (found && Date.now() - found.mtimeMs > DRAFT_AGE_MS_MAX)
      await rm(join(parent, name), { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return false;
    throw new NightjarError('unavailable', `${path} cannot be looked at`, { cause });
  }
}
