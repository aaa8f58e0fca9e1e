/** A finished file becomes an arrival: stored, recorded, and only then taken out of the inbox. */
import { webcrypto } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { Clock } from '../lib/clock.ts';
import { toNightjarError } from '../lib/errors.ts';
import type { ClipArrival } from '../model/clip.ts';
import type { Arrival, FrameError, InboxFile } from '../model/index.ts';
import { toCaptureTime } from './capture-time.ts';
import { collectClip } from './clips/collect.ts';
import type { Ending } from './finished.ts';
import type { Sighting } from './inbox-file.ts';
import { inspectPicture } from './inspect.ts';
import type { Place } from './names.ts';
import type { Content } from './settle.ts';

export interface Original {
  readonly cameraId: string;
  readonly sha256: string;
  readonly extension: string;
  readonly bytes: Buffer;
}

export interface OriginalClip {
  readonly cameraId: string;
  readonly sha256: string;
  readonly extension: string;
  readonly size: number;
  readonly open: () => Readable;
}

/** Where arrivals go; any of these may fail with `unavailable`. */
export interface Sinks {
  resolveCamera(folder: string): Promise<{ readonly id: string }>;
  storeOriginal(original: Original): Promise<string>;
  record(arrival: Arrival): Promise<'recorded' | 'known'>;
  /** Fails with `invalid` if the bytes turn out to be others than was said. */
  storeClip(clip: OriginalClip): Promise<string>;
  recordClip(arrival: ClipArrival): Promise<'recorded' | 'known'>;
  isKnownFile(file: InboxFile): Promise<boolean>;
}

export interface Upload {
  readonly place: Place;
  /** Where the file is, as the file system is to be asked for it. */
  readonly file: string;
  readonly sighting: Sighting;
  readonly content: Content;
  /** W3C Trace Context, for the frame; clips have none. */
  readonly traceParent: string | null;
}

/** What junk is stored as, for a person to look at. */
const JUNK_EXTENSION = 'dead';

export interface CollectOptions {
  readonly mode: 'move' | 'copy';
  readonly timeZone: string;
  readonly imagePixelsMax: number;
  /** For how long something lasts. */
  readonly clock: Clock;
  /** The time of day, where that is another clock. */
  readonly calendar?: Pick<Clock, 'nowMs'>;
  readonly sinks: Sinks;
}

/**
 * Resolves once the arrival is durable: to whether the file is left where it is; or to undefined if it changed while it
 * was read, and is to be looked at anew.
 */
export async function collectUpload(
  upload: Upload,
  options: CollectOptions,
): Promise<{ readonly isLeft: boolean } | undefined> {
  const { id: cameraId } = await options.sinks.resolveCamera(upload.place.cameraFolder);
  const isLeft = options.mode === 'copy' || upload.content.kind === 'unread';
  if (upload.content.kind === 'clip') {
    const isKept = await collectClip({ ...upload, format: upload.content.format, cameraId, isLeft }, options);
    return isKept ? { isLeft } : undefined;
  }
  await collectPicture({ ...upload, content: upload.content, cameraId, isLeft }, options);
  return { isLeft };
}

/** An upload whose camera is known. */
export type Collected = Omit<Upload, 'content'> & { readonly cameraId: string; readonly isLeft: boolean };

async function collectPicture(
  collected: Collected & { readonly content: Exclude<Content, { kind: 'clip' }> },
  options: CollectOptions,
): Promise<void> {
  const { place, sighting, content, cameraId, isLeft, traceParent } = collected;
  const facts =
    content.kind === 'picture'
      ? await toFacts(cameraId, { ...content, name: place.sourceName, isLeft }, options)
      : { ...NO_FACTS, error: { kind: 'invalid' as const, message: content.reason } };
  const { exif, ...columns } = facts;
  await options.sinks.record({
    ...columns,
    cameraId,
    sourceName: place.sourceName,
    bytes: sighting.bytes,
    capturedAt: toCaptureTime(
      { sourceName: place.sourceName, exif, mtimeMs: sighting.mtimeMs },
      { timeZone: options.timeZone, nowMs: (options.calendar ?? options.clock).nowMs() },
    ),
    left: isLeft ? toInboxFile(place, sighting) : null,
    traceParent,
  });
}

export const toInboxFile = ({ ledgerPath: path }: Place, { bytes, mtimeNs }: Sighting): InboxFile => ({
  path,
  bytes,
  mtimeNs,
});

type Facts = Pick<Arrival, 'sha256' | 'mediaType' | 'mediaPath' | 'width' | 'height' | 'error'> & {
  readonly exif: Buffer | undefined;
};

const NO_FACTS = { sha256: null, mediaType: null, mediaPath: null, width: null, height: null, exif: undefined };

/** A picture is always stored; junk is stored if it leaves the inbox, so that it can still be looked at. */
async function toFacts(
  cameraId: string,
  content: { readonly bytes: Buffer; readonly ending: Ending; readonly name: string; readonly isLeft: boolean },
  { imagePixelsMax, sinks }: CollectOptions,
): Promise<Facts> {
  const { bytes, ending, name, isLeft } = content;
  const [sha256, seen] = await Promise.all([
    toSha256(bytes),
    inspectPicture(bytes, { ending, name, pixelsMax: imagePixelsMax }).catch(toJunk),
  ]);
  const store = (extension: string) => sinks.storeOriginal({ cameraId, sha256, extension, bytes });
  if ('error' in seen)
    return { ...NO_FACTS, sha256, mediaPath: isLeft ? null : await store(JUNK_EXTENSION), error: seen.error };
  const { extension, ...picture } = seen;
  return { ...picture, sha256, mediaPath: await store(extension), error: null };
}

function toJunk(thrown: unknown): { readonly error: FrameError } {
  const { kind, message } = toNightjarError(thrown);
  if (kind !== 'invalid') throw thrown;
  return { error: { kind, message } };
}

/** Lower-case hexadecimal. Computed off this thread: 50 MB would hold up everything else for tens of milliseconds. */
export async function toSha256(bytes: Buffer): Promise<string> {
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes)).toString('hex');
}
