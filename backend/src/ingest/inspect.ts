/** What a finished file is: a picture, with the facts a frame needs, or junk, with the reason. */
import sharp, { type Metadata } from 'sharp';
import { NightjarError, toMessage } from '../lib/errors.ts';
import { isPictureStart } from '../lib/picture-start.ts';
import { CLIP_KINDS } from './clips/start.ts';
import type { Ending } from './finished.ts';
import { isClipName } from './names.ts';

export interface Picture {
  readonly mediaType: string;
  /** Of the file in the media store, as in `jpg`. */
  readonly extension: string;
  /** Pixels, after EXIF orientation. */
  readonly width: number;
  readonly height: number;
  readonly exif: Buffer | undefined;
}

const FORMATS: Readonly<Record<string, { readonly mediaType: string; readonly extension: string }>> = {
  jpeg: { mediaType: 'image/jpeg', extension: 'jpg' },
  png: { mediaType: 'image/png', extension: 'png' },
  webp: { mediaType: 'image/webp', extension: 'webp' },
  gif: { mediaType: 'image/gif', extension: 'gif' },
  tiff: { mediaType: 'image/tiff', extension: 'tiff' },
  heif: { mediaType: 'image/avif', extension: 'avif' },
};

const REASON_CHARS_MAX = 200;

/** Reads the header only: nothing is decoded. Throws `invalid` with the reason for junk. */
export async function inspectPicture(
  bytes: Buffer,
  { ending, name, pixelsMax }: { readonly ending: Ending; readonly name: string; readonly pixelsMax: number },
): Promise<Picture> {
  if (bytes.length === 0) throw junk('empty: the file has no bytes');
  if (ending === 'cut') throw junk('truncated: the file ends before the picture does');
  if (!isPictureStart(bytes)) throw junk(toUnknownReason(name));
  const picture = toPicture(await readHeader(bytes));
  if (picture.width * picture.height <= pixelsMax) return picture;
  throw junk(`too many pixels: ${picture.width} x ${picture.height}, at most ${pixelsMax} are examined`);
}

const toUnknownReason = (name: string): string =>
  isClipName(name)
    ? `not a clip: the content is of no known format, which are ${CLIP_KINDS}`
    : 'not a picture: the content is of no known format';

async function readHeader(bytes: Buffer): Promise<Metadata> {
  try {
    // Its own limit would hide how large the picture is.
    return await sharp(bytes, { limitInputPixels: false }).metadata();
  } catch (thrown) {
    const [reason = ''] = toMessage(thrown).split('\n');
    throw junk(`damaged picture: ${reason.slice(0, REASON_CHARS_MAX)}`, thrown);
  }
}

function toPicture({ format, autoOrient, exif }: Metadata): Picture {
  const known = FORMATS[format];
  if (!known) throw junk(`not a picture: the format ${format} is not examined`);
  return { ...known, width: autoOrient.width, height: autoOrient.height, exif };
}

const junk = (reason: string, cause?: unknown): NightjarError => new NightjarError('invalid', reason, { cause });
