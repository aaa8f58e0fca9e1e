import sharp from 'sharp';
import { expect, it } from 'vitest';
import { createSender, type SentPicture } from './picture.ts';

const prepare = createSender({ imagePixelsMax: 10_000 });
const size = { width: 60, height: 40 };
const draw = () => sharp({ create: { ...size, channels: 3, background: '#3060c0' } });
const send = async (bytes: Uint8Array) => prepare({ bytes, ...size });
const bytesOf = async ({ blob }: SentPicture) => Buffer.from(await blob.arrayBuffer());

it.each(['jpeg', 'png'] as const)('sends an upright %s byte for byte', async (format) => {
  const bytes = await draw().toFormat(format).toBuffer();
  const sent = await send(bytes);
  expect(await bytesOf(sent)).toEqual(bytes);
  expect([sent.blob.type, sent.extension]).toEqual([`image/${format}`, format === 'png' ? 'png' : 'jpg']);
});

it.each([
  ['webp', () => draw().webp().toBuffer()],
  ['avif', () => draw().avif().toBuffer()],
  ['tiff', () => draw().tiff().toBuffer()],
  ['gif', () => draw().gif().toBuffer()],
  ['a CMYK JPEG', () => draw().toColourspace('cmyk').jpeg().toBuffer()],
  ['a PNG of 16 bits', () => draw().toColourspace('rgb16').png().toBuffer()],
  ['a JPEG held sideways', () => draw().rotate(-90).withMetadata({ orientation: 6 }).jpeg().toBuffer()],
])('makes of %s an upright JPEG', async (_what, encode) => {
  const jpeg = await bytesOf(await send(await encode()));
  const { format, width, height, space, orientation } = await sharp(jpeg).metadata();
  expect({ format, width, height, space }).toEqual({ format: 'jpeg', ...size, space: 'srgb' });
  expect(orientation ?? 1).toBe(1);
});

it.each([
  ['empty', Buffer.alloc(0)],
  ['no picture', Buffer.from('hello')],
  ['half a WebP', draw().webp().toBuffer().then((bytes) => bytes.subarray(0, bytes.length / 2))],
  ['too large', sharp({ create: { width: 200, height: 60, channels: 3, background: '#000' } }).jpeg().toBuffer()],
])('calls invalid what is %s', async (_what, bytes) => {
  await expect(send(await bytes)).rejects.toMatchObject({ kind: 'invalid' });
}); // prettier-ignore
