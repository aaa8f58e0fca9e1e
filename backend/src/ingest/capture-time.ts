/** When was the picture taken? By the file's name, else by EXIF, else by the file's time of modification. */
import { Temporal } from 'temporal-polyfill';
import { readExifTime } from './exif-time.ts';
import { findNameTimes, type NameTime } from './name-time.ts';

/** Before that, it is the clock of a camera that was never set. */
const CAPTURED_MS_MIN = Date.UTC(1990, 0, 1);
/** How far a camera's clock or time zone may run ahead before it is not believed. */
const AHEAD_MS_MAX = 24 * 3_600_000;
/** Some file systems keep times that neither the database nor a date can hold; a file server sets what it is told. */
const MODIFIED_MS_MIN = Date.parse('0001-01-01T00:00:00Z');
const MODIFIED_MS_MAX = Date.parse('9999-12-31T00:00:00Z');

export interface TimeContext {
  /** IANA name; the zone of local times. Times that a clock change skips or repeats are resolved as `compatible`. */
  readonly timeZone: string;
  readonly nowMs: number;
}

export function toCaptureTime(
  file: { readonly sourceName: string; readonly exif: Buffer | undefined; readonly mtimeMs: number },
  context: TimeContext,
): Date {
  return new Date(
    parseNameTime(file.sourceName, context) ??
      (file.exif && parseExifTime(file.exif, context)) ??
      toModifiedMs(file, context),
  );
}

/** Of a clip's first picture. What the film itself says is known only to those who look into it. */
export function toClipCaptureTime(
  file: { readonly sourceName: string; readonly mtimeMs: number },
  context: TimeContext,
): { readonly capturedAt: Date; readonly capturedFrom: 'name' | 'modified' } {
  const named = parseNameTime(file.sourceName, context);
  return {
    capturedAt: new Date(named ?? toModifiedMs(file, context)),
    capturedFrom: named === undefined ? 'modified' : 'name',
  };
}

const toModifiedMs = ({ mtimeMs }: { readonly mtimeMs: number }, { nowMs }: TimeContext): number =>
  mtimeMs >= MODIFIED_MS_MIN && mtimeMs <= MODIFIED_MS_MAX ? mtimeMs : nowMs;

/** Milliseconds since 1970 by the name (path inside the camera folder); undefined if it tells no believable time. */
export function parseNameTime(sourceName: string, context: TimeContext): number | undefined {
  for (const time of findNameTimes(sourceName)) {
    const ms = toBelievableMs(time, context);
    if (ms !== undefined) return ms;
  }
  return undefined;
}

const EXIF_TEXT = /^(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)$/;

export function parseExifTime(exif: Buffer, context: TimeContext): number | undefined {
  const time = readExifTime(exif);
  const match = time && EXIF_TEXT.exec(time.text);
  if (!match) return undefined;
  const fields = match.slice(1).map(Number);
  const millisecond = Number(`0.${/^\d+/.exec(time.fraction ?? '')?.[0] ?? '0'}`) * 1_000;
  const offset = /^[+-]\d\d:\d\d$/.exec(time.offset ?? '')?.[0];
  return toBelievableMs({ kind: 'local', fields, millisecond: Math.floor(millisecond), offset }, context);
}

function toBelievableMs(time: NameTime, { timeZone, nowMs }: TimeContext): number | undefined {
  const ms = time.kind === 'instant' ? time.ms : toInstantMs(time, timeZone);
  return ms !== undefined && ms >= CAPTURED_MS_MIN && ms <= nowMs + AHEAD_MS_MAX ? ms : undefined;
}

function toInstantMs(time: Extract<NameTime, { kind: 'local' }>, timeZone: string): number | undefined {
  const [year, month, day, hour, minute, second] = time.fields;
  try {
    const fields = { year, month, day, hour, minute, second, millisecond: time.millisecond };
    const local = Temporal.PlainDateTime.from(fields as Temporal.PlainDateTimeLike, { overflow: 'reject' });
    return local.toZonedDateTime(time.offset ?? timeZone, { disambiguation: 'compatible' }).epochMilliseconds;
  } catch (thrown) {
    // The 30th of February, the 25th hour, an offset of +99:00: digits, but not a time.
    if (thrown instanceof RangeError) return undefined;
    throw thrown;
  }
}
