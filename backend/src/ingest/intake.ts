/**
 * The work list: every path that was heard of and is not settled yet. Each is looked at again and again, with a wait in
 * between, until it is recorded or gone; a hint ends the wait. A few are examined at a time, the others wait their turn
 * in order of arrival.
 */
import pLimit from 'p-limit';
import type { Clock } from '../lib/clock.ts';
import { toNightjarError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { Examine } from './examine.ts';
import { toLedgerText } from './file-path.ts';
import type { Outage } from './outage.ts';
import { toProgress } from './settle.ts';

/** Paths on the list. Hints beyond are dropped: the caller must scan again. */
const WAITING_MAX = 10_000;
/** A scan adds no more while so many are on the list, so that hints always find room. */
const SCANNED_MAX = WAITING_MAX / 2;
/** A scan adds no more while so many await their turn: a fresh arrival is behind these at most, not behind a backlog. */
const READY_MAX = 64;
/** Files examined at once; each may hold `imageBytesMax` in memory. */
const EXAMINERS_MAX = 4;
/** A writer's every piece makes a hint; one path is not looked at more often than this. */
const LOOK_GAP_MS = 5;
const RETRY_MS_FIRST = 200;
const RETRY_MS_MAX = 60_000;

interface Entry {
  /** Counted, so that each look can tell whether one came since it began. */
  hints: number;
  nap: AbortController | undefined;
}

export interface Intake {
  /** Puts a path on the list, or has it looked at again now if it is there; false if the list is full. */
  offer(path: string): boolean;
  has(path: string): boolean;
  /** Resolves when a scan may offer one more path, or the intake is closed. */
  room(): Promise<void>;
  /** Resolves when the list is empty, or the intake is closed. */
  idle(): Promise<void>;
  /** Has every waiting path looked at now. */
  wakeAll(): void;
  stats(): { readonly waiting: number; readonly examining: number };
  /** Waits for the files in hand; the others stay in the inbox. */
  close(): Promise<void>;
}

export function createIntake(options: {
  readonly clock: Clock;
  readonly log: Logger;
  readonly examine: Examine;
  readonly outage: Outage;
  /** A path is off the list. */
  readonly onOff?: (path: string) => void;
}): Intake {
  const { clock, log, examine, outage } = options;
  const entries = new Map<string, Entry>();
  const limit = pLimit(EXAMINERS_MAX);
  const stop = new AbortController();
  const onChange = new Set<() => void>();

  const isStopped = (): boolean => stop.signal.aborted;

  function changed(): void {
    for (const tell of onChange) tell();
    onChange.clear();
  }

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => onChange.add(resolve));
  }

  async function nap(entry: Entry, hintsSeen: number, durationMs: number): Promise<void> {
    await clock.sleep(LOOK_GAP_MS);
    if (entry.hints > hintsSeen || isStopped() || durationMs <= LOOK_GAP_MS) return;
    entry.nap = new AbortController();
    await clock.sleep(durationMs - LOOK_GAP_MS, entry.nap.signal);
    entry.nap = undefined;
  }

  async function follow(path: string, entry: Entry): Promise<void> {
    let progress = toProgress(clock.nowMs());
    let failures = 0;

    async function look(): Promise<number | undefined> {
      // Waited for its turn: meanwhile we may have been closed, or the database may have gone away.
      if (isStopped()) return undefined;
      if (outage.waitMs() > 0) return outage.waitMs();
      try {
        const next = await examine(path, progress);
        failures = 0;
        return next === 'done' ? undefined : next.waitMs;
      } catch (thrown) {
        return toRetryMs(path, thrown, ++failures);
      }
    }

    while (!isStopped()) {
      const hintsSeen = entry.hints;
      const waitMs = await limit(look);
      changed();
      if (waitMs === undefined) {
        if (entry.hints === hintsSeen) break;
        // Something came to this path while the last file was being dealt with.
        progress = toProgress(clock.nowMs());
      }
      await nap(entry, hintsSeen, waitMs ?? 0);
    }
    entries.delete(path);
    options.onOff?.(path);
    changed();
  }

  function toRetryMs(path: string, thrown: unknown, failures: number): number {
    const error = toNightjarError(thrown);
    const retryMs = Math.min(RETRY_MS_MAX, RETRY_MS_FIRST * 2 ** Math.min(failures - 1, 20));
    // An outage has been reported, once for all files.
    if (outage.isOn()) return Math.max(retryMs, outage.waitMs());
    const level = failures > 1 ? 'debug' : error.kind === 'unavailable' ? 'warn' : 'error';
    log[level](
      { file: toLedgerText(path), kind: error.kind, err: error, retry_ms: retryMs },
      `file waits: ${error.message}`,
    );
    return retryMs;
  }

  function hint(entry: Entry): true {
    entry.hints++;
    entry.nap?.abort();
    return true;
  }

  return {
    offer(path) {
      const known = entries.get(path);
      if (known) return hint(known);
      if (isStopped() || entries.size >= WAITING_MAX) return false;
      const entry: Entry = { hints: 0, nap: undefined };
      entries.set(path, entry);
      void follow(path, entry);
      return true;
    },
    has: (path) => entries.has(path),
    room: () => until(() => isStopped() || (entries.size < SCANNED_MAX && limit.pendingCount < READY_MAX)),
    idle: () => until(() => isStopped() || entries.size === 0),
    wakeAll: () => {
      for (const entry of entries.values()) hint(entry);
    },
    stats: () => ({ waiting: entries.size - limit.activeCount, examining: limit.activeCount }),
    async close() {
      stop.abort();
      for (const entry of entries.values()) entry.nap?.abort();
      changed();
      await until(() => entries.size === 0);
    },
  };
}
