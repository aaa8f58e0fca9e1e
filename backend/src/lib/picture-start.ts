/** JPEG, PNG, WebP, GIF, TIFF, AVIF: what cameras send. sharp also opens SVG, PDF and other programs' input: never here. */
const STARTS = [
  /^\xff\xd8\xff/,
  /^\x89PNG\r\n/,
  /^RIFF....WEBP/s,
  /^GIF8[79]a/,
  /^(II\*\0|MM\0\*)/,
  /^....ftypavi[fs]/s,
];
const START_BYTES = 16;

/** By its first bytes, before any library sees the rest. */
export function isPictureStart(bytes: Buffer): boolean {
  const start = bytes.toString('latin1', 0, START_BYTES);
  return STARTS.some((pattern) => pattern.test(start));
}
