import { z } from 'zod';
import { NightjarError } from '../../lib/errors.ts';
import type { DetectedObject } from '../../model/index.ts';
import type { Placement } from '../picture/placement.ts';
import { floats, parseOutputs, strongestFirst, toObject, type FamilyRun, type Keep } from './family.ts';

/** What networks give that decode their own boxes. */
export const decodedOutputs = z.object({
  /** [N, count, 4]: x1, y1, x2, y2 in input pixels. */
  boxes: floats,
  /** [N, count] */
  scores: floats,
  /** [N, count] class numbers. */
  labels: z.instanceof(Int32Array),
});
type Decoded = z.infer<typeof decodedOutputs>;

/** Objects of each picture from outputs that are boxes, scores and labels already. */
export function toObjectsOfBoxes(
  { outputs, batch, placements }: FamilyRun,
  keep: Keep,
  family: string,
): DetectedObject[][] {
  const decoded = parseOutputs(decodedOutputs, outputs, family);
  const { boxes, scores, labels } = decoded;
  const fits = scores.length % batch === 0 && labels.length === scores.length && boxes.length === 4 * scores.length;
  if (!fits) throw new NightjarError('internal', `${scores.length} scores, ${boxes.length} corners: not of one batch`);
  const size = scores.length / batch;
  return placements.map((placement, index) => toObjectsOfOne(decoded, { from: index * size, size }, placement, keep));
}

function toObjectsOfOne(
  { boxes, scores, labels }: Decoded,
  { from, size }: { from: number; size: number },
  placement: Placement,
  keep: Keep,
): DetectedObject[] {
  const objects: DetectedObject[] = [];
  for (let index = from; index < from + size; index++) {
    const [left = NaN, top = NaN, right = NaN, bottom = NaN] = boxes.subarray(index * 4, index * 4 + 4);
    const corners = { left, top, right, bottom };
    const object = toObject(
      { corners, score: scores[index] ?? NaN, classNumber: labels[index] ?? -1 },
      placement,
      keep,
    );
    if (object) objects.push(object);
  }
  return strongestFirst(objects);
}
