/**
 * Whether a provider computes what the CPU computes. A driver may be fast and wrong: its nonsense would look like empty
 * pictures. Values are compared sorted, for near equals change places in a ranking by a rounding error.
 */
import type { RunOutputs } from '../thread/session.ts';

/** Of the reference's root mean square: several times what half precision costs, far below what nonsense does. */
const DIFFERENCE_MAX = 0.05;
/** Of outputs that are next to nothing: their rounding errors are large beside them, and mean nothing. */
const MAGNITUDE_MIN = 1e-3;

/** What differs, in words; null if nothing does. `reference` is of one picture, `outputs` of `batch` pictures like it. */
export function findDifference(outputs: RunOutputs, reference: RunOutputs, batch: number): string | null {
  for (const [name, expected] of Object.entries(reference)) {
    if (!(expected instanceof Float32Array)) continue;
    const given = outputs[name];
    if (!(given instanceof Float32Array) || given.length !== expected.length * batch) return `${name} has another size`;
    for (let picture = 0; picture < batch; picture++) {
      const off = toDifference(given.slice(picture * expected.length, (picture + 1) * expected.length), expected);
      if (!(off <= DIFFERENCE_MAX)) return `${name} differs by ${Number.isNaN(off) ? 'NaN' : off.toPrecision(2)}`;
    }
  }
  return null;
}

/** Root mean square of the differences, in parts of that of the expected values; NaN where only one of them is a number. */
function toDifference(given: Float32Array, expected: Float32Array): number {
  const [one, other] = [given.toSorted(), expected.toSorted()];
  let [squares, reference] = [0, 0];
  for (let index = 0; index < one.length; index++) {
    const [value, against] = [one[index] ?? NaN, other[index] ?? NaN];
    if (Object.is(value, against)) continue; // both NaN, or both infinite
    squares += (value - against) ** 2;
  }
  for (const value of other) if (Number.isFinite(value)) reference += value ** 2;
  const count = Math.max(1, one.length);
  return Math.sqrt(squares / count) / Math.max(MAGNITUDE_MIN, Math.sqrt(reference / count));
}
