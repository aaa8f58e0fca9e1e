/** The time of exposure as EXIF holds it: text, local time of the camera. */
export interface ExifTime {
  /** `2024:01:31 12:34:56` */
  readonly text: string;
  /** `+02:00` */
  readonly offset: string | undefined;
  /** Decimal digits after the second's point. */
  readonly fraction: string | undefined;
}

const EXIF_IFD = 0x8769;
const DATE_TIME_ORIGINAL = 0x9003;
const OFFSET_TIME_ORIGINAL = 0x9011;
const SUB_SEC_TIME_ORIGINAL = 0x9291;
const TYPE_ASCII = 2;
/** The longest of the three texts has 20 bytes. */
const TEXT_BYTES_MAX = 64;

/**
 * Reads just three tags (Exif 2.32, 4.6.5) out of an EXIF block. A general reader decodes every array that the block
 * claims to hold; a crafted block of 64 KB can claim gigabytes. Here the work is one pass over two tables.
 */
export function readExifTime(block: Buffer): ExifTime | undefined {
  try {
    return readTime(block.toString('latin1', 0, 6) === 'Exif\0\0' ? block.subarray(6) : block);
  } catch (thrown) {
    // A malformed block points outside itself. It just holds no time.
    if (thrown instanceof RangeError) return undefined;
    throw thrown;
  }
}

function readTime(tiff: Buffer): ExifTime | undefined {
  const order = tiff.toString('latin1', 0, 2);
  if (order !== 'II' && order !== 'MM') return undefined;
  const number = {
    u16: (at: number) => (order === 'II' ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at)),
    u32: (at: number) => (order === 'II' ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at)),
  };

  function findTag(table: number, tag: number): number | undefined {
    const tags = number.u16(table);
    for (let at = table + 2; at < table + 2 + tags * 12; at += 12) if (number.u16(at) === tag) return at;
    return undefined;
  }

  function readText(table: number, tag: number): string | undefined {
    const at = findTag(table, tag);
    if (at === undefined || number.u16(at + 2) !== TYPE_ASCII) return undefined;
    const length = number.u32(at + 4);
    if (length > TEXT_BYTES_MAX) return undefined;
    const start = length <= 4 ? at + 8 : number.u32(at + 8);
    return tiff
      .toString('latin1', start, start + length)
      .replace(/\0.*$/s, '')
      .trim();
  }

  const pointer = findTag(number.u32(4), EXIF_IFD);
  if (pointer === undefined) return undefined;
  const table = number.u32(pointer + 8);
  const text = readText(table, DATE_TIME_ORIGINAL);
  if (text === undefined) return undefined;
  return { text, offset: readText(table, OFFSET_TIME_ORIGINAL), fraction: readText(table, SUB_SEC_TIME_ORIGINAL) };
}
