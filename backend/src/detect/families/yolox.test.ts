import { describe, expect, test } from 'vitest';
import { placePicture, type InputShape } from '../picture/placement.ts';
import type { Keep } from './family.ts';
import { toOverlap } from './nms.ts';
import { yolox } from './yolox.ts';

/** 64 x 64: maps of 8 x 8, 4 x 4 and 2 x 2 cells, 84 in all. */
const input: InputShape = { width: 64, height: 64, resize: 'letterbox', align: 'corner', pad: 114 };
const CELLS = 84;
const placement = placePicture({ width: 64, height: 64 }, input);
const keep: Keep = { labels: ['person', 'car'], only: 'all', scoreMin: 0.3 };
const FIELDS = 7;

type Row = readonly [x: number, y: number, w: number, h: number, objectness: number, person: number, car: number];

const toGrid = (rows: Readonly<Record<number, Row>>): Float32Array => {
  const grid = new Float32Array(CELLS * FIELDS);
  for (const [cell, row] of Object.entries(rows)) grid.set(row, Number(cell) * FIELDS);
  return grid;
};
const look = (rows: Readonly<Record<number, Row>>) =>
  yolox({ outputs: { grid: toGrid(rows) }, batch: 1, placements: [placement] }, keep)[0];

describe('the grid becomes objects', () => {
  test.each([
    // Cell 10 of the finest map is row 1, column 2: centre (2.5, 1.5) * 8, size e^0 * 8.
    ['stride 8', 10, [0.5, 0.5, 0, 0, 0.9, 1, 0], { x: 16, y: 8, width: 8, height: 8 }],
    // Cell 64 + 6 is row 1, column 2 of the middle map: centre (2, 1) * 16, sizes 16 and e^ln2 * 16.
    ['stride 16', 70, [0, 0, 0, Math.LN2, 0.9, 1, 0], { x: 24, y: 0, width: 16, height: 32 }],
    // The last cell is row 1, column 1 of the coarsest: centre (1, 1) * 32.
    ['stride 32', 83, [0, 0, 0, 0, 0.9, 1, 0], { x: 16, y: 16, width: 32, height: 32 }],
  ] as const)('in cells of %s', (_name, cell, row, bbox) => {
    expect(look({ [cell]: row })).toEqual([{ label: 'person', score: 0.9, bbox }]);
  });

  test('the score is objectness times the class', () => {
    expect(look({ 10: [0.5, 0.5, 0, 0, 0.8, 0.1, 0.75] })).toMatchObject([{ label: 'car', score: 0.6 }]);
  });

  test('of boxes that lie on each other the strongest of its class is kept', () => {
    const objects = look({
      10: [0.5, 0.5, 0, 0, 0.5, 1, 0],
      11: [-0.5, 0.5, 0, 0, 0.9, 1, 0], // the same box, told by the next cell
      12: [-1.5, 0.5, 0, 0, 0.7, 0, 1], // and once more as a car
    });
    expect(objects?.map(({ label, score }) => [label, score])).toEqual([['person', 0.9], ['car', 0.7]]); // prettier-ignore
  });

  test.each([
    ['a weak objectness', [0.5, 0.5, 0, 0, 0.29, 1, 0]],
    ['weak classes', [0.5, 0.5, 0, 0, 0.9, 0.1, 0.1]],
    ['no number for the objectness', [0.5, 0.5, 0, 0, NaN, 1, 0]],
    ['no number for a class', [0.5, 0.5, 0, 0, 0.9, NaN, NaN]],
    ['no number for a corner', [NaN, 0.5, 0, 0, 0.9, 1, 0]],
    ['an endless width', [0.5, 0.5, 1_000, 0, 0.9, 1, 0]],
    ['more than certainty', [0.5, 0.5, 0, 0, 1.5, 1, 0]],
  ] as const)('but not what has %s', (_name, row) => {
    expect(look({ 10: row })).toEqual([]);
  });

  test('a grid of another size is refused', () => {
    const outputs = { grid: new Float32Array(CELLS * (FIELDS + 1)) };
    expect(() => yolox({ outputs, batch: 1, placements: [placement] }, keep)).toThrow('672 numbers where 1 x 84 x 7');
  });
});

test('overlap is intersection over union', () => {
  const box = { left: 0, top: 0, right: 10, bottom: 10 };
  expect(toOverlap(box, box)).toBe(1);
  expect(toOverlap(box, { left: 5, top: 0, right: 15, bottom: 10 })).toBeCloseTo(1 / 3);
  expect(toOverlap(box, { left: 20, top: 0, right: 30, bottom: 10 })).toBe(0);
});
