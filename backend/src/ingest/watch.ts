/**
 * The file system's own notices as a source of hints: one `fs.watch` for each folder, none for files.
 *
 * chokidar stands on the same notices, but answers each with a listing of the whole folder and a look at every file in it.
 * That was measured to be the dearest part of ingest by far (design.md has the figures), and an archive that is left in
 * place (mode `copy`) made it worse with every file. All that is needed here is the name in the notice. chokidar does the
 * polling of network shares (poll.ts).
 *
 * The scan enters each folder here before it lists it: what arrives before the watch is in the listing, what arrives
 * after it is in a notice. A folder that cannot be watched is entered again by each scan, and so are folders that were
 * replaced by others of the same name (made anew, or a file system mounted over them), which nothing tells of.
 */
import { watch, type FSWatcher } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { errorCode, toMessage } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { toPrintable } from '../lib/printable.ts';
import { toFilePath, toName } from './file-path.ts';
import { isGone } from './inbox-file.ts';
import { isIgnored } from './names.ts';

/** Each costs the kernel a kilobyte or so; files in further folders wait for the periodic scan. */
const FOLDERS_MAX = 50_000;
/** A watcher that fails sooner is not started again at once, but by the next scan. */
const LIFE_MS_MIN = 1_000;

export interface Watch {
  /** A folder (relative to the inbox, `` for itself) is about to be listed. Resolves when it is watched. */
  enter(folder: string): Promise<void>;
  /** Nothing is at this path any more; if it was a folder, it is watched no longer. */
  leave(path: string): void;
  /** Watches a folder anew. */
  renew(folder: string): void;
  /** Since when the folder is watched; undefined if it is not. */
  sinceMs(folder: string): number | undefined;
  /** Folders that should be watched and cannot be: they wait for the scan. */
  unwatched(): number;
  close(): Promise<void>;
}

interface Watched {
  /** Of the folder itself: a new folder may have taken its name. */
  readonly identity: string;
  readonly watcher: FSWatcher;
  readonly sinceMs: number;
}

export interface WatchOptions {
  readonly inbox: string;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly log: Logger;
  /** Something happened to what is at this path, if anything still is. Temporary names are left out. */
  readonly onFile: (path: string) => void;
  /** Something happened in this folder. */
  readonly onFolder: (folder: string) => void;
}

export function createWatch({ inbox, clock, log, ...tell }: WatchOptions): Watch {
  const folders = new Map<string, Watched>();
  const unwatched = createUnwatched(log);
  let isClosed = false;

  function onNotice(folder: string, name: string | undefined): void {
    // Not every system tells the name.
    if (name === undefined) tell.onFolder(folder);
    else onPath(folder === '' ? name : `${folder}/${name}`);
    // What happens to the folder itself (moved, deleted, unmounted) is told under its own name.
    if (name === basename(join(inbox, folder))) void lookAtItself(folder);
  }

  async function lookAtItself(folder: string): Promise<void> {
    // Gone, or whatever hinders us: the scan will see.
    const identity = await readIdentity(join(inbox, folder)).catch(() => undefined);
    if (!isClosed && identity !== folders.get(folder)?.identity) tell.onFolder(folder);
  }

  function onPath(path: string): void {
    if (!isIgnored(path)) tell.onFile(path);
  }

  function drop(folder: string): void {
    folders.get(folder)?.watcher.close();
    folders.delete(folder);
  }

  function onEnd(folder: string, watcher: FSWatcher, error: Error): void {
    const watched = folders.get(folder);
    if (watched?.watcher !== watcher) return;
    drop(folder);
    unwatched.add(folder, error);
    if (clock.nowMs() - watched.sinceMs >= LIFE_MS_MIN) tell.onFolder(folder);
  }

  function start(folder: string, identity: string): void {
    if (folders.size >= FOLDERS_MAX) throw new Error(`more than ${FOLDERS_MAX} folders`);
    const watcher = watch(toFilePath(join(inbox, folder)), { encoding: 'buffer' });
    watcher.on('change', (_event, name) => onNotice(folder, Buffer.isBuffer(name) ? toName(name) : undefined));
    watcher.on('error', (error) => onEnd(folder, watcher, error));
    folders.set(folder, { identity, watcher, sinceMs: clock.nowMs() });
    unwatched.delete(folder);
  }

  return {
    async enter(folder) {
      try {
        const identity = await readIdentity(join(inbox, folder));
        if (isClosed || folders.get(folder)?.identity === identity) return;
        drop(folder);
        start(folder, identity);
      } catch (thrown) {
        drop(folder);
        // Gone again, or longer than can be named: the listing will say so.
        if (!isGone(thrown) && errorCode(thrown) !== 'ENAMETOOLONG') unwatched.add(folder, thrown);
      }
    },
    leave(path) {
      unwatched.delete(path);
      if (!folders.has(path)) return;
      for (const folder of folders.keys()) if (folder === path || folder.startsWith(`${path}/`)) drop(folder);
    },
    renew(folder) {
      drop(folder);
      tell.onFolder(folder);
    },
    sinceMs: (folder) => folders.get(folder)?.sinceMs,
    unwatched: unwatched.count,
    async close() {
      isClosed = true;
      for (const folder of folders.keys()) drop(folder);
    },
  };
}

/** Inodes are given out anew, and each file system counts its own. */
async function readIdentity(path: string): Promise<string> {
  const { dev, ino, birthtimeNs } = await lstat(toFilePath(path), { bigint: true });
  return `${dev}:${ino}:${birthtimeNs}`;
}

/** Folders that cannot be watched; each kind of trouble is told once, until there is none any more. */
function createUnwatched(log: Logger) {
  const folders = new Set<string>();
  const logError = createWatchErrorLog(log);
  return {
    count: () => folders.size,
    add(folder: string, error: unknown): void {
      if (folders.size < FOLDERS_MAX) folders.add(folder);
      logError.tell(error);
    },
    delete(folder: string): void {
      if (!folders.delete(folder) || folders.size > 0) return;
      logError.forget();
      log.info('every folder of the inbox is watched again');
    },
  };
}

/** What an operator can do about it. */
const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: ' (raise the sysctl fs.inotify.max_user_watches)',
  EMFILE: ' (raise the sysctl fs.inotify.max_user_instances, or the limit of open files)',
};

/** Each kind of trouble once: with too few kernel watches, every folder reports it. */
export function createWatchErrorLog(log: Logger) {
  const told = new Set<string>();
  return {
    tell(error: unknown): void {
      const code = errorCode(error) ?? 'unknown';
      if (told.has(code)) return;
      told.add(code);
      const remedy = REMEDIES[code] ?? '';
      const message = `watching the inbox: ${toPrintable(toMessage(error))}${remedy}`;
      log.warn({ err: error }, `${message}; arrivals there wait for the next scan, which also tries to watch again`);
    },
    forget: () => told.clear(),
  };
}
