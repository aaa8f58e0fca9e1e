/**
 * The media store as its tracker sees it: its uses are watched as they pass, and its free space is measured every ten
 * seconds, which a disk that is gone or hangs does not survive.
 */
import type { Clock } from './lib/clock.ts';
import { AwayError, errorCode, isRetryable, toNightjarError } from './lib/errors.ts';
import type { Logger } from './lib/log.ts';
import { createLoop } from './lib/loop.ts';
import type { Part } from './lib/part.ts';
import { answerWithin } from './lib/time-limit.ts';
import type { MediaStore } from './media/index.ts';

const MEASURE_EVERY_MS = 10_000;
/** A network share that hangs answers never. */
const MEASURE_MS_MAX = 5_000;

export interface WatchedMedia {
  readonly media: MediaStore;
  /** As last measured, bytes; null where nobody can say. */
  freeBytes(): number | null;
  close(): Promise<void>;
}

interface WatchOptions {
  readonly part: Part;
  readonly clock: Clock;
  readonly log: Logger;
}

type Use = 'measure' | 'read' | 'write';

export function watchMedia(store: MediaStore, { part, clock, log }: WatchOptions): WatchedMedia {
  /** It is back when each use that failed has succeeded again: a full disk is not healed by a read. */
  const failing = new Set<Use>();
  let freeBytes: number | null = null;

  async function watched<T>(use: Use, run: () => Promise<T>): Promise<T> {
    try {
      const result = await run();
      if (failing.delete(use) && failing.size === 0) part.back();
      return result;
    } catch (thrown) {
      // Measuring asks for nothing that could be wrong with what was asked for.
      if (use === 'measure' || isRetryable(toNightjarError(thrown).kind)) {
        failing.add(use);
        part.away(toAwayReason(thrown), thrown);
      }
      throw thrown;
    }
  }

  async function measure(): Promise<boolean> {
    const limit = {
      timeoutMs: MEASURE_MS_MAX,
      clock,
      late: () => new AwayError('the media store', 'it does not answer'),
    };
    // Told to the tracker already, and so to the log.
    freeBytes = await watched('measure', () => answerWithin(limit, () => store.freeBytes())).catch(() => null);
    return false;
  }

  const loop = createLoop({ name: 'media store', clock, log, idleMs: MEASURE_EVERY_MS, runOnce: measure });
  return {
    media: {
      ...store,
      put: (media) => watched('write', () => store.put(media)),
      putStream: (media) => watched('write', () => store.putStream(media)),
      remove: (mediaPath) => watched('write', () => store.remove(mediaPath)),
      read: (mediaPath) => watched('read', () => store.read(mediaPath)),
      open: (mediaPath) => watched('read', () => store.open(mediaPath)),
      has: (mediaPath) => watched('read', () => store.has(mediaPath)),
    },
    freeBytes: () => freeBytes,
    close: loop.close,
  };
}

/** In words for any eyes: without paths. */
function toAwayReason(thrown: unknown): string {
  if (thrown instanceof AwayError) return thrown.reason;
  const code = errorCode(thrown) ?? errorCode(toNightjarError(thrown).cause) ?? '';
  return reasons[code] ?? 'it does not work';
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'it is full',
  EDQUOT: 'it is full',
  EROFS: 'it takes no changes (read-only)',
  EACCES: 'it does not let us in',
  EPERM: 'it does not let us in',
  ENOENT: 'it is not there',
  EIO: 'its disk fails',
};
