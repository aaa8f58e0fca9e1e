/** Waits for one upload to end: reads it once its content or its stillness says that it is whole. */
import { toEnding, type Ending } from './finished.ts';
import { readIfEnded, readWhole, type Sighting } from './inbox-file.ts';

/**
 * A picture whose end is missing was most likely left so by an uploader that pauses: it must be still this many times
 * as long as others (30 s at the default) before it is judged truncated.
 */
const CUT_SETTLE_FACTOR = 15;

/** What was seen of one path so far. */
export interface Progress {
  readonly firstSeenMs: number;
  print: string | undefined;
  stillSinceMs: number;
  /** Of the content with this print, once known. */
  ending: Ending | undefined;
  /** The ledger does not know the file with this print. */
  isUnknown: boolean;
}

export const toProgress = (nowMs: number): Progress => ({
  firstSeenMs: nowMs,
  print: undefined,
  stillSinceMs: nowMs,
  ending: undefined,
  isUnknown: false,
});

export type Settled = { readonly bytes: Buffer; readonly ending: Ending } | { readonly waitMs: number };

/** With every change the wait starts anew. Returns whether this print was not seen before. */
export function observe(progress: Progress, { print }: Sighting, nowMs: number): boolean {
  if (progress.print === print) return false;
  Object.assign(progress, { print, stillSinceMs: nowMs, ending: undefined, isUnknown: false });
  return true;
}

/** The content, if it is whole; else how long to wait before the next look. */
export async function readSettled(
  path: string,
  {
    sighting,
    progress,
    isNew,
    ...times
  }: {
    readonly sighting: Sighting;
    readonly progress: Progress;
    readonly isNew: boolean;
    readonly settleMs: number;
    readonly nowMs: number;
  },
): Promise<Settled> {
  const ended = isNew ? await readIfEnded(path, sighting) : undefined;
  if (ended) progress.ending = toEnding(ended);
  if (ended && progress.ending === 'complete') return { bytes: ended, ending: 'complete' };
  const early = toWaitMs(progress, times);
  if (early !== undefined) return { waitMs: early };
  const bytes = await readWhole(path, sighting);
  if (!bytes) return { waitMs: 0 };
  const ending = (progress.ending = toEnding(bytes));
  const waitMs = toWaitMs(progress, times);
  return waitMs === undefined ? { bytes, ending } : { waitMs };
}

/**
 * How long to wait before the next look; undefined when it has been still for long enough. Never longer than `settleMs`:
 * where nothing tells of changes (network shares), looking does.
 */
export function toWaitMs(
  progress: Progress,
  { settleMs, nowMs }: { readonly settleMs: number; readonly nowMs: number },
): number | undefined {
  const leftMs = toNeedMs(progress.ending, settleMs) - (nowMs - progress.stillSinceMs);
  return leftMs > 0 ? Math.min(leftMs, settleMs) : undefined;
}

function toNeedMs(ending: Ending | undefined, settleMs: number): number {
  if (ending === 'complete') return 0;
  return ending === 'cut' ? settleMs * CUT_SETTLE_FACTOR : settleMs;
}
