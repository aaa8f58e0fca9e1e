/** How things moved through the picture, told from single sightings: a rough guess, and the prompt says so. */
import type { Sighting } from '../model/analysis.ts';

/** A sighting further than this (fractions of the picture's diagonal) from where a thing was last is another thing. */
const STEP_MAX = 0.25;
const GROWN_FROM = 1.5;
const POINTS_MAX = 6;

export interface Track {
  readonly label: string;
  readonly sightings: readonly [Sighting, ...Sighting[]];
}

/** Joins sightings of one label that lie near each other from frame to frame; most seen first. */
export function toTracks(sightings: readonly Sighting[]): readonly Track[] {
  const tracks: { label: string; sightings: [Sighting, ...Sighting[]] }[] = [];
  for (const sighting of [...sightings].sort((a, b) => a.atMs - b.atMs)) {
    const near = tracks
      .filter(({ label, sightings: seen }) => label === sighting.label && lastOf(seen).atMs < sighting.atMs)
      .map((track) => ({ track, step: distance(lastOf(track.sightings), sighting) }))
      .filter(({ step }) => step <= STEP_MAX)
      .sort((a, b) => a.step - b.step)[0];
    if (near) near.track.sightings.push(sighting);
    else tracks.push({ label: sighting.label, sightings: [sighting] });
  }
  return tracks.sort((a, b) => b.sightings.length - a.sightings.length);
}

/** What a prompt says of a track; boxes are `[x, y, width, height]` in fractions of the picture. */
export function toMovement({ label, sightings }: Track, startedMs: number) {
  const [first, last] = [sightings[0], lastOf(sightings)];
  const at = (sighting: Sighting) => ({
    second: Math.round((sighting.atMs - startedMs) / 100) / 10,
    where: toPlace(sighting),
    box: toBox(sighting),
  });
  return {
    label,
    seen: sightings.length,
    first: at(first),
    last: at(last),
    size: toSizeChange(areaOf(last) / areaOf(first)),
    path: sample(sightings, POINTS_MAX).map((sighting) => centerOf(sighting).map(round)),
  };
}

function toSizeChange(ratio: number): string {
  if (ratio >= GROWN_FROM) return 'growing, perhaps approaching';
  return ratio <= 1 / GROWN_FROM ? 'shrinking, perhaps leaving' : 'about the same';
}

/** The third of the picture in which the centre lies, as in `lower left`. */
export function toPlace(sighting: Sighting): string {
  const [x, y] = centerOf(sighting);
  const row = ['upper', 'middle', 'lower'][toThird(y)] ?? 'middle';
  const column = ['left', 'centre', 'right'][toThird(x)] ?? 'centre';
  return row === 'middle' && column === 'centre' ? 'centre' : `${row} ${column}`;
}

/** At most `max` of the items, evenly spread, the first and the last among them. */
export function sample<Item>(items: readonly Item[], max: number): readonly Item[] {
  if (items.length <= max) return items;
  return Array.from({ length: max }, (_, index) => Math.round((index * (items.length - 1)) / (max - 1))).flatMap(
    (place) => items.slice(place, place + 1),
  );
}

const toThird = (fraction: number): number => Math.min(2, Math.max(0, Math.floor(fraction * 3)));
const lastOf = (seen: readonly [Sighting, ...Sighting[]]): Sighting => seen.at(-1) ?? seen[0];
const centerOf = ({ box }: Sighting): [number, number] => [box.x + box.width / 2, box.y + box.height / 2];
const areaOf = ({ box }: Sighting): number => Math.max(1e-6, box.width * box.height);
const round = (fraction: number): number => Math.round(fraction * 100) / 100;
const toBox = ({ box }: Sighting): readonly number[] => [box.x, box.y, box.width, box.height].map(round);

function distance(a: Sighting, b: Sighting): number {
  const [[ax, ay], [bx, by]] = [centerOf(a), centerOf(b)];
  return Math.hypot(ax - bx, ay - by) / Math.SQRT2;
}
