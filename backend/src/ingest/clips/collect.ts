/** A finished clip becomes an arrival of its own kind: stored piece by piece, then recorded. */
import { NightjarError, toNightjarError } from '../../lib/errors.ts';
import { toClipCaptureTime } from '../capture-time.ts';
import { keepClip } from './file.ts';
import { clipFormats, type ClipFormat } from './start.ts';
import { toInboxFile, type Collected, type CollectOptions } from '../collect.ts';

/** Resolves once it is durable; to false if the file changed meanwhile. */
export async function collectClip(
  { place, file, sighting, format, cameraId, isLeft }: Collected & { readonly format: ClipFormat },
  { sinks, timeZone, clock, calendar = clock }: CollectOptions,
): Promise<boolean> {
  const { mediaType, extension } = clipFormats[format];
  const kept = await keepClip(file, sighting, async ({ sha256, ...content }) => ({
    sha256,
    mediaPath: await sinks.storeClip({ cameraId, sha256, extension, ...content }).catch(toChanged),
  }));
  if (!kept) return false;
  const { sourceName } = place;
  const captured = toClipCaptureTime({ sourceName, mtimeMs: sighting.mtimeMs }, { timeZone, nowMs: calendar.nowMs() });
  const left = isLeft ? toInboxFile(place, sighting) : null;
  await sinks.recordClip({ ...kept, ...captured, cameraId, sourceName, mediaType, bytes: sighting.bytes, left });
  return true;
}

/** Its bytes were others when they were read again. */
function toChanged(thrown: unknown): never {
  if (toNightjarError(thrown).kind !== 'invalid') throw thrown;
  throw new NightjarError('unavailable', 'the file changed while it was being stored', { cause: thrown });
}
