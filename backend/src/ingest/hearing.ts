/**
 * Is the watch deaf? The kernel drops notices when its queue is full, and says nothing that reaches us; a watcher may end
 * without a word. Either shows when a scan finds an arrival that was there for a while and that no notice told of. Then
 * its folder is watched anew.
 */
import { dirname } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { toLedgerText } from './file-path.ts';
import type { Sighting } from './inbox-file.ts';
import type { Watch } from './watch.ts';

/** A notice may be this late: the process may have been busy. */
const NOTICE_MS_MAX = 2_000;
/** Paths found by a scan and not recorded yet; more are not judged. */
const FOUND_MAX = 1_000;
/** After notices were dropped by ourselves, for lack of room: so long nobody is called deaf. */
const EXCUSED_MS = 60_000;
/** Folders named in the log; more are watched anew without a word. */
const NAMED_MAX = 100;

export interface Hearing {
  /** A scan of the whole inbox met a path that is not on the work list. */
  found(path: string): void;
  /** A notice told of this path. */
  heard(path: string): void;
  /** The file at this path is recorded. */
  recorded(path: string, sighting: Sighting): void;
  /** The path is off the work list. */
  forget(path: string): void;
  /** We did not listen. */
  excuse(): void;
}

export function createHearing(options: { readonly clock: Clock; readonly log: Logger; watch(): Watch }): Hearing {
  const { clock, log } = options;
  const foundMs = new Map<string, number>();
  const named = new Set<string>();
  let excusedUntilMs = 0;

  function isMissed(sinceMs: number, { changedMs }: Sighting, atMs: number): boolean {
    return changedMs > sinceMs && changedMs < atMs - NOTICE_MS_MAX && atMs > excusedUntilMs;
  }

  function restart(folder: string): void {
    if (!named.has(folder) && named.size < NAMED_MAX) {
      named.add(folder);
      const facts = { folder: toLedgerText(folder) };
      log.warn(facts, 'the scan found arrivals that the system did not tell of; their folder is watched anew');
    }
    options.watch().renew(folder);
  }

  return {
    found(path) {
      if (foundMs.size < FOUND_MAX) foundMs.set(path, clock.nowMs());
    },
    heard: (path) => void foundMs.delete(path),
    recorded(path, sighting) {
      const atMs = foundMs.get(path);
      const folder = path.includes('/') ? dirname(path) : '';
      const sinceMs = options.watch().sinceMs(folder);
      if (atMs !== undefined && sinceMs !== undefined && isMissed(sinceMs, sighting, atMs)) restart(folder);
    },
    forget: (path) => void foundMs.delete(path),
    excuse() {
      excusedUntilMs = clock.nowMs() + EXCUSED_MS;
    },
  };
}
