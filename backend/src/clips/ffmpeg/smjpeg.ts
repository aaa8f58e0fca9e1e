/**
 * SMJPEG, in which ffmpeg hands over the pictures it cut: JPEGs with a time and a length each, made for a pipe.
 * After a header of tagged chunks (`_TXT`, `_VID`, ended by `HEND`) come `vidD`, u32 time, u32 length, bytes; then `DONE`.
 * All numbers are big-endian. For the time, ffmpeg is told to write the picture's place in the plan, in millionths.
 */
import { NightjarError } from '../../lib/errors.ts';
import type { ByteReader } from './byte-reader.ts';

/** Of a thousand places at most: it has to fit 32 bits. */
export const PARTS_OF_PLACE = 1_000_000;

const MAGIC = '\0\nSMJPEG';
/** Version and duration. */
const FIGURES_BYTES = 8;
const HEADER_CHUNK_BYTES_MAX = 1 << 20;

export interface CutPicture {
  /** Which of the planned moments it is of. */
  readonly place: number;
  readonly jpeg: Buffer;
}

/** Throws `unavailable` for what is not of this form: that is a fault of the program, not of a picture. */
export async function* readSmjpeg(reader: ByteReader, imageBytesMax: number): AsyncGenerator<CutPicture> {
  if (!(await skipHeader(reader))) return;
  for (;;) {
    const tag = await readTag(reader);
    if (tag === undefined || tag === 'DONE') return;
    if (tag !== 'vidD') throw noPicture();
    const time = await readNumber(reader);
    const bytes = await readNumber(reader);
    if (time === undefined || bytes === undefined) return;
    if (bytes > imageBytesMax)
      throw new NightjarError('invalid', `a picture of it has more than ${imageBytesMax} bytes`);
    const jpeg = await reader.take(bytes);
    if (!jpeg) return; // it was ended in the middle of a picture
    yield { place: Math.floor(time / PARTS_OF_PLACE), jpeg };
  }
}

/** False when nothing came: ffmpeg writes the header with the first picture. */
async function skipHeader(reader: ByteReader): Promise<boolean> {
  const magic = await reader.take(MAGIC.length);
  if (!magic) return false;
  if (magic.toString('latin1') !== MAGIC) throw noPicture();
  if (!(await reader.take(FIGURES_BYTES))) return false;
  for (;;) {
    const tag = await readTag(reader);
    if (tag === undefined) return false;
    if (tag === 'HEND') return true;
    const bytes = await readNumber(reader);
    if (bytes === undefined) return false;
    if (!tag.startsWith('_') || bytes > HEADER_CHUNK_BYTES_MAX) throw noPicture();
    await reader.take(bytes);
  }
}

const readTag = async (reader: ByteReader): Promise<string | undefined> => (await reader.take(4))?.toString('latin1');
const readNumber = async (reader: ByteReader): Promise<number | undefined> => (await reader.take(4))?.readUInt32BE();
const noPicture = (): NightjarError => new NightjarError('unavailable', 'ffmpeg wrote something that is no picture');
