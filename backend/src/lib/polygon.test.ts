import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findPolygonFault, isInside, type Point, type Polygon } from './polygon.ts';

const square: Polygon = [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]]; // prettier-ignore
/** A U: its opening is outside. */
const horseshoe: Polygon = [[0, 0], [0.3, 0], [0.3, 0.7], [0.7, 0.7], [0.7, 0], [1, 0], [1, 1], [0, 1]]; // prettier-ignore

describe('a point is inside', () => {
  it.each<[string, Polygon, Point, boolean]>([
    ['in the middle', square, [0.5, 0.5], true],
    ['beside it', square, [0.1, 0.5], false],
    ['at the height of a corner, beside it', square, [0.1, 0.2], false],
    ['at the height of a corner, on the other side', square, [0.9, 0.8], false],
    ['on a side', square, [0.5, 0.8], true],
    ['on the upper side', square, [0.5, 0.2], true],
    ['on a corner', square, [0.8, 0.8], true],
    ['on a slanting side', [[0, 0], [1, 0.7], [0, 1]], [0.5, 0.35], true], // prettier-ignore
    ['in the line of a side, beyond it', square, [0.9, 0.2], false],
    ['in the arm of a horseshoe', horseshoe, [0.1, 0.1], true],
    ['in its opening', horseshoe, [0.5, 0.1], false],
    ['in its bow', horseshoe, [0.5, 0.9], true],
    ['on the lower edge of the picture', horseshoe, [0.5, 1], true],
  ])('%s', (_name, polygon, point, expected) => {
    expect(isInside(polygon, point)).toBe(expected);
    expect(isInside([...polygon].reverse(), point)).toBe(expected);
  });
});

describe('no polygon is', () => {
  it.each<[string, Polygon, RegExp]>([
    ['a bow tie', [[0, 0], [1, 1], [1, 0], [0, 1]], /the side from corner 1 to 2 meets the side from corner 3 to 4/], // prettier-ignore
    ['one that touches itself', [[0, 0], [1, 0], [1, 1], [0.5, 0], [0, 1]], /must not cross/], // prettier-ignore
    ['one that goes back the way it came', [[0, 0], [1, 0], [0.5, 0], [0, 1]], /must not cross/], // prettier-ignore
    ['one whose last side goes back', [[0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0]], /must not cross/], // prettier-ignore
    ['three corners in a line', [[0, 0], [0.5, 0.5], [1, 1]], /must not cross/], // prettier-ignore
    ['one that is closed by hand', [...square, [0.2, 0.2]], /corner 5 is where corner 1 is: leave it out/],
    ['one with a corner twice', [[0, 0], [1, 0], [1, 0], [0, 1]], /corner 3 is where corner 2 is$/], // prettier-ignore
    ['a point', [[0.5, 0.5], [0.501, 0.5], [0.5, 0.501]], /nearly no area/], // prettier-ignore
    ['a hair', [[0, 0.5], [1, 0.5], [1, 0.50001]], /nearly no area/], // prettier-ignore
  ])('%s', (_name, polygon, fault) => expect(findPolygonFault(polygon, 0.0001)).toMatch(fault));

  it.each([['a square', square], ['a horseshoe', horseshoe], ['a triangle', square.slice(1)]])('but %s is one', (_name, polygon) => {
    expect(findPolygonFault(polygon, 0.0001)).toBeUndefined();
  }); // prettier-ignore
});

/** Corners around the middle, by angle: simple whatever the distances are. */
const star = fc
  .array(fc.double({ min: 0.1, max: 0.45, noNaN: true }), { minLength: 4, maxLength: 100 })
  .map((radii): Polygon =>
    radii.map((radius, at) => {
      const angle = (2 * Math.PI * at) / radii.length;
      return [0.5 + radius * Math.cos(angle), 0.5 + radius * Math.sin(angle)];
    }),
  );

it('holds for any star: it is simple, its middle and its border are inside, what is beyond its corners is not', () => {
  fc.assert(
    fc.property(star, fc.double({ min: 0, max: 1, noNaN: true }), (polygon, share) => {
      expect(findPolygonFault(polygon, 0.0001)).toBeUndefined();
      expect(isInside(polygon, [0.5, 0.5])).toBe(true);
      polygon.forEach(([x, y], at) => {
        const [nextX, nextY] = polygon[(at + 1) % polygon.length] ?? [x, y];
        expect(isInside(polygon, [x + (nextX - x) * share, y + (nextY - y) * share])).toBe(true);
        expect(isInside(polygon, [0.5 + (x - 0.5) * 4.6, 0.5 + (y - 0.5) * 4.6])).toBe(false);
      });
    }),
    { numRuns: 50 },
  );
});

it('two neighbouring corners of a round one that change places are found', () => {
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 100 }), fc.nat(), (count, place) => {
      const round = Array.from({ length: count }, (_, at): Point => {
        const angle = (2 * Math.PI * at) / count;
        return [0.5 + 0.4 * Math.cos(angle), 0.5 + 0.4 * Math.sin(angle)];
      });
      const [one, other] = [place % count, (place + 1) % count];
      const swapped = round.map((corner, at) => (at === one ? round[other] : at === other ? round[one] : corner) ?? corner);
      expect(findPolygonFault(swapped, 0.0001)).toMatch(/must not cross/);
    }),
    { numRuns: 50 },
  );
}); // prettier-ignore
