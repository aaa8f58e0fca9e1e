import sharp, { type Sharp } from 'sharp';
import { NightjarError, toMessage } from '../../lib/errors.ts';
import type { EncodedImage } from '../detector.ts';
import { placePicture, type InputShape, type Placement, type Size } from './placement.ts';

/**
 * Both hold for the whole process. Several pictures decode at once in libuv's pool, so one thread for each is fastest:
 * 111 pictures/s (1080p to 640x640) on two cores, against 52 with sharp's default. No picture comes twice, so the
 * operation cache would only hold memory.
 */
sharp.concurrency(1);
sharp.cache(false);

export interface PreparedPicture {
  /** RGB bytes, row by row, of `placement.drawn`. */
  readonly pixels: Uint8Array;
  readonly placement: Placement;
}

export interface DecodeLimits {
  /** Larger pictures are refused before they are decoded. */
  readonly imagePixelsMax: number;
}

/** Decodes pictures to the size that they have in a model's input. Throws `invalid`, with the reason, for what is no whole picture. */
export function createDecoder({ input, imagePixelsMax }: DecodeLimits & { readonly input: InputShape }) {
  return async (image: EncodedImage): Promise<PreparedPicture> => {
    const placement = placePicture(image, input);
    const pipeline = openPicture(image.bytes, imagePixelsMax)
      .autoOrient()
      // `fill` to a size of the picture's own aspect keeps the JPEG decoder's reduced scales (shrink-on-load).
      .resize({ ...placement.drawn, fit: 'fill' })
      .removeAlpha()
      .toColourspace('srgb')
      .raw();
    // Not `toUint8Array`: sharp 0.35.5 never frees what that returns (0.45 MB a frame; benchmarks/burst.ts saw it).
    const data = await asInvalid(pipeline.toBuffer());
    return { pixels: checkLength(data, placement.drawn), placement };
  };
}

/** Reads the size of a picture from its header, after EXIF orientation. Throws `invalid` for what is no picture. */
export async function measurePicture(bytes: Uint8Array, { imagePixelsMax }: DecodeLimits): Promise<Size> {
  const { autoOrient } = await asInvalid(openPicture(bytes, imagePixelsMax).metadata());
  if (autoOrient.width * autoOrient.height > imagePixelsMax)
    throw new NightjarError('invalid', `picture of ${autoOrient.width} x ${autoOrient.height} pixels is too large`);
  return { width: autoOrient.width, height: autoOrient.height };
}

/** Refuses what is larger than the limit, and what ends before its time. */
export function openPicture(bytes: Uint8Array, imagePixelsMax: number): Sharp {
  // sharp would throw this one at once instead of rejecting later.
  if (bytes.byteLength === 0) throw new NightjarError('invalid', 'not a whole picture: it is empty');
  return sharp(bytes, { limitInputPixels: imagePixelsMax, failOn: 'truncated' });
}

/** All that sharp can refuse here is the picture itself. */
export async function asInvalid<T>(working: Promise<T>): Promise<T> {
  try {
    return await working;
  } catch (cause) {
    const [reason = ''] = toMessage(cause).split('\n');
    throw new NightjarError('invalid', `not a whole picture: ${reason}`, { cause });
  }
}

function checkLength(pixels: Uint8Array, { width, height }: Size): Uint8Array {
  if (pixels.byteLength === width * height * 3) return pixels;
  throw new NightjarError('internal', `${pixels.byteLength} bytes where ${width} x ${height} RGB pixels were expected`);
}
