/** A picture that costs next to nothing: where the pictures are not the subject. */
import sharp from 'sharp';

export const TINY_SIZE = { width: 64, height: 48 } as const;

export const drawTiny = (): Promise<Buffer> =>
  sharp({ create: { ...TINY_SIZE, channels: 3, background: 'grey' } })
    .jpeg()
    .toBuffer();
