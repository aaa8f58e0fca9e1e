import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { placePicture, toBBox, type InputShape } from './placement.ts';

const letterbox: InputShape = { width: 512, height: 512, resize: 'letterbox', align: 'centre', pad: 127 };
const stretch: InputShape = { ...letterbox, resize: 'stretch', align: 'centre' };

describe('a picture is placed', () => {
  test.each([
    ['wide', { width: 1920, height: 1080 }, letterbox, { drawn: { width: 512, height: 288 }, left: 0, top: 112 }],
    ['tall', { width: 1080, height: 1920 }, letterbox, { drawn: { width: 288, height: 512 }, left: 112, top: 0 }],
    ['small, made larger', { width: 64, height: 32 }, letterbox, { drawn: { width: 512, height: 256 }, top: 128 }],
    ['a thread', { width: 10_000, height: 2 }, letterbox, { drawn: { width: 512, height: 1 }, top: 255 }],
    ['stretched', { width: 1920, height: 1080 }, stretch, { drawn: { width: 512, height: 512 }, left: 0, top: 0 }],
  ])('%s', (_name, picture, input, expected) => {
    expect(placePicture(picture, input)).toMatchObject(expected);
  });
});

describe('a box in input pixels becomes', () => {
  const hd = placePicture({ width: 1920, height: 1080 }, letterbox);
  test.each([
    ['pixels of the picture', [0, 112, 512, 400], { x: 0, y: 0, width: 1920, height: 1080 }],
    ['rounded to whole pixels', [10.1, 122.1, 20.3, 142.2], { x: 38, y: 38, width: 38, height: 75 }],
    ['clipped to the picture', [-50, 50, 100, 900], { x: 0, y: 0, width: 375, height: 1080 }],
    ['at least one pixel', [100, 200, 100.01, 200.01], { x: 375, y: 330, width: 1, height: 1 }],
    ['one pixel at the far edge', [511.99, 399.99, 600, 600], { x: 1919, y: 1079, width: 1, height: 1 }],
    ['nothing in the padding above', [10, 10, 50, 111], undefined],
    ['nothing in the padding below', [10, 401, 50, 500], undefined],
    ['nothing without width', [50, 200, 50, 300], undefined],
    ['nothing turned inside out', [90, 300, 50, 200], undefined],
    ['nothing without a number', [Number.NaN, 200, 50, 300], undefined],
    ['nothing without an end', [0, 200, Number.POSITIVE_INFINITY, 300], undefined],
  ])('%s', (_name, [left = 0, top = 0, right = 0, bottom = 0], expected) => {
    expect(toBBox({ left, top, right, bottom }, hd)).toEqual(expected);
  });

  test('a box inside the picture, or none, whatever the numbers', () => {
    const side = fc.integer({ min: 1, max: 5_000 });
    const corner = fc.oneof(fc.double(), fc.double({ min: -600, max: 1_200 }));
    fc.assert(
      fc.property(side, side, fc.constantFrom(letterbox, stretch), fc.tuple(corner, corner, corner, corner), (width, height, input, [left, top, right, bottom]) => {
        const bbox = toBBox({ left, top, right, bottom }, placePicture({ width, height }, input));
        if (!bbox) return;
        for (const value of Object.values(bbox)) expect(Number.isInteger(value)).toBe(true);
        expect(Math.min(bbox.x, bbox.y)).toBeGreaterThanOrEqual(0);
        expect(Math.min(bbox.width, bbox.height)).toBeGreaterThanOrEqual(1);
        expect(bbox.x + bbox.width).toBeLessThanOrEqual(width);
        expect(bbox.y + bbox.height).toBeLessThanOrEqual(height);
      }), // prettier-ignore
      { numRuns: 2_000 },
    );
  });
});
