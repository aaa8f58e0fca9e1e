/**
 * chokidar as a source of hints. Two things are done in other than the usual way:
 *
 * Files are kept out of its sight, and names are taken from its `raw` event. Its own `add` comes only after it has listed
 * the whole folder and put a watch on each file: on a folder of 5,000 files that took 22 ms (raw: 2 ms), and a kernel
 * watch for each file in an archive of 100,000 exceeds what most systems allow. Folders alone are watched.
 *
 * It lists a new folder first and watches it afterwards; what arrives in between goes unnoticed. So a new folder is
 * scanned at once and again shortly after. (The periodic scan would find it anyway, later.)
 */
import chokidar from 'chokidar';
import { setMaxListeners } from 'node:events';
import { basename, join, relative, sep } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { errorCode, toMessage } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { ASIDE_FOLDER, isIgnored, isIgnoredFolder } from './names.ts';

const POLL_INTERVAL_MS = 200;
const LOOK_AGAIN_MS = [100, 2_000];
/** New folders being looked at again; beyond, the periodic scan must do. */
const LOOKING_AGAIN_MAX = 256;

export interface Watch {
  close(): Promise<void>;
}

/** Resolves when the watches are in place. Paths are relative to the inbox. */
export async function createWatch(options: {
  readonly inbox: string;
  readonly polling: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onFile: (path: string) => void;
  readonly onFolder: (path: string) => void;
}): Promise<Watch> {
  const { inbox, clock, log } = options;
  const stop = new AbortController();
  setMaxListeners(LOOKING_AGAIN_MAX, stop.signal);
  let lookingAgain = 0;

  const toPath = (full: string): string => relative(inbox, full).split(sep).join('/');

  async function lookAgain(folder: string): Promise<void> {
    if (lookingAgain >= LOOKING_AGAIN_MAX) return;
    lookingAgain++;
    for (const ms of LOOK_AGAIN_MS) {
      await clock.sleep(ms, stop.signal);
      if (!stop.signal.aborted) options.onFolder(folder);
    }
    lookingAgain--;
  }

  function onRaw(name: string | null, details: RawDetails): void {
    // Polled: all that is known is which folder changed. Watched: the name, on nearly every system.
    if (details.watchedPath === undefined) {
      if (name !== null) options.onFolder(toPath(name));
    } else if (name === null) options.onFolder(toPath(details.watchedPath));
    else onName(toPath(join(details.watchedPath, name)));
  }

  function onName(path: string): void {
    if (path !== '' && !isIgnored(path)) options.onFile(path);
  }

  const watcher = chokidar.watch(inbox, {
    ignoreInitial: true,
    atomic: false,
    followSymlinks: false,
    ignorePermissionErrors: true,
    usePolling: options.polling,
    interval: POLL_INTERVAL_MS,
    ignored: (path, stats) =>
      path !== inbox && (isUnwatched(basename(path)) || (stats !== undefined && !stats.isDirectory())),
  });
  watcher.on('raw', (_event: string, name: string | null, details: unknown) => onRaw(name, details as RawDetails));
  watcher.on('addDir', (full) => {
    options.onFolder(toPath(full));
    void lookAgain(toPath(full));
  });
  watcher.on('error', createErrorLog(log));
  await new Promise<void>((resolve) => watcher.once('ready', resolve));

  return {
    async close() {
      stop.abort();
      await watcher.close();
    },
  };
}

/** `watchedPath` is absent where chokidar polls; the name is then the full path of the folder that changed. */
interface RawDetails {
  readonly watchedPath?: string;
}

const isUnwatched = (name: string): boolean => name === ASIDE_FOLDER || isIgnoredFolder(name);

/** Each kind of trouble once: with too few kernel watches, every folder reports it. */
function createErrorLog(log: Logger): (error: unknown) => void {
  const told = new Set<string>();
  return (error) => {
    const code = errorCode(error) ?? 'unknown';
    if (told.has(code)) return;
    told.add(code);
    log.warn({ err: error }, `watching the inbox: ${toMessage(error)}; arrivals may wait for the next scan`);
  };
}
