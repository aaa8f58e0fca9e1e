/** COCO pictures through our own decode path and a detector, timed: decoding and inference apart, one run at a time. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OnnxDetector, PreparedPicture } from '../backend/src/detect/index.ts';
import type { DetectedObject } from '../backend/src/model/index.ts';
import { cocoSchema, type Coco, type Found } from './coco-ap.ts';

/** Low enough for the whole precision-recall curve. */
export const SCORE_MIN = 0.02;
export const IMAGE_PIXELS_MAX = 100_000_000;

export interface Measured {
  readonly found: readonly Found[];
  readonly decodeMs: readonly number[];
  /** Per picture, of each run. */
  readonly inferMs: readonly number[];
}

export const readCoco = async (folder: string): Promise<Coco> =>
  cocoSchema.parse(JSON.parse(await readFile(join(folder, 'instances.json'), 'utf8')));

/** Costs and not throughputs: nothing overlaps. */
export async function detectCoco(folder: string, coco: Coco, batch: number, detector: OnnxDetector): Promise<Measured> {
  const measured = { found: [] as Found[], decodeMs: [] as number[], inferMs: [] as number[] };
  for (let start = 0; start < coco.images.length; start += batch) {
    const images = coco.images.slice(start, start + batch);
    const prepared: PreparedPicture[] = [];
    for (const image of images) {
      const bytes = await readFile(join(folder, 'images', image.file_name));
      prepared.push(await timed(measured.decodeMs, 1, () => detector.prepare({ ...image, bytes })));
    }
    const objects = await timed(measured.inferMs, images.length, () => detector.detect(prepared));
    measured.found.push(...images.flatMap(({ id }, index) => (objects[index] ?? []).map(toFound(id))));
  }
  return measured;
}

const toFound =
  (imageId: number) =>
  ({ label, score, bbox }: DetectedObject): Found => ({
    imageId,
    label,
    score,
    bbox: [bbox.x, bbox.y, bbox.width, bbox.height],
  });

async function timed<T>(samplesMs: number[], pictures: number, work: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  const result = await work();
  samplesMs.push((performance.now() - startedMs) / pictures);
  return result;
}
