/** The truth behind the watcher's hints: what is in the folders. */
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../lib/log.ts';
import { toMessage } from '../lib/errors.ts';
import { isGone } from './inbox-file.ts';
import { ASIDE_FOLDER, isIgnored, isIgnoredFolder } from './names.ts';

/** Folders waiting to be scanned; beyond, the whole inbox is. */
const FOLDERS_MAX = 100;
/** Entries read from a folder at a time: memory does not grow with the folder. */
const ENTRIES_AT_ONCE = 64;

export interface Scanner {
  /** Has a folder (relative to the inbox, `` for all of it) scanned, with what is below it. */
  request(folder: string): void;
  /** Enters every folder, and offers nothing: quick, however much is in them. */
  survey(): Promise<void>;
  isScanning(): boolean;
  /** Resolves when no scan is under way or asked for. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/**
 * One scan at a time. `enter` is called with each folder before it is listed, so that it can be watched from before and
 * nothing is missed in between. `offer` takes each file's path; it is awaited, which is how the
 * work list holds the scan back.
 */
export function createScanner(options: {
  readonly inbox: string;
  readonly log: Logger;
  readonly enter: (folder: string) => Promise<void>;
  readonly offer: (path: string) => Promise<void>;
}): Scanner {
  const requested = new Set<string>();
  let scanning: Promise<void> | undefined;
  let isClosed = false;

  async function scan(folder: string): Promise<void> {
    for await (const path of walk(folder, options)) {
      if (isClosed) return;
      await options.offer(path);
    }
  }

  async function scanAll(): Promise<void> {
    for (const folder of requested) {
      if (isClosed) break;
      requested.delete(folder);
      await scan(folder);
    }
    scanning = undefined;
  }

  return {
    request(folder) {
      if (isClosed) return;
      if (folder === '' || requested.size >= FOLDERS_MAX) requested.clear();
      if (!requested.has('')) requested.add(requested.size >= FOLDERS_MAX ? '' : folder);
      scanning ??= Promise.resolve().then(scanAll);
    },
    async survey() {
      for await (const path of walk('', options)) if (isClosed || path === '') return;
    },
    isScanning: () => scanning !== undefined,
    async idle() {
      while (scanning) await scanning;
    },
    async close() {
      isClosed = true;
      await scanning;
    },
  };
}

interface WalkContext {
  readonly inbox: string;
  readonly log: Logger;
  readonly enter: (folder: string) => Promise<void>;
}

/** Paths of all that is not a folder, in the order of the file system. A folder that cannot be read is passed over. */
async function* walk(folder: string, context: WalkContext): AsyncGenerator<string> {
  const { inbox, log, enter } = context;
  try {
    if (!isAside(folder)) await enter(folder);
    for await (const entry of await opendir(join(inbox, folder), { bufferSize: ENTRIES_AT_ONCE })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.name.includes('\uFFFD'))
        log.warn({ file: path }, 'a file name is not UTF-8: the file cannot be examined');
      // Some file systems do not say what an entry is; the look at it finds out.
      if (!entry.isDirectory()) {
        if (!isIgnored(path)) yield path;
      } else if (isWalked(path, entry.name)) yield* walk(path, context);
    }
  } catch (thrown) {
    // Deleted while we were in it: there is nothing more to find there.
    if (folder !== '' && isGone(thrown)) return;
    log.warn({ folder, err: thrown }, `cannot read a folder of the inbox: ${toMessage(thrown)}`);
  }
}

/** Folders of files put aside by us hold arrivals if we died before deleting them. */
const isWalked = (path: string, name: string): boolean => isAside(path) || !isIgnoredFolder(name);

const isAside = (folder: string): boolean => folder.split('/').slice(-2).includes(ASIDE_FOLDER);
