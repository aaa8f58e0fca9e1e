import type { Clock } from '../lib/clock.ts';
import { toPrintable } from '../lib/printable.ts';
import { noTracer, type Tracer } from '../lib/trace.ts';
import { toCaptureTime } from './capture-time.ts';
import { toSha256, type Sinks } from './collect.ts';
import { toEnding } from './finished.ts';
import { inspectPicture } from './inspect.ts';
import { traceArrival } from './trace.ts';

/** Of one that came without. */
const NAME = 'upload';

export interface ReceiveOptions extends Pick<Sinks, 'storeOriginal' | 'record'> {
  /** IANA name; of times in file names and EXIF. */
  readonly timeZone: string;
  readonly imagePixelsMax: number;
  /** The time of day. */
  readonly calendar: Pick<Clock, 'nowMs'>;
  readonly tracer?: Tracer | undefined;
}

/** A whole picture that came by another way than the inbox. */
export interface Received {
  /** Of a camera that there is. */
  readonly cameraId: string;
  /** As the sender calls the file; a time in it counts as it does in the inbox. */
  readonly name: string;
  readonly bytes: Buffer;
  /** By the sender's own word. */
  readonly capturedAt?: Date | undefined;
  /** When its first bytes came, by the time of day; as of now unless given. */
  readonly firstSeenMs?: number | undefined;
}

export type Receive = (picture: Received) => Promise<{ readonly sha256: string }>;

/**
 * As a file of the inbox: looked into, stored, recorded, and resolved once that is durable. Throws `invalid` with the
 * reason for what is no picture that can be examined: whoever sent it is told, so nothing of it is kept.
 */
export function createReceive(options: ReceiveOptions): Receive {
  const { timeZone, imagePixelsMax: pixelsMax, calendar, tracer = noTracer, storeOriginal, record } = options;
  return async ({ cameraId, name, bytes, capturedAt, firstSeenMs }) => {
    const settledMs = calendar.nowMs();
    const times = { clock: calendar, calendar, firstSeenMs: firstSeenMs ?? settledMs, settledMs };
    const trace = traceArrival(tracer, { 'nightjar.camera': cameraId }, times);
    const sourceName = toPrintable(name) === '' ? NAME : toPrintable(name);
    const seen = await inspectPicture(bytes, { ending: toEnding(bytes), name: sourceName, pixelsMax });
    const { extension, exif, ...picture } = seen;
    const sha256 = await toSha256(bytes);
    const mediaPath = await storeOriginal({ cameraId, sha256, extension, bytes });
    const nowMs = calendar.nowMs();
    const told = toCaptureTime({ sourceName, exif, mtimeMs: nowMs }, { timeZone, nowMs });
    const facts = { ...picture, sha256, mediaPath, bytes: bytes.length, error: null, left: null };
    const { traceParent } = trace;
    await record({ ...facts, cameraId, sourceName, capturedAt: capturedAt ?? told, traceParent });
    trace.end();
    return { sha256 };
  };
}
