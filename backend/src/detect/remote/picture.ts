/** A picture as it is sent to a server: its own bytes where any server can read them, else upright as a JPEG. */
import type { Metadata } from 'sharp';
import { NightjarError } from '../../lib/errors.ts';
import type { EncodedImage } from '../detector.ts';
import { asInvalid, openPicture } from '../picture/decode.ts';
import type { Size } from '../picture/placement.ts';

export interface SentPicture extends Size {
  readonly blob: Blob;
  /** Of the file in a multipart form, as in `jpg`. */
  readonly extension: string;
}

const JPEG_QUALITY = 95;

const EXTENSIONS: Readonly<Record<string, string>> = { jpeg: 'jpg', png: 'png' };

/**
 * Reads the header only, and sends the bytes as they are if they are a plain upright JPEG or PNG. Everything else is
 * made a JPEG first: other formats, which many servers lack, and pictures with an EXIF orientation, which some servers
 * apply and others do not, so that nobody could say what their boxes refer to. Throws `invalid` for what is no picture,
 * or one of more than `imagePixelsMax` pixels.
 */
export function createSender({ imagePixelsMax }: { readonly imagePixelsMax: number }) {
  return async ({ bytes, width, height }: EncodedImage): Promise<SentPicture> => {
    const metadata = await asInvalid(openPicture(bytes, imagePixelsMax).metadata());
    // sharp keeps to its limit only when it decodes, which here it may never do.
    if (metadata.width * metadata.height > imagePixelsMax)
      throw new NightjarError('invalid', `picture of ${metadata.width} x ${metadata.height} pixels is too large`);
    if (isReadByAll(metadata)) return { ...createSent(bytes, metadata.format), width, height };
    const jpeg = openPicture(bytes, imagePixelsMax)
      .autoOrient()
      .removeAlpha()
      .toColourspace('srgb')
      .jpeg({ quality: JPEG_QUALITY, chromaSubsampling: '4:4:4' });
    return { ...createSent(await asInvalid(jpeg.toBuffer()), 'jpeg'), width, height };
  };
}

/** A JPEG or PNG, upright, eight bits, grey or RGB: not CMYK, which decoders disagree about. */
const isReadByAll = ({ format, orientation = 1, depth, space }: Metadata): boolean =>
  format in EXTENSIONS && orientation === 1 && depth === 'uchar' && ['srgb', 'b-w'].includes(space);

export const createSent = (bytes: Uint8Array, format: string) => ({
  blob: new Blob([bytes], { type: `image/${format}` }),
  extension: EXTENSIONS[format] ?? format,
});
