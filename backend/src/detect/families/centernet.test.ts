import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Placement } from '../picture/placement.ts';
import { centernet } from './centernet.ts';
import type { Keep } from './family.ts';
import { placePicture } from '../picture/placement.ts';

const square = placePicture(
  { width: 512, height: 512 },
  { width: 512, height: 512, resize: 'letterbox', align: 'centre', pad: 0 },
);
const keep: Keep = { labels: ['person', 'car', 'cat'], only: 'all', scoreMin: 0.3 };

const toObjects = (outputs: unknown, placements: readonly Placement[], wanted: Keep) =>
  centernet({ outputs, batch: placements.length, placements }, wanted);

/** Rows of x1, y1, x2, y2, score, class. */
const toOutputs = (rows: readonly (readonly number[])[]) => ({
  boxes: Float32Array.from(rows.flatMap((row) => row.slice(0, 4))),
  scores: Float32Array.from(rows.map((row) => row[4] ?? 0)),
  labels: Int32Array.from(rows.map((row) => row[5] ?? 0)),
});

describe('outputs become objects', () => {
  test('strongest first', () => {
    const [objects] = toObjects(toOutputs([[0, 0, 9, 9, 0.5, 0], [1, 1, 5, 5, 0.75, 2]]), [square], keep); // prettier-ignore
    expect(objects).toEqual([
      { label: 'cat', score: 0.75, bbox: { x: 1, y: 1, width: 4, height: 4 } },
      { label: 'person', score: 0.5, bbox: { x: 0, y: 0, width: 9, height: 9 } },
    ]);
  });

  test.each([
    ['too weak', [0, 0, 9, 9, 0.29, 0]],
    ['no number for a score', [0, 0, 9, 9, Number.NaN, 0]],
    ['more than certain', [0, 0, 9, 9, 1.5, 0]],
    ['a class that there is not', [0, 0, 9, 9, 0.9, 3]],
    ['a negative class', [0, 0, 9, 9, 0.9, -1]],
    ['negative size', [9, 9, 0, 0, 0.9, 0]],
    ['no number for a corner', [0, Number.NaN, 9, 9, 0.9, 0]],
    ['an infinite corner', [0, 0, Number.POSITIVE_INFINITY, 9, 0.9, 0]],
  ])('but not what is %s', (_name, row) => {
    expect(toObjects(toOutputs([row]), [square], keep)).toEqual([[]]);
  });

  test('only of the wanted labels', () => {
    const outputs = toOutputs([[0, 0, 9, 9, 0.9, 0], [0, 0, 9, 9, 0.8, 1]]); // prettier-ignore
    const [objects] = toObjects(outputs, [square], { ...keep, only: new Set(['car']) });
    expect(objects?.map(({ label }) => label)).toEqual(['car']);
  });

  test('each of its own picture, in that picture’s pixels', () => {
    const large = placePicture(
      { width: 1024, height: 1024 },
      { width: 512, height: 512, resize: 'stretch', align: 'centre', pad: 0 },
    );
    const outputs = toOutputs([[0, 0, 9, 9, 0.9, 0], [1, 1, 2, 2, 0, 0], [0, 0, 9, 9, 0.9, 1], [1, 1, 2, 2, 0, 0]]); // prettier-ignore
    const [first, second] = toObjects(outputs, [square, large], keep);
    expect(first).toMatchObject([{ label: 'person', bbox: { width: 9 } }]);
    expect(second).toMatchObject([{ label: 'car', bbox: { width: 18 } }]);
  });
});

describe('nonsense', () => {
  test.each([
    ['nothing', {}],
    ['the wrong types', { ...toOutputs([[0, 0, 1, 1, 1, 0]]), labels: [0] }],
    ['a box too few', { ...toOutputs([[0, 0, 1, 1, 1, 0]]), boxes: new Float32Array(0) }],
    ['not a multiple of the batch', toOutputs([[0, 0, 1, 1, 1, 0]])],
  ])('%s for outputs is the engine’s fault', (_name, outputs) => {
    expect(() => toObjects(outputs, [square, square], keep)).toThrow(expect.objectContaining({ kind: 'internal' }));
  });

  test('of any kind in the numbers never becomes an object', () => {
    const number = fc.oneof(fc.float(), fc.constantFrom(0, -1, 1e30, 0.5, 100, Number.NaN, Number.POSITIVE_INFINITY));
    const row = fc.tuple(number, number, number, number, number, fc.integer({ min: -3, max: 6 }));
    fc.assert(
      fc.property(fc.array(row, { maxLength: 20 }), (rows) => {
        const [objects = []] = toObjects(toOutputs(rows), [square], keep);
        for (const { label, score, bbox } of objects) {
          expect(keep.labels).toContain(label);
          expect(score).toBeGreaterThanOrEqual(keep.scoreMin);
          expect(score).toBeLessThanOrEqual(1);
          expect(bbox.x + bbox.width).toBeLessThanOrEqual(512);
          expect(bbox.y + bbox.height).toBeLessThanOrEqual(512);
        }
        expect(objects).toEqual([...objects].sort((one, other) => other.score - one.score));
      }),
      { numRuns: 1_000 },
    );
  });
});
