/**
 * The file system's own notices as a source of hints: one `fs.watch` for each folder, none for files.
 *
 * chokidar stands on the same notices, but answers each with a listing of the whole folder and a look at every file in it.
 * That was measured to be the dearest part of ingest by far (design.md has the figures), and an archive that is left in
 * place (mode `copy`) made it worse with every file. All that is needed here is the name in the notice. chokidar does the
 * polling of network shares (poll.ts).
 *
 * The scan enters each folder here before it lists it: what arrives before the watch is in the listing, what arrives
 * after it is in a notice.
 */
import { watch, type FSWatcher } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, toMessage } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { isGone } from './inbox-file.ts';
import { isIgnored } from './names.ts';

/** Each costs the kernel a kilobyte or so; files in further folders wait for the periodic scan. */
const FOLDERS_MAX = 50_000;

export interface Watch {
  /** A folder (relative to the inbox, `` for itself) is about to be listed. Resolves when it is watched. */
  enter(folder: string): Promise<void>;
  /** Nothing is at this path any more; if it was a folder, it is watched no longer. */
  leave(path: string): void;
  close(): Promise<void>;
}

interface Watched {
  /** Of the folder itself: a new folder may have taken its name. */
  readonly identity: string;
  readonly watcher: FSWatcher;
}

export function createWatch(options: {
  readonly inbox: string;
  readonly log: Logger;
  /** Something happened to what is at this path, if anything still is. Temporary names are left out. */
  readonly onFile: (path: string) => void;
  /** Something happened in this folder. */
  readonly onFolder: (folder: string) => void;
}): Watch {
  const { inbox, log } = options;
  const folders = new Map<string, Watched>();
  const onError = createWatchErrorLog(log);
  let isClosed = false;

  function onNotice(folder: string, name: string | null): void {
    // Not every system tells the name.
    if (name === null) options.onFolder(folder);
    else onPath(folder === '' ? name : `${folder}/${name}`);
  }

  function onPath(path: string): void {
    if (!isIgnored(path)) options.onFile(path);
  }

  function drop(folder: string): void {
    folders.get(folder)?.watcher.close();
    folders.delete(folder);
  }

  function start(folder: string, identity: string): void {
    if (folders.size >= FOLDERS_MAX) throw new Error(`more than ${FOLDERS_MAX} folders`);
    const watcher = watch(join(inbox, folder), (_event, name) => onNotice(folder, name));
    watcher.on('error', (error) => {
      onError(error);
      if (folders.get(folder)?.watcher === watcher) drop(folder);
    });
    folders.set(folder, { identity, watcher });
  }

  return {
    async enter(folder) {
      try {
        const { ino, birthtimeNs } = await lstat(join(inbox, folder), { bigint: true });
        const identity = `${ino}:${birthtimeNs}`;
        if (isClosed || folders.get(folder)?.identity === identity) return;
        drop(folder);
        start(folder, identity);
      } catch (thrown) {
        // Gone again: the listing will say so.
        if (!isGone(thrown)) onError(thrown);
      }
    },
    leave(path) {
      if (!folders.has(path)) return;
      for (const folder of folders.keys()) if (folder === path || folder.startsWith(`${path}/`)) drop(folder);
    },
    async close() {
      isClosed = true;
      for (const folder of folders.keys()) drop(folder);
    },
  };
}

/** Each kind of trouble once: with too few kernel watches, every folder reports it. */
export function createWatchErrorLog(log: Logger): (error: unknown) => void {
  const told = new Set<string>();
  return (error) => {
    const code = errorCode(error) ?? 'unknown';
    if (told.has(code)) return;
    told.add(code);
    log.warn({ err: error }, `watching the inbox: ${toMessage(error)}; arrivals may wait for the next scan`);
  };
}
