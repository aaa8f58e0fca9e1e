/** A finished file becomes an arrival: stored, recorded, and only then taken out of the inbox. */
import { webcrypto } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import { toNightjarError } from '../lib/errors.ts';
import type { Arrival, FrameError, InboxFile } from '../model/index.ts';
import { toCaptureTime } from './capture-time.ts';
import type { Ending } from './finished.ts';
import type { Sighting } from './inbox-file.ts';
import { inspectPicture } from './inspect.ts';
import type { Place } from './names.ts';

export interface Original {
  readonly cameraId: string;
  readonly sha256: string;
  readonly extension: string;
  readonly bytes: Buffer;
}

/** Where arrivals go; any of these may fail with `unavailable`. */
export interface Sinks {
  resolveCamera(folder: string): Promise<{ readonly id: string }>;
  storeOriginal(original: Original): Promise<string>;
  record(arrival: Arrival): Promise<'recorded' | 'known'>;
  isKnownFile(file: InboxFile): Promise<boolean>;
}

export interface Upload {
  readonly place: Place;
  readonly sighting: Sighting;
  /** Undefined: never read, for the given reason, and left where it is. */
  readonly content: { readonly bytes: Buffer; readonly ending: Ending } | undefined;
  readonly reason: string | undefined;
}

/** What junk is stored as, for a person to look at. */
const JUNK_EXTENSION = 'dead';

export interface CollectOptions {
  readonly mode: 'move' | 'copy';
  readonly timeZone: string;
  readonly imagePixelsMax: number;
  readonly clock: Clock;
  readonly sinks: Sinks;
}

/** Resolves once the arrival is durable: to whether the file is left where it is. */
export async function collectUpload(upload: Upload, options: CollectOptions): Promise<{ readonly isLeft: boolean }> {
  const { place, sighting, content } = upload;
  const { id: cameraId } = await options.sinks.resolveCamera(place.cameraFolder);
  const isLeft = options.mode === 'copy' || !content;
  const facts = content
    ? await toFacts(cameraId, { ...content, isLeft }, options)
    : { ...NO_FACTS, error: { kind: 'invalid' as const, message: upload.reason ?? 'not examined' } };
  const { exif, ...columns } = facts;
  await options.sinks.record({
    ...columns,
    cameraId,
    sourceName: place.sourceName,
    bytes: sighting.bytes,
    capturedAt: toCaptureTime(
      { sourceName: place.sourceName, exif, mtimeMs: sighting.mtimeMs },
      { timeZone: options.timeZone, nowMs: options.clock.nowMs() },
    ),
    left: isLeft ? toInboxFile(place, sighting) : null,
  });
  return { isLeft };
}

export const toInboxFile = ({ path }: Place, { bytes, mtimeNs }: Sighting): InboxFile => ({ path, bytes, mtimeNs });

type Facts = Pick<Arrival, 'sha256' | 'mediaType' | 'mediaPath' | 'width' | 'height' | 'error'> & {
  readonly exif: Buffer | undefined;
};

const NO_FACTS = { sha256: null, mediaType: null, mediaPath: null, width: null, height: null, exif: undefined };

/** A picture is always stored; junk is stored if it leaves the inbox, so that it can still be looked at. */
async function toFacts(
  cameraId: string,
  content: { readonly bytes: Buffer; readonly ending: Ending; readonly isLeft: boolean },
  { imagePixelsMax, sinks }: CollectOptions,
): Promise<Facts> {
  const { bytes, ending, isLeft } = content;
  const [sha256, seen] = await Promise.all([
    hash(bytes),
    inspectPicture(bytes, { ending, pixelsMax: imagePixelsMax }).catch(toJunk),
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
async function hash(bytes: Buffer): Promise<string> {
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes)).toString('hex');
}
