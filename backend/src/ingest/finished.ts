/**
 * Is an upload finished? Pure functions of its bytes.
 *
 * Node has no event for "the writer closed the file", so the end must be seen in the content. A JPEG is walked marker by
 * marker (ITU-T T.81, annex B) and a PNG chunk by chunk (ISO/IEC 15948, section 5): an end marker inside an EXIF thumbnail
 * is skipped with the segment it is in, so a partial upload that happens to stop there is not taken for a whole one.
 */

/**
 * `complete`: ends exactly with its end marker, no need to wait. `cut`: starts as a picture but its end is missing (or it
 * is empty), so more is probably to come. `open`: only stillness can tell (other formats, bytes after the end, several
 * pictures in one file).
 */
export type Ending = 'complete' | 'cut' | 'open';

/** Bytes of the tail that `hasEndMarker` needs. */
export const END_BYTES = 12;

const PNG_START = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const PNG_END = Buffer.from([0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82]);

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const APP2 = 0xe2;
const TEM = 0x01;
const isRestart = (marker: number): boolean => marker >= 0xd0 && marker <= 0xd7;

/** The cheap look: whether the last bytes could end a JPEG or a PNG at all. */
export function hasEndMarker(tail: Buffer): boolean {
  return (tail.at(-2) === 0xff && tail.at(-1) === EOI) || tail.equals(PNG_END);
}

export function toEnding(bytes: Buffer): Ending {
  if (bytes.length === 0) return 'cut';
  if (startsWith(bytes, PNG_START)) return toPngEnding(bytes);
  if (startsWith(bytes, Buffer.from([0xff, SOI]))) return toJpegEnding(bytes);
  return 'open';
}

/** Also true of a file so short that it holds only the first bytes of the mark. */
function startsWith(bytes: Buffer, mark: Buffer): boolean {
  const length = Math.min(bytes.length, mark.length);
  return bytes.subarray(0, length).equals(mark.subarray(0, length));
}

function toJpegEnding(bytes: Buffer): Ending {
  let hasScan = false;
  for (let at = 2; ;) {
    const markerAt = findMarker(bytes, at);
    const marker = bytes[markerAt];
    if (marker === undefined) return 'cut';
    if (marker === EOI) return hasScan && markerAt === bytes.length - 1 ? 'complete' : 'open';
    if (isMultiPicture(bytes, marker, markerAt)) return 'open';
    hasScan ||= marker === SOS;
    at = hasNoLength(marker) ? markerAt + 1 : skipSegment(bytes, markerAt);
  }
}

/**
 * Index of the next marker's code byte, at or after `at`. Passes over entropy-coded data: there FF is followed by 00
 * (a stuffed byte) or a restart marker; FF before FF is a fill byte.
 */
function findMarker(bytes: Buffer, at: number): number {
  for (let ff = bytes.indexOf(0xff, at); ff >= 0; ff = bytes.indexOf(0xff, ff + 1)) {
    const code = bytes[ff + 1];
    if (code === undefined) break;
    if (code !== 0 && code !== 0xff && !isRestart(code)) return ff + 1;
  }
  return bytes.length;
}

const hasNoLength = (marker: number): boolean => marker === TEM || marker === SOI;

/** A length that runs past the end leads past the end, where no marker is found: the file is cut. */
function skipSegment(bytes: Buffer, markerAt: number): number {
  if (markerAt + 3 > bytes.length) return bytes.length;
  return markerAt + 1 + bytes.readUInt16BE(markerAt + 1);
}

/** CIPA DC-007: further pictures follow the first one's end marker, each with its own. */
const isMultiPicture = (bytes: Buffer, marker: number, markerAt: number): boolean =>
  marker === APP2 && bytes.toString('latin1', markerAt + 3, markerAt + 7) === 'MPF\0';

function toPngEnding(bytes: Buffer): Ending {
  for (let at = PNG_START.length; at + 8 <= bytes.length;) {
    const end = at + 12 + bytes.readUInt32BE(at);
    if (bytes.toString('latin1', at + 4, at + 8) === 'IEND') {
      if (end > bytes.length) return 'cut';
      return end === bytes.length ? 'complete' : 'open';
    }
    at = end;
  }
  return 'cut';
}
