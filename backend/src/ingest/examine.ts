/** One look at one path: not yet, or what it is and where it goes. */
import { join } from 'node:path';
import { collectUpload, toInboxFile, type CollectOptions, type Sinks, type Upload } from './collect.ts';
import { lookAt, type Sighting } from './inbox-file.ts';
import { isClipName, toPlace, type Place } from './names.ts';
import type { Outage } from './outage.ts';
import { removeRecorded } from './remove.ts';
import { observe, readSettled, toWaitMs, type Progress, type Settled } from './settle.ts';

/** Files that stay in the inbox and are remembered as recorded; for others the ledger is asked at each scan. */
const REMEMBERED_MAX = 20_000;

export type Next = 'done' | { readonly waitMs: number };

export interface ExamineOptions extends Omit<CollectOptions, 'sinks'> {
  readonly inbox: string;
  readonly settleMs: number;
  readonly imageBytesMax: number;
  readonly sinks: Sinks;
  readonly outage: Outage;
  onFolder(path: string): void;
  onGone(path: string): void;
  /** A file is now at this path that nobody will tell of. */
  onMoved(path: string): void;
  onStage?: ((stage: 'settle' | 'store', ms: number) => void) | undefined;
}

export type Examine = (path: string, progress: Progress) => Promise<Next>;

/** `examine` throws `unavailable` where trying again may help. */
export function createExaminer(options: ExamineOptions): Examine {
  const { inbox, mode, settleMs, clock } = options;
  const sinks = guardSinks(options.sinks, options.outage);
  const remembered = createRemembered();
  /** Files put aside that are being removed right now: no arrivals, though a scan may meet them. */
  const inRemoval = new Set<string>();

  async function isKnown(place: Place, sighting: Sighting, progress: Progress): Promise<boolean> {
    if (progress.isUnknown) return false;
    if (remembered.has(place.path, sighting.print)) return true;
    const isKnownFile = await sinks.isKnownFile(toInboxFile(place, sighting));
    if (isKnownFile) remembered.add(place.path, sighting.print);
    progress.isUnknown = !isKnownFile;
    return isKnownFile;
  }

  async function collect(upload: Upload, progress: Progress): Promise<Next> {
    const settledMs = clock.nowMs();
    options.onStage?.('settle', settledMs - progress.firstSeenMs);
    const { isLeft } = await collectUpload(upload, { ...options, sinks });
    options.onStage?.('store', clock.nowMs() - settledMs);
    if (isLeft) remembered.add(upload.place.path, upload.sighting.print);
    return isLeft ? 'done' : takeAway(upload);
  }

  async function takeAway({ place, sighting }: Upload): Promise<Next> {
    const removal = await removeRecorded(inbox, place, sighting, inRemoval);
    if (removal === 'newer') return { waitMs: 0 };
    if (removal !== 'removed') options.onMoved(removal.newerAt);
    return 'done';
  }

  return async function examine(path, progress) {
    if (inRemoval.has(path)) return 'done';
    const sighting = await lookAt(join(inbox, path));
    if (!sighting) options.onGone(path);
    if (!sighting) return 'done';
    if (sighting.kind === 'folder') {
      options.onFolder(path);
      return 'done';
    }
    const place = toPlace(path);
    const unread = toUnread(place, sighting, options.imageBytesMax);
    const isNew = observe(progress, sighting, clock.nowMs());
    if ((mode === 'copy' || unread) && (await isKnown(place, sighting, progress))) return 'done';
    const times = { settleMs, nowMs: clock.nowMs() };
    const settled = unread
      ? toSettled(unread, progress, times)
      : await readSettled(join(inbox, path), { sighting, progress, isNew, ...times });
    if (settled && 'waitMs' in settled) return settled;
    return collect({ place, sighting, content: settled, reason: unread?.reason }, progress);
  };
}

interface Unread {
  readonly reason: string;
  /** Still being written, perhaps: its end cannot be seen, so it must be still for as long as a cut picture. */
  readonly mayGrow: boolean;
}

/** What is never opened: recorded as a dead letter, and left where it is. */
function toUnread({ path }: Place, { kind, bytes }: Sighting, imageBytesMax: number): Unread | undefined {
  if (kind === 'symlink') return { reason: 'symbolic link: links are never followed', mayGrow: false };
  if (kind !== 'file')
    return { reason: 'not a regular file: FIFOs, sockets and devices are never opened', mayGrow: false };
  if (isClipName(path)) return { reason: 'clip: clips are not examined yet', mayGrow: true };
  if (bytes <= imageBytesMax) return undefined;
  return { reason: `too large: ${bytes} bytes, at most ${imageBytesMax} are examined`, mayGrow: true };
}

function toSettled({ mayGrow }: Unread, progress: Progress, times: { settleMs: number; nowMs: number }) {
  if (!mayGrow) return undefined;
  progress.ending = 'cut';
  const waitMs = toWaitMs(progress, times);
  return waitMs === undefined ? undefined : ({ waitMs } satisfies Settled);
}

function guardSinks(sinks: Sinks, outage: Outage): Sinks {
  return {
    resolveCamera: (folder) => outage.guard('camera', () => sinks.resolveCamera(folder)),
    storeOriginal: (original) => outage.guard('store', () => sinks.storeOriginal(original)),
    record: (arrival) => outage.guard('record', () => sinks.record(arrival)),
    isKnownFile: (file) => outage.guard('known', () => sinks.isKnownFile(file)),
  };
}

/** Path to print, the oldest forgotten first. */
function createRemembered() {
  const prints = new Map<string, string>();
  return {
    has: (path: string, print: string): boolean => prints.get(path) === print,
    add(path: string, print: string): void {
      prints.delete(path);
      prints.set(path, print);
      const oldest = prints.keys().next();
      if (prints.size > REMEMBERED_MAX && !oldest.done) prints.delete(oldest.value);
    },
  };
}
