/** Judges what a network gave in its trial: whether it can be what the family's adapter reads. */
import { NightjarError } from '../../lib/errors.ts';
import { cellCount, type OutputPlan } from './outputs.ts';
import type { NetworkFacts } from './network.ts';
import type { ImportedFamily } from './preprocessing.ts';
import type { TrialRun } from './trial-message.ts';

export interface Expectation {
  readonly family: ImportedFamily;
  readonly classes: number;
  readonly size: NetworkFacts['size'];
  readonly outputs: readonly OutputPlan[];
}

export interface Values {
  readonly dims: readonly number[];
  readonly data: Float32Array | Int32Array;
}
type Run = Readonly<Record<string, Values>>;

/** Sizes come as logarithms, in strides: e^8 strides are wider than any input. */
const LOG_SIZE_MAX = 8;
/** Relative boxes may reach out of the picture, but not the typical one. */
const RELATIVE_MAX = 2;

const refuse = (message: string): NightjarError => new NightjarError('invalid', `its output makes no sense: ${message}`); // prettier-ignore

/** Checks types, shapes and ranges. Throws `invalid` in words that say what is wrong. */
export function checkRun(run: TrialRun, batch: number, expected: Expectation): void {
  const values = Object.fromEntries(expected.outputs.map(({ to, from }) => [to, toValues(run, to, from)]));
  const queries = Object.values(values)[0]?.dims[1] ?? 0;
  const shapes = toShapes(expected, batch, queries);
  for (const [name, { dims, data }] of Object.entries(values)) {
    const wanted = shapes[name] ?? [];
    if (dims.length !== wanted.length || dims.some((size, index) => size !== wanted[index]))
      throw refuse(`${name} has the shape [${dims.join(', ')}] where [${wanted.join(', ')}] is wanted`);
    if (data.length > 0 && !data.some(Number.isFinite)) throw refuse(`${name} has no finite number`);
  }
  checkRanges(values, expected);
}

/** An output as numbers. `from` is its name in the network, for the message. */
export function toValues(run: TrialRun, name: string, from: string): Values {
  const { dims = [], data } = run[name] ?? {};
  if (data instanceof Float32Array || data instanceof Int32Array) return { dims, data };
  throw refuse(`${from} does not come as numbers`);
}

function toShapes(
  { family, classes, size }: Expectation,
  batch: number,
  queries: number,
): Readonly<Record<string, readonly number[]>> {
  if (family === 'yolox') return { grid: [batch, cellCount(size), 5 + classes] };
  return {
    logits: [batch, queries, classes],
    boxes: [batch, queries, 4],
    scores: [batch, queries],
    labels: [batch, queries],
  };
}

function checkRanges({ grid, logits, boxes, scores, labels }: Run, { classes }: Expectation): void {
  if (grid) checkGrid(grid.data, 5 + classes);
  if (scores?.data.some((score) => score < 0 || score > 1)) throw refuse('scores must be from 0 to 1');
  const label = labels?.data.find((value) => value < 0 || value >= classes);
  if (label !== undefined) throw refuse(`it names class ${label}, and ${classes} labels were given (0 to ${classes - 1})`); // prettier-ignore
  if (logits && boxes && median(boxes.data) > RELATIVE_MAX)
    throw refuse('boxes beside logits must be relative to the picture, 0 to 1');
}

function checkGrid(grid: Float32Array | Int32Array, fields: number): void {
  const sizes: number[] = [];
  for (let cell = 0; cell < grid.length; cell += fields) {
    sizes.push(grid[cell + 2] ?? 0, grid[cell + 3] ?? 0);
    for (let field = 4; field < fields; field++)
      if ((grid[cell + field] ?? 0) < 0 || (grid[cell + field] ?? 0) > 1)
        throw refuse('objectness and classes must be from 0 to 1: export with the sigmoids');
  }
  if (median(sizes) > LOG_SIZE_MAX)
    throw refuse('the boxes seem to be decoded already: export without --decode_in_inference');
}

const median = (values: ArrayLike<number>): number => Array.from(values).sort((a, b) => a - b)[values.length >> 1] ?? 0;
