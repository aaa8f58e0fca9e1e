import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../lib/clock.ts';
import { silentLog } from '../lib/log.ts';
import { createWatch, type Watch } from './watch.ts';

let inbox: string;
let watch: Watch;
const heard = new Set<string>();

beforeEach(async () => {
  inbox = await mkdtemp(join(tmpdir(), 'nightjar-watch-'));
  heard.clear();
  watch = createWatch({
    inbox,
    clock: systemClock,
    log: silentLog,
    onFile: (path) => heard.add(path),
    onFolder: () => undefined,
  });
});
afterEach(async () => {
  await watch.close();
  await rm(inbox, { recursive: true, force: true });
});

const hears = (path: string): Promise<void> =>
  vi.waitFor(() => expect([...heard]).toContain(path), { timeout: 4_500, interval: 2 });

describe('the watch', () => {
  it('tells of files written, renamed and made in the folders entered, temporary names left out', async () => {
    await mkdir(join(inbox, 'cam'));
    await watch.enter('');
    await watch.enter('cam');
    await writeFile(join(inbox, 'a.jpg'), 'x');
    await writeFile(join(inbox, 'cam/b.jpg.part'), 'x');
    await rename(join(inbox, 'cam/b.jpg.part'), join(inbox, 'cam/b.jpg'));
    await mkdir(join(inbox, 'new'));
    for (const path of ['a.jpg', 'cam/b.jpg', 'new']) await hears(path);
    expect([...heard].sort()).toEqual(['a.jpg', 'cam/b.jpg', 'new']);
  });

  it('entered again, watches the folder that has the name now', async () => {
    await mkdir(join(inbox, 'cam'));
    await watch.enter('cam');
    await rename(join(inbox, 'cam'), join(inbox, 'old'));
    await mkdir(join(inbox, 'cam'));
    await watch.enter('cam');
    await writeFile(join(inbox, 'old/not-heard.jpg'), 'x');
    await writeFile(join(inbox, 'cam/a.jpg'), 'x');
    await hears('cam/a.jpg');
    expect([...heard]).not.toContain('cam/not-heard.jpg');
  });

  it('is deaf to a folder that it left, and to those below', async () => {
    await mkdir(join(inbox, 'cam/day'), { recursive: true });
    for (const folder of ['', 'cam', 'cam/day']) await watch.enter(folder);
    watch.leave('cam');
    await writeFile(join(inbox, 'cam/day/not-heard.jpg'), 'x');
    await writeFile(join(inbox, 'cam/not-heard.jpg'), 'x');
    await writeFile(join(inbox, 'last.jpg'), 'x');
    await hears('last.jpg');
    expect([...heard].filter((path) => path.includes('not-heard'))).toEqual([]);
  });

  it('does not mind a folder that is not there', async () => {
    await watch.enter('nowhere');
    watch.leave('nowhere');
  });
});
