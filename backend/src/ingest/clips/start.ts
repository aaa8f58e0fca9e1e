/** Which kind of film a file holds: by its first bytes, not by its name. */
import { isClipName } from '../names.ts';

/** First bytes that `toClipFormat` needs to see; fewer if the file has no more. */
export const START_BYTES = 1_024;

/** Media types are ours and fixed: what a camera says of itself is never served. */
export const clipFormats = {
  mp4: { mediaType: 'video/mp4', extension: 'mp4', ending: 'boxes' },
  mov: { mediaType: 'video/quicktime', extension: 'mov', ending: 'boxes' },
  matroska: { mediaType: 'video/x-matroska', extension: 'mkv', ending: 'elements' },
  avi: { mediaType: 'video/x-msvideo', extension: 'avi', ending: 'chunks' },
  mpegTs: { mediaType: 'video/mp2t', extension: 'ts', ending: 'none' },
  h264: { mediaType: 'video/h264', extension: 'h264', ending: 'none' },
  h265: { mediaType: 'video/h265', extension: 'h265', ending: 'none' },
} as const;
export type ClipFormat = keyof typeof clipFormats;

/** For people: what may be dropped. */
export const CLIP_KINDS = 'MP4, QuickTime, Matroska, WebM, AVI, MPEG-TS and bare H.264 or H.265';

/** Undefined for what is no film that we know. Pictures are to be ruled out before: AVIF looks much like MP4. */
export function toClipFormat(start: Buffer, path: string): ClipFormat | undefined {
  const text = start.toString('latin1', 0, 12);
  if (/^RIFF....AVI /s.test(text)) return 'avi';
  if (text.startsWith('\x1aE\xdf\xa3')) return 'matroska';
  if (isTransportStream(start)) return 'mpegTs';
  // Any file may begin with these few bytes.
  const raw = isClipName(path) ? toRawFormat(start) : undefined;
  return raw ?? toBoxFormat(text);
}

/** ISO/IEC 14496-12, 4.2: a size of four bytes, then the type. */
const FILE_TYPE_BOX = /^\0\0..ftyp(.{4})/s;
/** Brands of stills and of sound alone. */
const OTHER_BRAND = /^(mif1|msf1|hei[cxms]|hev[cxms]|avi[fs]|jp(eg|gs|2 |x |m )|crx |M4[AB] )/;
/** Older QuickTime has no type box. The film itself may be of any size, what else may come first is small. */
const OLD_QUICKTIME = /^(\0...(moov|free|skip|wide|pnot)|....mdat)/s;

function toBoxFormat(text: string): ClipFormat | undefined {
  const brand = FILE_TYPE_BOX.exec(text)?.[1];
  if (brand === undefined) return OLD_QUICKTIME.test(text) ? 'mov' : undefined;
  if (OTHER_BRAND.test(brand)) return undefined;
  return brand === 'qt  ' ? 'mov' : 'mp4';
}

const SYNC_BYTE = 0x47;
/** Packets of 188 bytes; on disks also with a time stamp of four bytes before each. */
const PACKETS = [
  { bytes: 188, syncAt: 0 },
  { bytes: 192, syncAt: 4 },
];
const PACKETS_MIN = 3;

/** ISO/IEC 13818-1, 2.4.3.2: each packet begins with the sync byte. */
function isTransportStream(start: Buffer): boolean {
  return PACKETS.some(({ bytes, syncAt }) => {
    const syncs = [];
    for (let at = syncAt; at < start.length; at += bytes) syncs.push(start[at]);
    return syncs.length >= PACKETS_MIN && syncs.every((byte) => byte === SYNC_BYTE);
  });
}

/** Units of H.265 that a stream may begin with: parameter sets and the access unit delimiter. No H.264 begins so. */
const H265_UNITS: readonly number[] = [0x4001, 0x4201, 0x4401, 0x4601];

/** ITU-T H.264 and H.265, annex B: a start code, then a unit whose first bit is 0 (in MPEG program streams it is 1). */
function toRawFormat(start: Buffer): ClipFormat | undefined {
  const one = start.subarray(0, 4).indexOf(1);
  if (one < 2 || start.length < one + 3 || start.subarray(0, one).some((byte) => byte !== 0)) return undefined;
  const unit = start.readUInt16BE(one + 1);
  if (unit >= 0x8000) return undefined;
  return H265_UNITS.includes(unit) ? 'h265' : 'h264';
}
