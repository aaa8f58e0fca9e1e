import { z } from 'zod';
import { NightjarError } from '../../lib/errors.ts';
import { toScore, type DetectedObject } from '../../model/index.ts';
import type { Corners, Placement, Size } from '../picture/placement.ts';
import { floats, parseOutputs, toObject, type Family, type Finding, type Keep } from './family.ts';
import { suppress } from './nms.ts';

/** Of the three feature maps, finest first. */
const STRIDES = [8, 16, 32] as const;
/** x, y, width, height, objectness; then one probability for each class. */
const FIELDS_BEFORE_CLASSES = 5;
/** As in the reference (YOLOX `tools/eval.py --nms 0.65`). */
const OVERLAP_MAX = 0.65;
/** The strongest candidates are enough: a network gone wild must not cost seconds of comparing. */
const CANDIDATES_MAX = 1_000;

const outputsSchema = z.object({ grid: floats });

/**
 * YOLOX (Ge et al. 2021) as its export gives it: `grid` [N, cells, 5 + classes], the cells of three maps one after the
 * other, with centre offsets and logarithmic sizes in units of the stride; objectness and class probabilities after
 * their sigmoids. Boxes that overlap a stronger one of their class by IoU 0.65 are dropped.
 */
export const yolox: Family = ({ outputs, batch, placements }, keep) => {
  const { grid } = parseOutputs(outputsSchema, outputs, 'YOLOX');
  const fields = FIELDS_BEFORE_CLASSES + keep.labels.length;
  const [placement] = placements;
  const cells = placement ? toCells(placement.input) : [];
  if (grid.length !== batch * cells.length * fields)
    throw new NightjarError(
      'internal',
      `${grid.length} numbers where ${batch} x ${cells.length} x ${fields} were expected`,
    );
  const size = cells.length * fields;
  return placements.map((of, index) =>
    toObjectsOfOne(grid.subarray(index * size, (index + 1) * size), cells, of, keep),
  );
};

interface Cell {
  readonly column: number;
  readonly row: number;
  readonly stride: number;
}

const cellsBySize = new Map<string, readonly Cell[]>();

/** The cells of all maps in the order of the output; made once for each input size. */
function toCells({ width, height }: Size): readonly Cell[] {
  const key = `${width}x${height}`;
  const known = cellsBySize.get(key);
  if (known) return known;
  const cells = STRIDES.flatMap((stride) =>
    Array.from({ length: (height / stride) * (width / stride) }, (_, index): Cell => {
      const columns = width / stride;
      return { column: index % columns, row: Math.floor(index / columns), stride };
    }),
  );
  cellsBySize.set(key, cells);
  return cells;
}

function toObjectsOfOne(
  grid: Float32Array,
  cells: readonly Cell[],
  placement: Placement,
  keep: Keep,
): DetectedObject[] {
  const candidates = findCandidates(grid, cells, keep)
    .sort((one, other) => other.score - one.score)
    .slice(0, CANDIDATES_MAX);
  return suppress(candidates, OVERLAP_MAX).flatMap((finding) => toObject(finding, placement, keep) ?? []);
}

function findCandidates(grid: Float32Array, cells: readonly Cell[], keep: Keep): Finding[] {
  const fields = FIELDS_BEFORE_CLASSES + keep.labels.length;
  const found: Finding[] = [];
  cells.forEach((cell, index) => {
    const at = index * fields;
    const objectness = grid[at + 4] ?? NaN;
    // No class can make up for a weak objectness: most cells end here.
    if (!(objectness >= keep.scoreMin && objectness <= 1)) return;
    const classNumber = strongestClass(grid, at + FIELDS_BEFORE_CLASSES, keep.labels.length);
    const score = toScore(objectness * (grid[at + FIELDS_BEFORE_CLASSES + classNumber] ?? NaN));
    if (score >= keep.scoreMin) found.push({ corners: toCorners(grid.subarray(at, at + 4), cell), score, classNumber });
  });
  return found;
}

function strongestClass(grid: Float32Array, from: number, count: number): number {
  let best = 0;
  for (let index = 1; index < count; index++) if ((grid[from + index] ?? 0) > (grid[from + best] ?? 0)) best = index;
  return best;
}

function toCorners(box: Float32Array, { column, row, stride }: Cell): Corners {
  const [x = NaN, y = NaN, w = NaN, h = NaN] = box;
  const [centreX, centreY] = [(x + column) * stride, (y + row) * stride];
  const [halfWidth, halfHeight] = [(Math.exp(w) * stride) / 2, (Math.exp(h) * stride) / 2];
  return {
    left: centreX - halfWidth,
    top: centreY - halfHeight,
    right: centreX + halfWidth,
    bottom: centreY + halfHeight,
  };
}
