/**
 * Is the upload of a film finished? Seen in its outermost structure, which is walked by small reads at chosen places:
 * a film may be larger than memory. Most cameras write the index (`moov`) last, so that a film without it is cut.
 */
import { clipFormats, type ClipFormat } from './start.ts';
import type { Ending } from '../finished.ts';

/** A file that can be read at any place. */
export interface Bytes {
  readonly size: number;
  /** Up to `length` bytes from `at`; fewer only if the file has fewer. */
  read(at: number, length: number): Promise<Buffer>;
}

/** Parts at the outermost level that are looked at. A film in more pieces is one that only stillness can end. */
const PARTS_MAX = 1_000;
/** Some uploaders make the whole file first, empty, and fill it then. */
const TAIL_BYTES = 256;

/** The three answers are those of finished.ts. */
export async function toClipEnding(format: ClipFormat, bytes: Bytes): Promise<Ending> {
  const ending = await walk(format, bytes);
  return ending === 'complete' && (await endsInZeros(bytes)) ? 'open' : ending;
}

function walk(format: ClipFormat, bytes: Bytes): Ending | Promise<Ending> {
  switch (clipFormats[format].ending) {
    case 'boxes':
      return toBoxEnding(bytes);
    case 'chunks':
      return toChunkEnding(bytes);
    case 'elements':
      return toElementEnding(bytes);
    case 'none':
      return 'open';
  }
}

async function endsInZeros({ size, read }: Bytes): Promise<boolean> {
  const tail = await read(Math.max(0, size - TAIL_BYTES), Math.min(size, TAIL_BYTES));
  return tail.every((byte) => byte === 0);
}

interface Part {
  readonly type: string;
  /** Where what is in it begins. */
  readonly contentAt: number;
  /** Where the next one begins; undefined where it does not say, but goes on to the end of the file. */
  readonly end: number | undefined;
}

/** A box of ISO/IEC 14496-12, 4.2; undefined where there is none. */
async function readBox({ size, read }: Bytes, at: number): Promise<Part | undefined> {
  const head = await read(at, Math.min(16, size - at));
  if (head.length < 8) return undefined;
  const type = head.toString('latin1', 4, 8);
  const short = head.readUInt32BE(0);
  if (short === 0) return { type, contentAt: at + 8, end: undefined };
  if (short >= 8) return { type, contentAt: at + 8, end: at + short };
  if (short !== 1 || head.length < 16) return undefined;
  const long = Number(head.readBigUInt64BE(8));
  return long >= 16 ? { type, contentAt: at + 16, end: at + long } : undefined;
}

async function toBoxEnding(bytes: Bytes): Promise<Ending> {
  const seen = new Set<string>();
  let last = '';
  let at = 0;
  for (let parts = 0; at < bytes.size; parts++) {
    if (parts === PARTS_MAX) return 'open';
    const box = await readBox(bytes, at);
    // Something else follows, or zeros: what is there may be whole nevertheless.
    if (!box || (box.end === undefined && box.type === '\0\0\0\0')) return hasAll(seen) ? 'open' : 'cut';
    if (box.end === undefined) return seen.has('moov') ? 'open' : 'cut';
    if (box.end > bytes.size) return 'cut';
    last = box.type;
    if (last === 'moov' && !seen.has('moov') && (await isForFragments(bytes, box))) seen.add('moof');
    seen.add(last);
    at = box.end;
  }
  // A film in fragments could end after each of them; some writers put a table of them last.
  if (seen.has('moof')) return last === 'mfra' ? 'complete' : 'open';
  return hasAll(seen) ? 'complete' : 'cut';
}

const hasAll = (seen: ReadonlySet<string>): boolean => seen.has('moov') && seen.has('mdat');

/** Whether the index says that fragments follow (`mvex`). */
async function isForFragments(bytes: Bytes, { contentAt, end = 0 }: Part): Promise<boolean> {
  let at = contentAt;
  for (let parts = 0; at < end && parts < PARTS_MAX; parts++) {
    const box = await readBox(bytes, at);
    if (!box || box.end === undefined) return false;
    if (box.type === 'mvex') return true;
    at = box.end;
  }
  return false;
}

/** AVI: one RIFF chunk, or several where it is longer than a gigabyte or so (OpenDML). */
async function toChunkEnding({ size, read }: Bytes): Promise<Ending> {
  let at = 0;
  for (let parts = 0; at < size; parts++) {
    if (parts === PARTS_MAX) return 'open';
    const head = await read(at, Math.min(12, size - at));
    if (head.length < 12) return at === 0 ? 'cut' : 'open';
    if (!/^RIFF....AVI[ X]/s.test(head.toString('latin1'))) return 'open';
    const length = head.readUInt32LE(4);
    // Filled in when the film is over.
    if (length === 0) return 'cut';
    const end = at + 8 + length;
    if (end > size) return 'cut';
    // A byte is to follow where the length is odd; not all writers know.
    at = end === size ? end : end + (length % 2);
  }
  return 'complete';
}

const SEGMENT = '18538067';

/** RFC 8794 (EBML), 4: identity and length are numbers whose leading zero bits tell how many bytes they take. */
async function readElement({ size, read }: Bytes, at: number): Promise<Part | undefined> {
  const head = await read(at, Math.min(12, size - at));
  const idBytes = toNumberBytes(head[0], 4);
  const lengthBytes = toNumberBytes(head[idBytes], 8);
  const contentAt = at + idBytes + lengthBytes;
  if (idBytes === 0 || lengthBytes === 0 || contentAt > at + head.length) return undefined;
  const type = head.toString('hex', 0, idBytes);
  // All bits of the value set: written live, of unknown length.
  const unknown = (1n << BigInt(7 * lengthBytes)) - 1n;
  const length = BigInt(`0x${head.toString('hex', idBytes, idBytes + lengthBytes)}`) & unknown;
  return { type, contentAt, end: length === unknown ? undefined : contentAt + Number(length) };
}

/** 0 where it would be more than `max`, or there is no byte. */
function toNumberBytes(first: number | undefined, max: number): number {
  const bytes = first === undefined ? 0 : Math.clz32(first) - 23;
  return bytes <= max ? bytes : 0;
}

async function toElementEnding(bytes: Bytes): Promise<Ending> {
  let hasSegment = false;
  let at = 0;
  for (let parts = 0; at < bytes.size; parts++) {
    if (parts === PARTS_MAX) return 'open';
    const element = await readElement(bytes, at);
    if (!element) return hasSegment ? 'open' : 'cut';
    if (element.end === undefined) return 'open';
    if (element.end > bytes.size) return 'cut';
    hasSegment ||= element.type === SEGMENT;
    at = element.end;
  }
  return hasSegment ? 'complete' : 'cut';
}
