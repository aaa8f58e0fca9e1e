import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { BBox } from '../../src/model/index.ts';

const bbox = z.object({ x: z.int(), y: z.int(), width: z.int(), height: z.int() });
const picture = z.strictObject({
  /** Below fixtures/cameras: `<camera folder>/<file>`. */
  path: z.string(),
  camera_id: z.string(),
  captured_at: z.string(),
  width: z.int(),
  height: z.int(),
  detections: z.array(z.strictObject({ label: z.string(), score: z.number(), bbox })),
});
const expectedSchema = z.strictObject({
  model: z.string(),
  tolerances: z.strictObject({ score: z.number(), iou_min: z.number() }),
  pictures: z.array(picture),
});

export type ExpectedPicture = z.infer<typeof picture>;
export type Expected = z.infer<typeof expectedSchema>;
type Seen = Pick<ExpectedPicture['detections'][number], 'label' | 'score' | 'bbox'>;

/** What fixtures/README.md describes. */
export const readExpected = async (): Promise<Expected> =>
  expectedSchema.parse(JSON.parse(await readFile(new URL('../../../fixtures/expected.json', import.meta.url), 'utf8')));

/** The expected detections that are not among those seen; each of these answers for one only. */
export function findMissing(expected: readonly Seen[], seen: readonly Seen[], { tolerances }: Expected): Seen[] {
  const left = [...seen];
  return expected.filter(({ label, score, bbox: box }) => {
    const index = left.findIndex(
      (one) =>
        one.label === label &&
        Math.abs(one.score - score) <= tolerances.score &&
        toIou(one.bbox, box) >= tolerances.iou_min,
    );
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}

/** Intersection over union: 1 for the same box, 0 for boxes that do not meet. */
export function toIou(a: BBox, b: BBox): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (a.width * a.height + b.width * b.height - shared);
}
