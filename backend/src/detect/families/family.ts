import { z } from 'zod';
import { NightjarError } from '../../lib/errors.ts';
import { toScore, type DetectedObject } from '../../model/index.ts';
import { toBBox, type Corners, type Placement } from '../picture/placement.ts';

/** What of a model's findings is kept. */
export interface Keep {
  /** The model's labels by class number. */
  readonly labels: readonly string[];
  readonly only: ReadonlySet<string> | 'all';
  readonly scoreMin: number;
}

/** The outputs of one run. The batch may have been padded: the first `placements.length` pictures count. */
export interface FamilyRun {
  /** Typed arrays by output name. */
  readonly outputs: unknown;
  /** Pictures that the run computed, padding included. */
  readonly batch: number;
  readonly placements: readonly Placement[];
}

/**
 * A model family: what the outputs of a run mean, as the objects of each picture, strongest first. What makes no sense
 * (not a number, no area, an unknown class) is dropped; outputs that do not fit the batch are the engine's fault,
 * `internal`.
 */
export type Family = (run: FamilyRun, keep: Keep) => DetectedObject[][];

/** One finding before it is judged: corners in input pixels. */
export interface Finding {
  readonly corners: Corners;
  /** 0..1 if it makes sense. */
  readonly score: number;
  readonly classNumber: number;
}

/** The finding as an object of the picture; undefined for what is too weak, not wanted, or makes no sense. */
export function toObject(
  { corners, score, classNumber }: Finding,
  placement: Placement,
  keep: Keep,
): DetectedObject | undefined {
  // Written so that a NaN fails it.
  if (!(score >= keep.scoreMin && score <= 1)) return undefined;
  const label = keep.labels[classNumber];
  if (label === undefined || (keep.only !== 'all' && !keep.only.has(label))) return undefined;
  const bbox = toBBox(corners, placement);
  return bbox && { label, score: toScore(score), bbox };
}

export const strongestFirst = (objects: DetectedObject[]): DetectedObject[] =>
  objects.sort((one, other) => other.score - one.score);

export const floats = z.instanceof(Float32Array);

/** Checks the outputs of a run by their names and types; throws `internal`. */
export function parseOutputs<Schema extends z.ZodType>(
  schema: Schema,
  outputs: unknown,
  family: string,
): z.infer<Schema> {
  const parsed = schema.safeParse(outputs);
  if (parsed.success) return parsed.data;
  throw new NightjarError('internal', `not the outputs of a ${family} network`, { cause: parsed.error });
}
