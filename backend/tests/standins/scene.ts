/**
 * Pictures that say who they are: a number, painted as black and white fields that survive any JPEG, and what a
 * detector sees in each, which follows from the number alone. So every stored detection can be held against its picture.
 */
import sharp from 'sharp';
import type { DetectedObject } from '../../src/model/index.ts';

const [COLUMNS, ROWS, FIELD] = [4, 3, 32];
export const SCENE = { width: COLUMNS * FIELD, height: ROWS * FIELD };
/** Numbers below this have pictures of their own. */
export const SCENES_MAX = 2 ** (COLUMNS * ROWS);

/** What a server says of one object, in pixels of the picture. */
export interface Claim {
  readonly label: string;
  readonly score: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export type SceneFormat = 'jpeg' | 'png' | 'webp' | 'avif' | 'tiff' | 'gif';

/** `orientation`: how the camera held it, as EXIF says it; the picture a viewer sees is the same. */
export async function drawScene(number: number, format: SceneFormat = 'jpeg', orientation = 1): Promise<Buffer> {
  const fields = Buffer.from(Array.from({ length: COLUMNS * ROWS }, (_, bit) => ((number >> bit) & 1) * 255));
  const raw = { width: COLUMNS, height: ROWS, channels: 1 } as const;
  const picture = await sharp(fields, { raw }).resize({ ...SCENE, kernel: 'nearest' }).toColourspace('srgb').png().toBuffer(); // prettier-ignore
  // Turned back, so that turning it as EXIF says makes it upright: 6 is a quarter turn clockwise, 8 anticlockwise.
  const turned = sharp(picture).rotate({ 1: 0, 3: 180, 6: 270, 8: 90 }[orientation] ?? 0);
  return (orientation === 1 ? turned : turned.withMetadata({ orientation })).toFormat(format).toBuffer();
}

export interface Seen {
  readonly number: number;
  readonly width: number;
  readonly height: number;
}

/** Decodes the picture as a server does that knows nothing of EXIF. Throws for what is no whole picture. */
export async function readScene(bytes: Buffer): Promise<Seen> {
  const { data, info } = await sharp(bytes, { failOn: 'truncated' }).greyscale().raw().toBuffer({ resolveWithObject: true }); // prettier-ignore
  const { width, height, channels } = info;
  const bits = Array.from({ length: COLUMNS * ROWS }, (_, bit) => {
    const x = Math.floor((((bit % COLUMNS) + 0.5) * width) / COLUMNS);
    const y = Math.floor(((Math.floor(bit / COLUMNS) + 0.5) * height) / ROWS);
    return (data[(y * width + x) * channels] ?? 0) > 160 ? 2 ** bit : 0;
  });
  return { number: bits.reduce((sum, bit) => sum + bit, 0), width, height };
}

const LABELS = ['person', 'car', 'dog', 'kite'];

/** None in every fourth; some are weak, some have labels that nobody asked for. */
export function claimsOf(number: number): Claim[] {
  return Array.from({ length: number % 4 }, (_, place) => ({
    label: LABELS[(number + place) % LABELS.length] ?? '',
    score: (20 + ((number * 3 + place * 11) % 80)) / 100,
    x: ((number * 7 + place * 31) % 100) + 0.4,
    y: ((number * 5 + place * 17) % 70) + 0.6,
    width: 20 + (number % 13),
    height: 15 + (number % 11),
  }));
}

const WANTED = ['person', 'bicycle', 'car', 'motorcycle', 'bus', 'truck', 'bird', 'cat', 'dog'];

/** What is to be stored: the default labels from 0.35 on, in whole pixels, cut off at the picture's edge. */
export const expectedOf = (number: number): DetectedObject[] =>
  claimsOf(number)
    .filter(({ label, score }) => WANTED.includes(label) && score >= 0.35)
    .sort((a, b) => b.score - a.score)
    .map(({ label, score, ...box }) => {
      const [x, y] = [Math.round(box.x), Math.round(box.y)];
      const right = Math.min(SCENE.width, Math.round(box.x + box.width));
      const bottom = Math.min(SCENE.height, Math.round(box.y + box.height));
      return { label, score, bbox: { x, y, width: right - x, height: bottom - y } };
    });
