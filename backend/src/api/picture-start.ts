import { NightjarError } from '../lib/errors.ts';

/** JPEG, PNG, WebP, GIF, TIFF, AVIF: what cameras send, as ingest has it. sharp opens more, SVG among them: never here. */
const STARTS = [
  /^\xff\xd8\xff/,
  /^\x89PNG\r\n/,
  /^RIFF....WEBP/s,
  /^GIF8[79]a/,
  /^(II\*\0|MM\0\*)/,
  /^....ftypavi[fs]/s,
];
const START_BYTES = 16;

/** By its first bytes, before any library sees the rest. Throws `invalid`. */
export function assertPictureStart(bytes: Buffer): void {
  if (bytes.length === 0) throw new NightjarError('invalid', 'not a picture: it is empty');
  const start = bytes.toString('latin1', 0, START_BYTES);
  if (!STARTS.some((pattern) => pattern.test(start)))
    throw new NightjarError('invalid', 'not a picture: the content is of no known format');
}
