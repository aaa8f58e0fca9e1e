/** From a foreign ONNX file to boxes in a picture: the import, the model folder, the detector, and the family's adapter. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOnnxDetector, type EncodedImage } from '../src/detect/index.ts';
import { systemClock } from '../src/lib/clock.ts';
import { silentLog } from '../src/lib/log.ts';
import { importModel, readModel, type ImportOptions } from '../src/models/index.ts';
import { buildDecodedRtdetr, buildRtdetr, buildYolox } from '../src/models/test-graphs.ts';

const IMPORT_MS = 60_000;

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'nightjar-imported-'));
});
afterEach(() => rm(dir, { recursive: true }));

interface Wish extends Partial<ImportOptions> {
  readonly images: readonly EncodedImage[];
  readonly batchMax: number;
}

/** What an imported network sees in pictures, given to it in one batch. */
async function detect(network: Uint8Array, { images, batchMax, ...options }: Wish) {
  const file = path.join(dir, 'known.onnx');
  await writeFile(file, network);
  const labels = ['person', 'car'];
  const { dir: folder } = await importModel({ file, modelsDir: dir, family: 'rtdetr', labels, ...options });
  const model = await readModel(folder);
  const common = { model, batchMax, workers: 1, labels: 'all', clock: systemClock, log: silentLog } as const;
  const detector = await createOnnxDetector({ ...common, provider: 'cpu', imagePixelsMax: 10_000_000 });
  try {
    return await detector.detect(await Promise.all(images.map((image) => detector.prepare(image))));
  } finally {
    await detector.close();
  }
}

async function draw(width: number, height: number, grey = 128): Promise<EncodedImage> {
  const bytes = await sharp({ create: { width, height, channels: 3, background: { r: grey, g: grey, b: grey } } })
    .png()
    .toBuffer();
  return { bytes, width, height };
}

/** The logit whose sigmoid is `score`. */
const logit = (score: number): number => Math.log(score / (1 - score));
const NEVER = -20;

/** Two queries of two classes; boxes as centre x, centre y, width, height in 0..1 of a 640 x 640 input. */
const answers = {
  logits: [[logit(0.9), NEVER], [NEVER, logit(0.75)]], // prettier-ignore
  boxes: [[0.5, 0.5, 0.25, 0.5], [0.125, 0.25, 0.125, 0.25]], // prettier-ignore
};
const square = { width: 640, height: 640 };

// By hand. Stretched, a 1920 x 1080 picture fills the input: 0.5 -+ 0.125 of 1920 is 720 to 1200, 0.5 -+ 0.25 of 1080
// is 270 to 810; 0.125 -+ 0.0625 of 1920 is 120 to 360, 0.25 -+ 0.125 of 1080 is 135 to 405.
const stretchedWide = [
  { label: 'person', score: 0.9, bbox: { x: 720, y: 270, width: 480, height: 540 } },
  { label: 'car', score: 0.75, bbox: { x: 120, y: 135, width: 240, height: 270 } },
];
// Letterboxed it is drawn 640 x 360 at (0, 140), three pixels for one: rows 160 to 480 are 60 to 1020, and rows 80 to
// 240 are -180 to 300, cut at 0.
const letterboxedWide = [
  { label: 'person', score: 0.9, bbox: { x: 720, y: 60, width: 480, height: 960 } },
  { label: 'car', score: 0.75, bbox: { x: 120, y: 0, width: 240, height: 300 } },
];
// A 480 x 640 picture is drawn as it is at (80, 0): columns 240 to 400 are 160 to 320, columns 40 to 120 are -40 to 40.
const letterboxedTall = [
  { label: 'person', score: 0.9, bbox: { x: 160, y: 160, width: 160, height: 320 } },
  { label: 'car', score: 0.75, bbox: { x: 0, y: 80, width: 40, height: 160 } },
];

describe('RT-DETR by logits and boxes', () => {
  it.each([1, 8])('stretched, batch %i', { timeout: IMPORT_MS }, async (batchMax) => {
    const images = await Promise.all(Array.from({ length: batchMax }, () => draw(1920, 1080)));
    const found = await detect(buildRtdetr(answers, square), { images, batchMax });
    expect(found).toEqual(images.map(() => stretchedWide));
  });

  it.each([1, 8])('letterboxed, batch %i', { timeout: IMPORT_MS }, async (batchMax) => {
    const images = await Promise.all(Array.from({ length: batchMax }, (_, index) => (index % 2 === 0 ? draw(1920, 1080) : draw(480, 640)))); // prettier-ignore
    const wish = { images, batchMax, preprocessing: { resize: 'letterbox' } } as const;
    const found = await detect(buildRtdetr(answers, square), wish);
    expect(found).toEqual(images.map((_, index) => (index % 2 === 0 ? letterboxedWide : letterboxedTall)));
  });

  it('in half precision, within its precision', { timeout: IMPORT_MS }, async () => {
    const images = [await draw(1920, 1080)];
    const [found = []] = await detect(buildRtdetr(answers, { ...square, type: 'float16' }), { images, batchMax: 1 });
    expect(found.map(({ label, bbox }) => ({ label, bbox }))).toEqual(stretchedWide.map(({ label, bbox }) => ({ label, bbox }))); // prettier-ignore
    expect(found[0]?.score).toBeCloseTo(0.9, 3);
  });
});

it.each([1, 8])('RT-DETR by labels, boxes and scores, batch %i', { timeout: IMPORT_MS }, async (batchMax) => {
  const decoded = {
    boxes: [[0.375, 0.25, 0.625, 0.75], [0.0625, 0.125, 0.1875, 0.375], [0, 0, 1, 1]], // prettier-ignore
    scores: [0.9, 0.75, 0.4],
    labels: [0, 1, 1],
  };
  const images = await Promise.all(Array.from({ length: batchMax }, () => draw(1920, 1080)));
  const network = buildDecodedRtdetr(decoded, square);
  const found = await detect(network, { images, batchMax });
  expect(found).toEqual(images.map(() => stretchedWide));
});

describe('YOLOX', () => {
  // Every cell says: my object lies in my middle, is 1 x 1 strides large, and is of the second class. The cells of one
  // map touch and do not overlap, so all 16 + 4 + 1 of a 32 x 32 input remain.
  it.each([1, 2])('by its grid, batch %i', { timeout: IMPORT_MS }, async (batchMax) => {
    const images = (await Promise.all([draw(64, 64, 255), draw(64, 64, 0)])).slice(0, batchMax);
    const network = buildYolox({ width: 32, height: 32, batch: 1 }, [0.5, 0.5, 0, 0]);
    const found = await detect(network, { images, batchMax, family: 'yolox' });
    expect(found[0]).toHaveLength(21);
    expect(found[0]?.every(({ label, score }) => label === 'car' && score === 1)).toBe(true);
    const boxes = found[0]?.map(({ bbox }) => bbox);
    expect(boxes).toContainEqual({ x: 16, y: 48, width: 16, height: 16 });
    expect(boxes).toContainEqual({ x: 32, y: 0, width: 32, height: 32 });
    expect(boxes).toContainEqual({ x: 0, y: 0, width: 64, height: 64 });
    // The objectness is the brightness: a black picture has nothing in it.
    expect(found.slice(1)).toEqual(images.slice(1).map(() => []));
  });
});
