import { z } from 'zod';
import { NightjarError } from '../../lib/errors.ts';
import type { DetectedObject } from '../../model/index.ts';
import type { Placement, Size } from '../picture/placement.ts';
import { toObjectsOfBoxes } from './boxes.ts';
import { floats, parseOutputs, strongestFirst, toObject, type Family, type Keep } from './family.ts';

/**
 * RT-DETR, RT-DETRv2 and D-FINE (Zhao et al. 2023; Peng et al. 2024): a fixed number of queries, no NMS. Two forms:
 * `logits` [N, queries, classes] with `boxes` [N, queries, 4] as centre x, centre y, width, height in 0..1 of the input;
 * or decoded in the graph (`orig_target_sizes`, made the input's size at import): `labels`, `boxes`, `scores`.
 */
export const rtdetr: Family = (run, keep) => {
  if (typeof run.outputs !== 'object' || run.outputs === null || !('logits' in run.outputs))
    return toObjectsOfBoxes(run, keep, 'RT-DETR');
  const { logits, boxes } = parseOutputs(z.object({ logits: floats, boxes: floats }), run.outputs, 'RT-DETR');
  const queries = boxes.length / 4 / run.batch;
  const classes = logits.length / (queries * run.batch);
  if (!Number.isInteger(queries) || classes !== keep.labels.length)
    throw new NightjarError('internal', `${logits.length} logits, ${boxes.length} coordinates: not ${keep.labels.length} classes`); // prettier-ignore
  return run.placements.map((placement, index) => {
    const part = { logits: slice(logits, index, queries * classes), boxes: slice(boxes, index, queries * 4), classes };
    return toObjectsOfOne(part, placement, keep);
  });
};

const slice = (values: Float32Array, index: number, size: number): Float32Array =>
  values.subarray(index * size, (index + 1) * size);

interface Queries {
  readonly logits: Float32Array;
  readonly boxes: Float32Array;
  readonly classes: number;
}

/**
 * The reference takes the strongest (query, class) pairs, as many as there are queries, so one query may stand for two
 * classes (transformers' post_process_object_detection with focal loss; RTDETRPostProcessor).
 */
function toObjectsOfOne({ logits, boxes, classes }: Queries, placement: Placement, keep: Keep): DetectedObject[] {
  // sigmoid(x) >= min is x >= log(min / (1 - min)): one comparison instead of an exponential for each pair.
  const logitMin = Math.log(keep.scoreMin / (1 - keep.scoreMin));
  const objects: DetectedObject[] = [];
  for (let pair = 0; pair < logits.length; pair++) {
    const logit = logits[pair] ?? NaN;
    if (!(logit >= logitMin && Number.isFinite(logit))) continue;
    const query = Math.floor(pair / classes);
    const corners = toCorners(boxes.subarray(query * 4, query * 4 + 4), placement.input);
    const object = toObject({ corners, score: sigmoid(logit), classNumber: pair % classes }, placement, keep);
    if (object) objects.push(object);
  }
  return strongestFirst(objects).slice(0, boxes.length / 4);
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

function toCorners(box: Float32Array, { width, height }: Size) {
  const [x = NaN, y = NaN, w = NaN, h = NaN] = box;
  return {
    left: (x - w / 2) * width,
    top: (y - h / 2) * height,
    right: (x + w / 2) * width,
    bottom: (y + h / 2) * height,
  };
}
