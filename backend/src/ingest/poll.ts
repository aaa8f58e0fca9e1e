/**
 * chokidar, polling, as a source of hints: for network shares, whose servers tell of nothing. Only folders are polled;
 * files are kept out of its sight, so that an archive of 100,000 files costs no 100,000 requests in each round.
 *
 * It lists a new folder first and watches it afterwards; what arrives in between goes unnoticed. So a new folder is
 * scanned at once and again shortly after. (The periodic scan would find it anyway, later.)
 */
import chokidar from 'chokidar';
import { setMaxListeners } from 'node:events';
import { basename, relative, sep } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { isIgnoredFolder } from './names.ts';
import { createWatchErrorLog, type Watch } from './watch.ts';

const POLL_INTERVAL_MS = 200;
const LOOK_AGAIN_MS = [100, 2_000];
const REPLACEMENT = '\uFFFD';
/** New folders being looked at again; beyond, the periodic scan must do. */
const LOOKING_AGAIN_MAX = 256;

/** Resolves when every folder is being polled. */
export async function createPoll(options: {
  readonly inbox: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Something changed in this folder (relative to the inbox). */
  readonly onFolder: (path: string) => void;
}): Promise<Watch> {
  const { inbox, clock, log } = options;
  const stop = new AbortController();
  setMaxListeners(LOOKING_AGAIN_MAX, stop.signal);
  let lookingAgain = 0;

  /** Names that are not UTF-8 are lost in what chokidar tells: then the nearest folder above that has a name. */
  function toPath(full: string): string {
    const names = relative(inbox, full).split(sep);
    const lost = names.findIndex((name) => name.includes(REPLACEMENT));
    return names.slice(0, lost < 0 ? undefined : lost).join('/');
  }

  async function lookAgain(folder: string): Promise<void> {
    if (lookingAgain >= LOOKING_AGAIN_MAX) return;
    lookingAgain++;
    for (const ms of LOOK_AGAIN_MS) {
      await clock.sleep(ms, stop.signal);
      if (!stop.signal.aborted) options.onFolder(folder);
    }
    lookingAgain--;
  }

  const watcher = chokidar.watch(inbox, {
    ignoreInitial: true,
    atomic: false,
    followSymlinks: false,
    ignorePermissionErrors: true,
    usePolling: true,
    interval: POLL_INTERVAL_MS,
    ignored: (path, stats) =>
      path !== inbox && (isIgnoredFolder(basename(path)) || (stats !== undefined && !stats.isDirectory())),
  });
  // Its `change` event leaves folders out; `raw` tells of them, with the full path.
  watcher.on('raw', (_event: string, full: string) => options.onFolder(toPath(full)));
  watcher.on('addDir', (full) => {
    options.onFolder(toPath(full));
    void lookAgain(toPath(full));
  });
  watcher.on('error', createWatchErrorLog(log).tell);
  await new Promise<void>((resolve) => watcher.once('ready', resolve));

  return {
    // It sees by itself which folders come and go.
    enter: async () => undefined,
    leave: () => undefined,
    renew: () => undefined,
    sinceMs: () => undefined,
    unwatched: () => 0,
    async close() {
      stop.abort();
      await watcher.close();
    },
  };
}
