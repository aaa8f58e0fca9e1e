import { z } from 'zod';
import { NightjarError } from '../lib/errors.ts';
import type { DetectedObject } from '../model/index.ts';
import { toBBox, type Placement } from './placement.ts';

/** What of a model's findings is kept. */
export interface Keep {
  /** The model's labels by class number. */
  readonly labels: readonly string[];
  readonly only: ReadonlySet<string> | 'all';
  readonly scoreMin: number;
}

const outputsSchema = z.object({
  /** x1, y1, x2, y2 in input pixels. */
  boxes: z.instanceof(Float32Array),
  scores: z.instanceof(Float32Array),
  labels: z.instanceof(Int32Array),
});
export type CenternetOutputs = z.infer<typeof outputsSchema>;

/**
 * The outputs of a CenterNet run as the objects of each picture, strongest first. What makes no sense (not a number,
 * no area, an unknown class) is dropped; outputs that do not fit the batch are an engine's fault, `internal`.
 */
export function toObjects(outputs: unknown, placements: readonly Placement[], keep: Keep): DetectedObject[][] {
  const { boxes, scores, labels } = parseOutputs(outputs, placements.length);
  const size = scores.length / placements.length;
  return placements.map((placement, index) => {
    const part = {
      boxes: boxes.subarray(index * size * 4, (index + 1) * size * 4),
      scores: scores.subarray(index * size, (index + 1) * size),
      labels: labels.subarray(index * size, (index + 1) * size),
    };
    return toObjectsOfOne(part, placement, keep);
  });
}

function parseOutputs(outputs: unknown, batch: number): CenternetOutputs {
  const parsed = outputsSchema.safeParse(outputs);
  if (!parsed.success) throw new NightjarError('internal', 'not the outputs of a CenterNet', { cause: parsed.error });
  const { boxes, scores, labels } = parsed.data;
  const fits = scores.length % batch === 0 && labels.length === scores.length && boxes.length === 4 * scores.length;
  if (!fits) throw new NightjarError('internal', `${scores.length} scores, ${boxes.length} corners: not of one batch`);
  return parsed.data;
}

function toObjectsOfOne(outputs: CenternetOutputs, placement: Placement, keep: Keep): DetectedObject[] {
  const objects: DetectedObject[] = [];
  for (let index = 0; index < outputs.scores.length; index++) {
    const object = toObject(outputs, index, placement, keep);
    if (object) objects.push(object);
  }
  return objects.sort((one, other) => other.score - one.score);
}

function toObject(
  { boxes, scores, labels }: CenternetOutputs,
  index: number,
  placement: Placement,
  keep: Keep,
): DetectedObject | undefined {
  const score = scores[index] ?? Number.NaN;
  // Written so that a NaN fails it.
  if (!(score >= keep.scoreMin && score <= 1)) return undefined;
  const label = keep.labels[labels[index] ?? -1];
  if (label === undefined || (keep.only !== 'all' && !keep.only.has(label))) return undefined;
  const [left = Number.NaN, top = Number.NaN, right = Number.NaN, bottom = Number.NaN] = boxes.subarray(index * 4);
  const bbox = toBBox({ left, top, right, bottom }, placement);
  return bbox && { label, score: toScore(score), bbox };
}

/** Six digits: all that a `real` column keeps for certain, so that a score is the same wherever it is told. */
const toScore = (score: number): number => Math.round(score * 1e6) / 1e6;
