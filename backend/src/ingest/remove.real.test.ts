/** On a disk that is full to the last entry. */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, type TestContext } from 'vitest';
import { lookAt } from './inbox-file.ts';
import { toPlace } from './names.ts';
import { removeRecorded } from './remove.ts';

const ENTRIES_MAX = 20;

let inbox: string;
let isMounted = false;
beforeEach(async () => {
  inbox = await mkdtemp(join(tmpdir(), 'nightjar-remove-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `nr_inodes=${ENTRIES_MAX}`, 'none', inbox], { stdio: 'ignore' });
    isMounted = true;
  } catch {
    isMounted = false; // No right to, or no tmpfs.
  }
});
afterEach(async () => {
  if (isMounted) execFileSync('umount', [inbox]);
  await rm(inbox, { recursive: true, force: true });
});

async function fill(): Promise<void> {
  await mkdir(join(inbox, 'cam'));
  for (let number = 0; number < ENTRIES_MAX * 2; number++)
    await writeFile(join(inbox, `cam/${number}.jpg`), 'x').catch(() => undefined);
}

async function remove(path: string) {
  const sighting = await lookAt(join(inbox, path));
  if (!sighting) throw new Error(`nothing at ${path}`);
  return removeRecorded(inbox, toPlace(path), sighting, new Set());
}

it('a recorded file can be removed all the same, and makes room for others', async ({ skip }: TestContext) => {
  skip(!isMounted, 'needs a file system of its own');
  await fill();
  await expect(mkdir(join(inbox, 'more'))).rejects.toMatchObject({ code: 'ENOSPC' });
  const names = await readdir(join(inbox, 'cam'));
  for (const name of names) expect(await remove(`cam/${name}`)).toBe('removed');
  expect(await readdir(join(inbox, 'cam'))).toEqual([]);
});
