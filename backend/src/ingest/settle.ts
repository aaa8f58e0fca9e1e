/** Waits for one upload to end: hands it on once its content or its stillness says that it is whole. */
import { isPictureStart } from '../lib/picture-start.ts';
import { lookAtEnding } from './clips/file.ts';
import { START_BYTES, toClipFormat, type ClipFormat } from './clips/start.ts';
import { END_BYTES, hasEndMarker, toEnding, type Ending } from './finished.ts';
import { readRange, readWhole, withSighted, type Sighting } from './inbox-file.ts';
import { isClipName } from './names.ts';

/**
 * A picture whose end is missing was most likely left so by an uploader that pauses: it must be still this many times
 * as long as others (30 s at the default) before it is judged truncated. So must a clip, which is then taken as it is:
 * much of a film can be seen without its end.
 */
const CUT_SETTLE_FACTOR = 15;

/** What was seen of one path so far. */
export interface Progress {
  readonly firstSeenMs: number;
  print: string | undefined;
  stillSinceMs: number;
  /** Of the content with this print, once it was looked into. */
  content: ClipFormat | 'picture' | undefined;
  ending: Ending | undefined;
  /** The ledger does not know the file with this print. */
  isUnknown: boolean;
}

export const toProgress = (nowMs: number): Progress => ({
  firstSeenMs: nowMs,
  print: undefined,
  stillSinceMs: nowMs,
  content: undefined,
  ending: undefined,
  isUnknown: false,
});

/** What is to be collected. `unread` is recorded as a dead letter for the given reason, and left where it is. */
export type Content =
  | { readonly kind: 'picture'; readonly bytes: Buffer; readonly ending: Ending }
  | { readonly kind: 'clip'; readonly format: ClipFormat }
  | { readonly kind: 'unread'; readonly reason: string };

/** Or how long to wait before the next look. */
export type Settled = Content | { readonly waitMs: number };

/** With every change the wait starts anew. */
export function observe(progress: Progress, { print }: Sighting, nowMs: number): void {
  if (progress.print === print) return;
  Object.assign(progress, { print, stillSinceMs: nowMs, content: undefined, ending: undefined, isUnknown: false });
}

interface Looking {
  readonly sighting: Sighting;
  readonly progress: Progress;
  readonly settleMs: number;
  readonly nowMs: number;
  readonly imageBytesMax: number;
  readonly clipBytesMax: number;
}

/** A regular file's content, if it is whole. */
export async function readSettled(path: string, looking: Looking): Promise<Settled> {
  const { sighting, progress, imageBytesMax, clipBytesMax } = looking;
  if (progress.content === undefined) {
    const first = await lookInside(path, looking);
    if (!first) return { waitMs: 0 };
    Object.assign(progress, { content: first.content, ending: first.ending });
    if (first.bytes && first.ending === 'complete')
      return { kind: 'picture', bytes: first.bytes, ending: first.ending };
  }
  const { content = 'picture' } = progress;
  const bytesMax = content === 'picture' ? imageBytesMax : clipBytesMax;
  if (sighting.bytes > bytesMax) return toTooLarge(bytesMax, looking);
  if (content === 'picture') return readPicture(path, looking);
  const waitMs = toWaitMs(progress, looking);
  return waitMs === undefined ? { kind: 'clip', format: content } : { waitMs };
}

interface FirstLook {
  readonly content: ClipFormat | 'picture';
  readonly ending: Ending | undefined;
  /** The whole of a picture that seems to be at its end. */
  readonly bytes?: Buffer | undefined;
}

/** Its first bytes, and, if those are of a clip, its structure; of a picture also the last, and all if those end one. */
function lookInside(path: string, { sighting, imageBytesMax }: Looking): Promise<FirstLook | undefined> {
  const size = sighting.bytes;
  return withSighted(path, sighting, async (file) => {
    const start = await readRange(file, 0, Math.min(size, START_BYTES));
    const tail = await readRange(file, Math.max(0, size - END_BYTES), Math.min(END_BYTES, size));
    if (!start || !tail) return undefined;
    const format = isPictureStart(start) ? undefined : toClipFormat(start, path);
    if (format) return { content: format, ending: await lookAtEnding(file, size, format) };
    const bytes = size <= imageBytesMax && hasEndMarker(tail) ? await readRange(file, 0, size) : undefined;
    return { content: 'picture', bytes, ending: bytes && toPictureEnding(bytes, path) };
  });
}

/** Nobody can say whether it would end: what is too large must be as still as what is cut. */
function toTooLarge(bytesMax: number, { sighting, progress, ...times }: Looking): Settled {
  if (progress.ending !== 'complete') progress.ending = 'cut';
  const waitMs = toWaitMs(progress, times);
  if (waitMs !== undefined) return { waitMs };
  return { kind: 'unread', reason: `too large: ${sighting.bytes} bytes, at most ${bytesMax} are examined` };
}

async function readPicture(path: string, { sighting, progress, ...times }: Looking): Promise<Settled> {
  const early = toWaitMs(progress, times);
  if (early !== undefined) return { waitMs: early };
  const bytes = await readWhole(path, sighting);
  if (!bytes) return { waitMs: 0 };
  progress.ending = toPictureEnding(bytes, path);
  const waitMs = toWaitMs(progress, times);
  if (waitMs !== undefined) return { waitMs };
  return { kind: 'picture', bytes, ending: toEnding(bytes) };
}

/** What is named as a clip and is none yet is perhaps the first few bytes of one. */
const toPictureEnding = (bytes: Buffer, path: string): Ending =>
  isClipName(path) && !isPictureStart(bytes) ? 'cut' : toEnding(bytes);

/**
 * How long to wait before the next look; undefined when it has been still for long enough. Never longer than `settleMs`:
 * where nothing tells of changes (network shares), looking does.
 */
function toWaitMs(
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
