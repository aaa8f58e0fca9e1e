/** The truth behind the watcher's hints: what is in the folders. */
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../lib/log.ts';
import { toMessage } from '../lib/errors.ts';
import { toPrintable } from '../lib/printable.ts';
import { isTooLong, toFilePath, toLedgerText, toName } from './file-path.ts';
import { isGone } from './inbox-file.ts';
import { removeEmptyAside } from './remove.ts';
import { ASIDE_FOLDER, isIgnored, isIgnoredFolder, isTemporaryName } from './names.ts';

/** Folders waiting to be scanned; beyond, the whole inbox is. */
const FOLDERS_MAX = 100;
/** Entries read from a folder at a time: memory does not grow with the files in it. */
const ENTRIES_AT_ONCE = 64;
/** Folders whose trouble has been told and is not told again until it is over. */
const TROUBLES_MAX = 1_000;

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

export interface ScannerOptions {
  readonly inbox: string;
  readonly log: Logger;
  /** Called with each folder before it is listed, so that it is watched from before and nothing is missed in between. */
  readonly enter: (folder: string) => Promise<void>;
  /** Takes each file's path; it is awaited, which is how the work list holds the scan back. */
  readonly offer: (path: string, scan: { readonly isWhole: boolean }) => Promise<void>;
  /** Folders right below the inbox that nothing is wanted from now. */
  readonly isShut: (folder: string) => boolean;
}

/** One scan at a time. */
export function createScanner(options: ScannerOptions): Scanner {
  const requested = new Set<string>();
  const walk = createWalk(options);
  let scanning: Promise<void> | undefined;
  let isClosed = false;

  async function scan(folder: string): Promise<void> {
    for await (const path of walk(folder)) {
      if (isClosed) return;
      await options.offer(path, { isWhole: folder === '' });
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
      for await (const path of walk('')) if (isClosed || path === '') return;
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

/**
 * Paths of all that is not a folder. A folder that cannot be read is passed over. Folders are kept for later while one
 * is listed, so that a tree as deep as the system allows costs one open folder and not a thousand.
 */
function createWalk({ inbox, log, enter, isShut }: ScannerOptions) {
  const unread = createTroubles(log);
  const tooLong = createTroubles(log);

  async function* walk(start: string): AsyncGenerator<string> {
    const folders = [start];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) yield* visit(folder, folders);
  }

  async function* visit(folder: string, folders: string[]): AsyncGenerator<string> {
    try {
      const isOurs = isAside(folder);
      if (!isOurs) await enter(folder);
      let isEmpty = true;
      const listing = await opendir(toFilePath(join(inbox, folder)), { bufferSize: ENTRIES_AT_ONCE, encoding: BYTES });
      for await (const entry of listing) {
        isEmpty = false;
        const name = toName(entry.name as unknown as Buffer);
        const path = folder === '' ? name : `${folder}/${name}`;
        // Some file systems do not say what an entry is; the look at it finds out.
        if (!entry.isDirectory()) {
          const isNone = isOurs ? isIgnored(path) : isTemporaryName(name);
          if (!isNone && !isOutOfReach(folder, path)) yield path;
        } else if (isWalked(path, name) && !(folder === '' && isShut(name))) folders.push(path);
      }
      if (isOurs && isEmpty) await removeEmptyAside(join(inbox, folder));
      unread.end(folder);
    } catch (thrown) {
      // Deleted while we were in it: there is nothing more to find there.
      if (folder === '' || !isGone(thrown)) unread.tell(folder, `cannot be read: ${toMessage(thrown)}`, thrown);
    }
  }

  function isOutOfReach(folder: string, path: string): boolean {
    if (!isTooLong(`${inbox}/${path}`)) return false;
    tooLong.tell(folder, 'has files whose paths are longer than the system allows: they cannot be examined');
    return true;
  }

  return walk;
}

/** The types of Node know no names of bytes here. */
const BYTES = 'buffer' as BufferEncoding;

/** Folders of files put aside by us hold arrivals if we died before deleting them. */
const isWalked = (path: string, name: string): boolean => isAside(path) || !isIgnoredFolder(name);

const isAside = (folder: string): boolean => folder.split('/').slice(-2).includes(ASIDE_FOLDER);

/** Each folder's trouble is told once, until it is over: scans come every minute. */
function createTroubles(log: Logger) {
  const told = new Set<string>();
  return {
    tell(folder: string, what: string, cause?: unknown): void {
      if (told.has(folder) || told.size >= TROUBLES_MAX) return;
      told.add(folder);
      const facts = { folder: toLedgerText(folder), ...(cause === undefined ? {} : { err: cause }) };
      log.warn(facts, `${folder === '' ? 'the inbox' : 'a folder of the inbox'} ${toPrintable(what)}`);
    },
    end(folder: string): void {
      if (told.delete(folder) && folder === '') log.info('the inbox can be read again');
    },
  };
}
