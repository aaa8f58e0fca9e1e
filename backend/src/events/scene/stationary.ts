/**
 * What stands still is news only once: a parked car, a statue that the detector takes for a person. A pure function:
 * (what is remembered of a camera's scene, a frame) -> (what is remembered now, which of the frame's objects stand still).
 *
 * In prose: each object that is seen where nothing is remembered is remembered, with the box in which it was first seen.
 * What is seen in that place again is taken for the same object. Once it has been seen three times, over `stationaryMs`
 * and longer, it is stationary, and does not count as long as it is in its place. When it moves on, its box overlaps no
 * remembered one, and it counts again. The box is never moved along with the object: what creeps leaves it.
 *
 * Another one in the same place is another object. So what was missed in frames that were examined meanwhile is gone; but
 * detectors miss things, and something passes in front of them, so a stationary object may be missed for a while, and
 * one that is not stationary yet for a little while. Frames come in any order: time is that of capture, and what is known
 * of an object only grows, to both sides.
 *
 * Where nobody looks there is nothing to be missed in: a doorbell takes pictures of visitors alone. A car is then still
 * the parked one. But whoever moves by herself is another one, unless she was seen there a moment ago: one event too
 * many is a nuisance, a visitor of whom nobody hears is a danger. She may stand there longer, too, before she is no news.
 */
import type { NewId } from '../../lib/id.ts';

/** In shares of the picture, origin top left. */
export interface SceneBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface SceneObject {
  readonly label: string;
  readonly box: SceneBox;
}

/** An object with the box and label of its first sighting. Times are of capture, milliseconds since 1970. */
export interface Remembered extends SceneObject {
  readonly id: string;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** Frames in which it was seen. */
  readonly sightings: number;
}

export interface SceneFrame {
  readonly capturedMs: number;
  readonly receivedMs: number;
  readonly objects: readonly SceneObject[];
  /** When the frames next to it were captured that are examined already, the nearest first: `NEIGHBOURS` are enough. */
  readonly examinedBeforeMs: readonly number[];
  readonly examinedAfterMs: readonly number[];
}

export interface SceneRules {
  readonly stationaryMs: number;
  readonly newId: NewId;
}

export interface Scene {
  readonly memory: readonly Remembered[];
  /** For each object of the frame, in its order. */
  readonly stationary: readonly boolean[];
}

/** Intersection over union with the first box. */
const OVERLAP_MIN = 0.75;
/** Where it is not known to stand still, and nobody looked for long: two visitors hardly stand so much alike. */
const OVERLAP_AFTER_SILENCE_MIN = 0.9;
const SIGHTINGS_MIN = 3;
/** Not seen in so many frames in a row and for so long (in `stationaryMs`), a stationary object has gone. */
const GONE = { frames: 5, times: 10 };
/** One that is not stationary yet, or that moves by itself. */
const GONE_EARLY = { frames: 3, times: 0.5 };
/** What moves by itself is another one after a silence of `stationaryMs`, and of this at least, whoever looked. */
const CHAIN_MS_MIN = 120_000;
/** It is stationary after so many `stationaryMs`, and not before this: who lingers is to be told of as one who does. */
const MOVER = { times: 5, stillMsMin: 120_000 };
export const NEIGHBOURS = Math.max(GONE.frames, GONE_EARLY.frames);
/** What is seen there after so long is another object, whether somebody looked meanwhile or not. */
export const FORGET_MS = 86_400_000;
/** Its row goes later: a backlog of days is worked off from both ends. */
const KEEP_MS = 7 * FORGET_MS;
/** On one camera: so many that are stationary, and so many that are not. */
export const REMEMBERED_MAX = 100;

/** Detectors are not sure which of them a van is, and say now this, now that. */
const VEHICLES: ReadonlySet<string> = new Set(['car', 'truck', 'bus']);
const kindOf = (label: string): string => (VEHICLES.has(label) ? 'vehicle' : label);
/** What stays where somebody left it, of the labels of COCO. Anything else may be someone: also what no list knows. */
const LEFT_STANDING: ReadonlySet<string> = new Set([
  ...['bicycle', 'car', 'motorcycle', 'airplane', 'bus', 'train', 'truck', 'boat'],
  ...['traffic light', 'fire hydrant', 'stop sign', 'parking meter', 'bench'],
  ...['chair', 'couch', 'potted plant', 'bed', 'dining table', 'toilet', 'tv', 'microwave', 'oven', 'toaster', 'sink'],
  ...['refrigerator', 'clock', 'vase'],
]);
const isMover = ({ label }: SceneObject): boolean => !LEFT_STANDING.has(label);

/** `memory` is what is remembered of this camera. The frame must not have been given before. */
export function seeFrame(memory: readonly Remembered[], frame: SceneFrame, rules: SceneRules): Scene {
  const known = new Map(memory.map((one) => [one.id, one]));
  const seen = new Set<string>();
  const ids = frame.objects.map((object) => {
    // Two vehicles in one place are one that the detector is not sure of; two people are two.
    const free = [...known.values()].filter((one) => !isMover(one) || !seen.has(one.id));
    const match = findMatch(free, object, frame, rules);
    const one = match ? seeAgain(match, frame, seen) : remember(object, frame, rules);
    known.set(one.id, one);
    seen.add(one.id);
    return one.id;
  });
  const stationary = ids.map((id) => isStationary(known.get(id), rules));
  return { memory: forget([...known.values()], frame, rules), stationary };
}

/** What stands still is preferred, then what overlaps most. */
function findMatch(
  memory: readonly Remembered[],
  object: SceneObject,
  frame: SceneFrame,
  rules: SceneRules,
): Remembered | undefined {
  const overlapOf = ({ box }: Remembered): number => toOverlap(box, object.box);
  return memory
    .filter((one) => kindOf(one.label) === kindOf(object.label) && isSame(one, overlapOf(one), frame, rules))
    .sort((a, b) => Number(isStationary(b, rules)) - Number(isStationary(a, rules)) || overlapOf(b) - overlapOf(a))[0];
}

/** Whether what overlaps it so much in this frame is the remembered object, still or already. */
function isSame(one: Remembered, overlap: number, frame: SceneFrame, rules: SceneRules): boolean {
  const { silentMs, isGone } = toAbsence(one, frame, rules);
  const silentMsMax = isMover(one) ? Math.max(CHAIN_MS_MIN, rules.stationaryMs) : FORGET_MS;
  const isUnwatched = !isStationary(one, rules) && silentMs >= GONE.times * rules.stationaryMs;
  return overlap >= (isUnwatched ? OVERLAP_AFTER_SILENCE_MIN : OVERLAP_MIN) && silentMs < silentMsMax && !isGone;
}

/** Between its sightings and the frame, on whichever side of them that is. */
function toAbsence(one: Remembered, { capturedMs, examinedBeforeMs, examinedAfterMs }: SceneFrame, rules: SceneRules) {
  const isLater = capturedMs > one.lastSeenMs;
  const missed = isLater
    ? examinedBeforeMs.filter((ms) => ms > one.lastSeenMs)
    : examinedAfterMs.filter((ms) => ms < one.firstSeenMs);
  const silentMs = Math.max(0, capturedMs - one.lastSeenMs, one.firstSeenMs - capturedMs);
  const gone = isStationary(one, rules) && !isMover(one) ? GONE : GONE_EARLY;
  return {
    silentMs,
    isLater,
    isGone: missed.length >= gone.frames && silentMs >= gone.times * rules.stationaryMs,
  };
}

const isStationary = (one: Remembered | undefined, rules: SceneRules): boolean =>
  one !== undefined && one.sightings >= SIGHTINGS_MIN && one.lastSeenMs - one.firstSeenMs >= toStillMs(one, rules);

const toStillMs = (one: Remembered, { stationaryMs }: SceneRules): number =>
  isMover(one) ? Math.max(MOVER.stillMsMin, MOVER.times * stationaryMs) : stationaryMs;

/** Two boxes of one frame in one place (a van that is a car and a truck) are one sighting. */
const seeAgain = (one: Remembered, { capturedMs }: SceneFrame, seen: ReadonlySet<string>): Remembered => ({
  ...one,
  firstSeenMs: Math.min(one.firstSeenMs, capturedMs),
  lastSeenMs: Math.max(one.lastSeenMs, capturedMs),
  sightings: one.sightings + (seen.has(one.id) ? 0 : 1),
});

const remember = ({ label, box }: SceneObject, { capturedMs }: SceneFrame, { newId }: SceneRules): Remembered => ({
  id: newId(),
  label,
  box,
  firstSeenMs: capturedMs,
  lastSeenMs: capturedMs,
  sightings: 1,
});

/**
 * What has gone, or was not seen for very long: by the time of reception where that is earlier, for a clock that is ahead
 * for one frame must not make us forget everything. Where there is no room, what is farthest in time from this frame goes
 * first: also what was seen in a year to come.
 */
function forget(memory: readonly Remembered[], frame: SceneFrame, rules: SceneRules): readonly Remembered[] {
  const { capturedMs, receivedMs } = frame;
  const kept = memory.filter((one) => {
    const { isLater, isGone } = toAbsence(one, frame, rules);
    return !(isLater && isGone) && one.lastSeenMs > Math.min(capturedMs, receivedMs) - KEEP_MS;
  });
  const distanceOf = (one: Remembered): number => Math.abs(one.lastSeenMs - capturedMs);
  const nearest = kept.sort((a, b) => distanceOf(a) - distanceOf(b));
  // Those that are stationary are not pushed out by passers-by.
  const [still, others] = [true, false].map((wanted) => nearest.filter((one) => isStationary(one, rules) === wanted));
  return [...(still ?? []).slice(0, REMEMBERED_MAX), ...(others ?? []).slice(0, REMEMBERED_MAX)];
}

/** Intersection over union, 0..1. */
export function toOverlap(a: SceneBox, b: SceneBox): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (a.width * a.height + b.width * b.height - shared);
}
