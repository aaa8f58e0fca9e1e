import sharp from 'sharp';
import { expect, test } from 'vitest';
import { annotate } from './annotate.ts';
import { textWidth, toTextPath } from './stroke-font.ts';

const imagePixelsMax = 1_000_000;
const grey = (width: number, height: number): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background: '#808080' } }).jpeg().toBuffer(); // prettier-ignore
const person = { label: 'person', score: 0.9, bbox: { x: 50, y: 60, width: 100, height: 80 } };

/** How far a pixel is from the grey of the empty picture. */
async function look(jpeg: Buffer) {
  const { data, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number): number =>
    Math.max(...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3).map((value) => Math.abs(value - 128))); // prettier-ignore
  return { at, width: info.width, height: info.height };
}

test('draws the box and its tag, and nothing elsewhere', async () => {
  const { at, width, height } = await look(await annotate(await grey(300, 200), [person], { imagePixelsMax }));
  expect([width, height]).toEqual([300, 200]);
  expect(at(50, 100)).toBeGreaterThan(40);
  expect(at(100, 140)).toBeGreaterThan(40);
  expect(at(100, 100)).toBeLessThan(10);
  // The tag stands on the box's upper edge; its rim is plain colour.
  expect(at(52, 50)).toBeGreaterThan(40);
  expect(at(250, 180)).toBeLessThan(10);
});

test('makes the picture smaller when asked, never larger', async () => {
  const bytes = await grey(300, 200);
  expect(await look(await annotate(bytes, [person], { imagePixelsMax, width: 150 }))).toMatchObject({ width: 150, height: 100 }); // prettier-ignore
  expect(await look(await annotate(bytes, [person], { imagePixelsMax, width: 900 }))).toMatchObject({ width: 300 });
});

test('draws upright what the camera held sideways', async () => {
  const bytes = await sharp(await grey(300, 200)).withMetadata({ orientation: 6 }).jpeg().toBuffer(); // prettier-ignore
  const tall = { ...person, bbox: { x: 20, y: 200, width: 100, height: 80 } };
  const { at, width, height } = await look(await annotate(bytes, [tall], { imagePixelsMax }));
  expect([width, height]).toEqual([200, 300]);
  expect(at(20, 240)).toBeGreaterThan(40);
});

test('any label is safe: it is drawn as strokes, not as text', async () => {
  const label = '<script>&"\' é 𝕏 日本 </svg>';
  const jpeg = await annotate(await grey(300, 200), [{ ...person, label }], { imagePixelsMax });
  expect((await sharp(jpeg).metadata()).format).toBe('jpeg');
});

test('tags stay inside the picture, in corners and on tiny pictures too', async () => {
  const corner = { ...person, bbox: { x: 298, y: 0, width: 2, height: 2 } };
  await expect(annotate(await grey(300, 200), [corner], { imagePixelsMax })).resolves.toBeInstanceOf(Buffer);
  const dot = { ...person, bbox: { x: 0, y: 0, width: 1, height: 1 } };
  await expect(annotate(await grey(1, 1), [dot], { imagePixelsMax })).resolves.toBeInstanceOf(Buffer);
});

test('what is no picture is invalid', async () => {
  await expect(annotate(Buffer.from('no picture'), [], { imagePixelsMax })).rejects.toMatchObject({ kind: 'invalid' });
});

test('the font draws accents without them and the unknown as question marks', () => {
  expect(toTextPath('é')).toBe(toTextPath('E'));
  expect(toTextPath('日')).toBe(toTextPath('?'));
  expect(toTextPath(' ')).toBe('');
  expect(textWidth('ab')).toBe(10);
});
