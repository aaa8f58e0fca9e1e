/** One look at one path: not yet, or what it is and where it goes. */
import { join } from 'node:path';
import { collectUpload, toInboxFile, type CollectOptions, type Sinks, type Upload } from './collect.ts';
import { lookAt, type Sighting } from './inbox-file.ts';
import { toPlace, type Place } from './names.ts';
import type { Outage } from './outage.ts';
import type { Remembered } from './remembered.ts';
import { removeRecorded } from './remove.ts';
import { observe, readSettled, type Content, type Progress } from './settle.ts';
import { noTracer, type Tracer } from '../lib/trace.ts';
import { traceArrival } from './trace.ts';
import { createTurns } from './turns.ts';

/** Clips take seconds to store: half of those who examine are left for pictures. */
const CLIPS_AT_ONCE_MAX = 2;

export type Next = 'done' | { readonly waitMs: number };

export interface ExamineOptions extends Omit<CollectOptions, 'sinks'> {
  readonly inbox: string;
  readonly settleMs: number;
  readonly imageBytesMax: number;
  readonly clipBytesMax: number;
  readonly sinks: Sinks;
  readonly outage: Outage;
  readonly remembered: Remembered;
  onFolder(path: string): void;
  onGone(path: string): void;
  /** At this path is a file to be looked at now, and nobody will tell of it. */
  onMoved(path: string): void;
  /** The file at this path is recorded, for the first time as far as we know. */
  onRecorded?: ((path: string, sighting: Sighting) => void) | undefined;
  onStage?: ((stage: 'settle' | 'store', ms: number) => void) | undefined;
  readonly tracer?: Tracer | undefined;
}

export type Examine = (path: string, progress: Progress) => Promise<Next>;

/** `examine` throws `unavailable` where trying again may help. */
export function createExaminer(options: ExamineOptions): Examine {
  const { inbox, mode, settleMs, imageBytesMax, clipBytesMax, remembered, clock } = options;
  const { calendar = clock, tracer = noTracer } = options;
  const sinks = guardSinks(options.sinks, options.outage);
  const clipTurns = createTurns(CLIPS_AT_ONCE_MAX);
  /** Files put aside that are being removed right now: no arrivals, though a scan may meet them. */
  const inRemoval = new Set<string>();

  async function isKnown(place: Place, sighting: Sighting, progress: Progress): Promise<boolean> {
    if (progress.isUnknown) return false;
    if (remembered.isKnown(place.path, sighting.print)) return true;
    const askedMs = clock.nowMs();
    const isKnownFile = await sinks.isKnownFile(toInboxFile(place, sighting));
    if (isKnownFile) remembered.add(place.path, sighting.print, askedMs);
    progress.isUnknown = !isKnownFile;
    return isKnownFile;
  }

  async function collect(found: Omit<Upload, 'traceParent'>, progress: Progress): Promise<Next> {
    const settledMs = clock.nowMs();
    const times = { clock, calendar, firstSeenMs: progress.firstSeenMs, settledMs };
    const attributes = { 'nightjar.folder': found.place.cameraFolder };
    const trace = traceArrival(found.content.kind === 'clip' ? noTracer : tracer, attributes, times);
    const upload: Upload = { ...found, traceParent: trace.traceParent };
    const collected = await collectUpload(upload, { ...options, sinks });
    if (!collected) return { waitMs: 0 };
    trace.end();
    options.onStage?.('settle', settledMs - progress.firstSeenMs);
    options.onStage?.('store', clock.nowMs() - settledMs);
    const { place, sighting } = upload;
    if (!remembered.wasKnown(place.path, sighting.print)) options.onRecorded?.(place.path, sighting);
    if (collected.isLeft) remembered.add(place.path, sighting.print, settledMs);
    return collected.isLeft ? 'done' : takeAway(upload);
  }

  async function collectInTurn(upload: Omit<Upload, 'traceParent'>, progress: Progress): Promise<Next> {
    const { path } = upload.place;
    if (!clipTurns.take(path)) return { waitMs: settleMs };
    try {
      return await collect(upload, progress);
    } finally {
      const next = clipTurns.giveBack();
      if (next !== undefined) options.onMoved(next);
    }
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
    const refusal = toRefusal(sighting);
    observe(progress, sighting, clock.nowMs());
    const mayBeLeft =
      mode === 'copy' || refusal !== undefined || sighting.bytes > Math.min(imageBytesMax, clipBytesMax);
    if (mayBeLeft && (await isKnown(place, sighting, progress))) return 'done';
    const file = join(inbox, path);
    const limits = { settleMs, imageBytesMax, clipBytesMax, nowMs: clock.nowMs() };
    const content = refusal ?? (await readSettled(file, { sighting, progress, ...limits }));
    if ('waitMs' in content) return content;
    const upload = { place, file, sighting, content };
    return content.kind === 'clip' ? collectInTurn(upload, progress) : collect(upload, progress);
  };
}

/** What is never opened: recorded as a dead letter, and left where it is. */
function toRefusal({ kind }: Sighting): Extract<Content, { kind: 'unread' }> | undefined {
  if (kind === 'symlink') return { kind: 'unread', reason: 'symbolic link: links are never followed' };
  if (kind === 'file') return undefined;
  return { kind: 'unread', reason: 'not a regular file: FIFOs, sockets and devices are never opened' };
}

function guardSinks(sinks: Sinks, outage: Outage): Sinks {
  return {
    resolveCamera: (folder) => outage.guard('camera', () => sinks.resolveCamera(folder)),
    storeOriginal: (original) => outage.guard('store', () => sinks.storeOriginal(original)),
    record: (arrival) => outage.guard('record', () => sinks.record(arrival)),
    storeClip: (clip) => outage.guard('store', () => sinks.storeClip(clip)),
    recordClip: (arrival) => outage.guard('record', () => sinks.recordClip(arrival)),
    isKnownFile: (file) => outage.guard('known', () => sinks.isKnownFile(file)),
  };
}
