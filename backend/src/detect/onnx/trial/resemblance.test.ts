import { describe, expect, it } from 'vitest';
import { findDifference } from './resemblance.ts';

const scores = Float32Array.from({ length: 100 }, (_, index) => 1 / (index + 1));
const boxes = Float32Array.from({ length: 400 }, (_, index) => (index * 37) % 512);
const reference = { boxes, scores, labels: Int32Array.from({ length: 100 }, (_, index) => index % 80) };
const change = (values: Float32Array, to: (value: number, index: number) => number): Float32Array => values.map(to);

describe('findDifference', () => {
  it('takes rounding, and near equals in another order', () => {
    const rounded = { ...reference, boxes: change(boxes, (value) => value * 1.001), scores: scores.toReversed() };
    expect(findDifference(rounded, reference, 1)).toBeNull();
  });

  it.each([
    ['NaN', change(scores, () => NaN)],
    ['nothing', change(scores, () => 0)],
    ['one NaN', change(scores, (value, index) => (index === 3 ? NaN : value))],
    ['infinities', change(scores, () => Infinity)],
    ['twice as much', change(scores, (value) => value * 2)],
  ])('sees %s', (_name, given) => {
    expect(findDifference({ ...reference, scores: given }, reference, 1)).toMatch(/^scores differs by /);
  });

  it('looks at each picture of a batch', () => {
    const pair = (second: Float32Array) => ({ ...reference, boxes: Float32Array.of(...boxes, ...second), scores: Float32Array.of(...scores, ...scores) }); // prettier-ignore
    expect(findDifference(pair(boxes), reference, 2)).toBeNull();
    expect(findDifference(pair(change(boxes, () => 7)), reference, 2)).toMatch(/^boxes differs/);
  });

  it('misses an output, or a part of it', () => {
    expect(findDifference({ boxes }, reference, 1)).toBe('scores has another size');
    expect(findDifference({ boxes, scores: scores.slice(1) }, reference, 1)).toBe('scores has another size');
  });

  it('takes what is no number for both', () => {
    const odd = { scores: Float32Array.of(NaN, Infinity, -Infinity, 1) };
    expect(findDifference({ scores: odd.scores.slice() }, odd, 1)).toBeNull();
  });
});
