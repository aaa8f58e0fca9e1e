import { toValues, type Expectation } from './judge.ts';
import type { TrialRun } from './trial-message.ts';

/** Of one, or of the value where it is larger. */
const DIFFERENCE_MAX = 1e-3;
/** One row in a hundred may be another: who comes last in a ranking is a matter of rounding, too. */
const UNMATCHED_SHARE_MAX = 0.01;

/**
 * What differs between pictures run together and the same pictures run alone; undefined if nothing does. Queries may
 * come in another order, for they are ranked, and near equals change places by a rounding error.
 */
export function findDifference(
  alone: readonly TrialRun[],
  together: TrialRun,
  expected: Expectation,
): string | undefined {
  const batched = toRows(together, alone.length, expected);
  const single = alone.flatMap((run) => toRows(run, 1, expected));
  const isRanked = expected.family === 'rtdetr';
  const odd = single.findIndex((rows, picture) => !areSame(rows, batched[picture] ?? [], isRanked));
  return odd === -1 ? undefined : `picture ${odd + 1} of a batch gives other results than alone`;
}

type Rows = readonly (readonly number[])[];

/** For each picture its rows (cells, queries), each with the numbers of all outputs. */
function toRows(run: TrialRun, batch: number, { outputs }: Expectation): readonly Rows[] {
  const parts = outputs.map(({ to, from }) => toValues(run, to, from));
  const rows = parts[0]?.dims[1] ?? 0;
  return Array.from({ length: batch }, (_, picture) =>
    Array.from({ length: rows }, (__, row) =>
      parts.flatMap(({ data }) => {
        const width = data.length / (batch * rows);
        return Array.from(data.subarray((picture * rows + row) * width, (picture * rows + row + 1) * width));
      }),
    ),
  );
}

function areSame(one: Rows, other: Rows, isRanked: boolean): boolean {
  const missing = one.filter((row, index) => !isClose(row, other[index] ?? []));
  if (!isRanked) return missing.length === 0;
  const unmatched = missing.filter((row) => !other.some((candidate) => isClose(row, candidate)));
  return unmatched.length <= one.length * UNMATCHED_SHARE_MAX;
}

const isClose = (one: readonly number[], other: readonly number[]): boolean =>
  one.length === other.length &&
  one.every((value, index) => {
    const against = other[index] ?? NaN;
    return Object.is(value, against) || Math.abs(value - against) <= DIFFERENCE_MAX * Math.max(1, Math.abs(value));
  });
