import sharp, { type Sharp } from 'sharp';
import { describe, expect, test } from 'vitest';
import { createDecoder, measurePicture } from './decode.ts';
import { toBatch } from '../onnx/thread/input-batch.ts';
import type { InputShape } from './placement.ts';

const input: InputShape = { width: 32, height: 32, resize: 'letterbox', align: 'centre', pad: 127 };
const imagePixelsMax = 10_000;
const decode = createDecoder({ input, imagePixelsMax });

/** A picture whose left half is red and whose right half is blue. */
const redBlue = (width: number, height: number): Sharp => {
  const red = { create: { width: width / 2, height, channels: 3, background: '#ff0000' } } as const;
  return sharp({ create: { width, height, channels: 3, background: '#0000ff' } }).composite([
    { input: red, left: 0, top: 0 },
  ]);
};

/** The colour of the model's input at a place, to the nearest of a few names. */
async function look(bytes: Uint8Array, width: number, height: number) {
  const { pixels } = toBatch([await decode({ bytes, width, height })], input);
  return (x: number, y: number): string => {
    const [red = 0, green = 0, blue = 0] = pixels.subarray((y * input.width + x) * 3);
    if (Math.max(red, green, blue) - Math.min(red, green, blue) < 20) return red > 100 && red < 150 ? 'grey' : 'plain';
    return red > blue ? 'red' : 'blue';
  };
}

describe('a picture is decoded into the middle of the input', () => {
  test('wide: padding above and below', async () => {
    const at = await look(await redBlue(64, 32).jpeg().toBuffer(), 64, 32);
    expect([at(2, 3), at(2, 29), at(2, 16), at(29, 16)]).toEqual(['grey', 'grey', 'red', 'blue']);
  });

  test('tall: padding left and right', async () => {
    const at = await look(await redBlue(32, 64).jpeg().toBuffer(), 32, 64);
    expect([at(3, 16), at(29, 16), at(10, 2), at(21, 29)]).toEqual(['grey', 'grey', 'red', 'blue']);
  });

  test.each([
    [6, [16, 4], [16, 28]],
    [8, [16, 28], [16, 4]],
    [3, [28, 16], [4, 16]],
  ] as const)('upright, by EXIF orientation %i', async (orientation, red, blue) => {
    const bytes = await redBlue(64, 32).withMetadata({ orientation }).jpeg().toBuffer();
    const size = await measurePicture(bytes, { imagePixelsMax });
    expect(size).toEqual(orientation === 3 ? { width: 64, height: 32 } : { width: 32, height: 64 });
    const at = await look(bytes, size.width, size.height);
    expect([at(red[0], red[1]), at(blue[0], blue[1])]).toEqual(['red', 'blue']);
  });

  test('the next picture of a batch does not disturb the first', async () => {
    const bytes = await redBlue(64, 32).png().toBuffer();
    const picture = await decode({ bytes, width: 64, height: 32 });
    const { pixels } = toBatch([picture, picture], input);
    const half = pixels.byteLength / 2;
    expect(pixels.subarray(0, half)).toEqual(pixels.subarray(half));
    expect(pixels.subarray(0, half)).toEqual(toBatch([picture], input).pixels);
  });
});

describe('pictures of every sort come out as RGB', () => {
  const noise = Buffer.from(Array.from({ length: 64 * 32 * 4 }, (_, index) => (index * 89) % 256));
  const from = (channels: 1 | 2 | 3 | 4): Sharp =>
    sharp(noise.subarray(0, 64 * 32 * channels), { raw: { width: 64, height: 32, channels } });
  test.each<[string, () => Promise<Buffer>]>([
    ['grey JPEG', () => from(1).toColourspace('b-w').jpeg().toBuffer()],
    ['CMYK JPEG', () => from(3).toColourspace('cmyk').jpeg().toBuffer()],
    ['PNG with alpha', () => from(4).png().toBuffer()],
    ['grey PNG with alpha', () => from(2).toColourspace('b-w').png().toBuffer()],
    ['palette PNG', () => from(3).png({ palette: true }).toBuffer()],
    ['16-bit PNG', () => from(3).toColourspace('rgb16').png().toBuffer()],
    ['16-bit grey PNG', () => from(1).toColourspace('grey16').png().toBuffer()],
    ['progressive JPEG', () => from(3).jpeg({ progressive: true }).toBuffer()],
    ['WebP', () => from(3).webp().toBuffer()],
  ])('%s', async (_name, make) => {
    const { pixels } = await decode({ bytes: await make(), width: 64, height: 32 });
    expect(pixels).toHaveLength(32 * 16 * 3);
    expect(Math.max(...pixels)).toBeGreaterThan(100);
  });

  test('16 bits keep their meaning', async () => {
    const bytes = await redBlue(64, 32).toColourspace('rgb16').png().toBuffer();
    expect((await sharp(bytes).metadata()).depth).toBe('ushort');
    const { pixels } = await decode({ bytes, width: 64, height: 32 });
    expect([...pixels.subarray(0, 3)]).toEqual([255, 0, 0]);
  });
});

describe('what is no whole picture is invalid', () => {
  const whole = redBlue(64, 32).jpeg().toBuffer();
  test.each<[string, () => Promise<Uint8Array>]>([
    ['a torn JPEG', async () => (await whole).subarray(0, -200)],
    ['a torn PNG', async () => (await redBlue(64, 32).png({ compressionLevel: 0 }).toBuffer()).subarray(0, 2_000)],
    ['a JPEG header alone', async () => (await whole).subarray(0, 30)],
    ['text', async () => Buffer.from('this is no picture')],
    ['nothing', async () => new Uint8Array(0)],
  ])('%s', async (_name, make) => {
    const bytes = await make();
    await expect(decode({ bytes, width: 64, height: 32 })).rejects.toMatchObject({ kind: 'invalid' });
  });

  test('a bomb: small in bytes, beyond the limit in pixels', async () => {
    const bytes = await sharp({ create: { width: 2_000, height: 2_000, channels: 3, background: 'black' } })
      .png()
      .toBuffer();
    await expect(decode({ bytes, width: 2_000, height: 2_000 })).rejects.toMatchObject({ kind: 'invalid' });
    await expect(measurePicture(bytes, { imagePixelsMax })).rejects.toMatchObject({ kind: 'invalid' });
  });
});

test('what a decoded picture took is given back', async () => {
  const size = { width: 1_000, height: 1_000 };
  const decodeLarge = createDecoder({ input: { ...input, ...size }, imagePixelsMax: 1_000_000 });
  const bytes = await redBlue(size.width, size.height).jpeg().toBuffer();
  const decodeMany = async (count: number): Promise<number> => {
    for (let done = 0; done < count; done += 1) await decodeLarge({ bytes, ...size });
    return process.memoryUsage.rss() / 1e6;
  };
  const before = await decodeMany(30);
  // 3 MB each: kept, they would be 300 MB. What is garbage and not collected yet is less than half of that.
  expect((await decodeMany(100)) - before).toBeLessThan(150);
});
