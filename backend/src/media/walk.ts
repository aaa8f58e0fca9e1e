import type { Dir, Dirent } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { isMediaPath } from './address.ts';
import { orGone } from './disk.ts';
import type { ListedMedia } from './store.ts';

/** Every stored file below `root`, read piece by piece. What vanishes meanwhile is left out, as is what is not ours. */
export async function* walkMedia(root: string): AsyncGenerator<ListedMedia> {
  for await (const camera of entriesOf(root)) {
    if (!camera.isDirectory()) continue;
    for await (const shelf of entriesOf(join(root, camera.name))) {
      if (shelf.isDirectory()) yield* walkShelf(root, `${camera.name}/${shelf.name}`);
    }
  }
}

async function* walkShelf(root: string, shelf: string): AsyncGenerator<ListedMedia> {
  for await (const { name } of entriesOf(join(root, shelf))) {
    const mediaPath = `${shelf}/${name}`;
    const found = isMediaPath(mediaPath) ? await orGone(lstat(join(root, mediaPath))) : undefined;
    if (found?.isFile()) yield { mediaPath, size: found.size, modifiedAt: found.mtime };
  }
}

async function* entriesOf(folder: string): AsyncGenerator<Dirent> {
  const opened: Dir | undefined = await orGone(opendir(folder));
  if (opened) yield* opened;
}
