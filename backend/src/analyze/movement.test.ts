import { describe, expect, it } from 'vitest';
import { sample, toMovement, toPlace, toTracks } from './movement.ts';
import { startedAt, toSighting } from './test-dossier.ts';

const at = (second: number): number => startedAt.getTime() + second * 1_000;

describe('tracks', () => {
  it('join what lies near from frame to frame, each thing for itself', () => {
    const left = [0, 1, 2].map((second) => toSighting({ atMs: at(second), x: 0.1 + second / 20 }));
    const right = [0, 1, 2].map((second) => toSighting({ atMs: at(second), x: 0.8 - second / 20 }));
    expect(toTracks([...left, ...right]).map(({ sightings }) => sightings)).toEqual([left, right]);
  });

  it('never join different labels, what leaps, or two things of one frame', () => {
    expect(toTracks([toSighting(), toSighting({ atMs: at(1), label: 'car' })])).toHaveLength(2);
    expect(toTracks([toSighting({ x: 0 }), toSighting({ atMs: at(1), x: 0.9 })])).toHaveLength(2);
    expect(toTracks([toSighting(), toSighting()])).toHaveLength(2);
  });

  it('come with the longest first', () => {
    const cars = [0, 1].map((second) => toSighting({ label: 'car', atMs: at(second) }));
    expect(toTracks([toSighting(), ...cars]).map(({ label }) => label)).toEqual(['car', 'person']);
  });
});

it.each([
  [0.1, 0.2, 'growing, perhaps approaching'],
  [0.2, 0.1, 'shrinking, perhaps leaving'],
  [0.2, 0.21, 'about the same'],
])('a side of %d that becomes %d is %s', (first, last, size) => {
  const [track] = toTracks([toSighting({ side: first }), toSighting({ side: last, atMs: at(1) })]);
  expect(track && toMovement(track, at(0)).size).toBe(size);
});

it.each([
  [0, 0, 'upper left'],
  [0.45, 0.45, 'centre'],
  [0.45, 0, 'upper centre'],
  [0.9, 0.45, 'middle right'],
  [0.9, 0.9, 'lower right'],
])('%d, %d is %s', (x, y, place) => expect(toPlace(toSighting({ x, y, side: 0.1 }))).toBe(place));

it('samples evenly, first and last included', () => {
  expect(sample([1, 2, 3], 6)).toEqual([1, 2, 3]);
  expect(sample(Array.from({ length: 101 }, (_, index) => index), 6)).toEqual([0, 20, 40, 60, 80, 100]);
}); // prettier-ignore
