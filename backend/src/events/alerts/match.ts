/**
 * Whether a rule has something to tell of an event, as pure functions: the pipeline asks them when something was found,
 * the trial of a rule asks them of what was found before.
 *
 * In prose: a rule matches a frame when one detection in it counts, has a wanted label and score, and stands in a wanted
 * zone; when the frame's capture time lies in the schedule; and when camera and risk of the event are wanted. The alert is
 * made by the first such frame that is outside the cool-down, and shows its strongest detection.
 */
import type { Rule, Schedule } from '../../model/alert.ts';
import type { CameraEvent, Detection } from '../../model/index.ts';
import { isScheduled } from './schedule.ts';

const MINUTE_MS = 60_000;

/** What rules look at. */
export type SeenDetection = Pick<
  Detection,
  'id' | 'frameId' | 'label' | 'score' | 'capturedAt' | 'zoneIds' | 'suppressedBy'
>;

/** The detections that match, the strongest of each frame, in the order in which the frames were captured. */
export function matchRule(
  rule: Rule,
  event: Pick<CameraEvent, 'cameraId' | 'riskScore'>,
  detections: readonly SeenDetection[],
): readonly SeenDetection[] {
  if (!isWanted(rule.cameraIds, event.cameraId) || event.riskScore < rule.riskMin) return [];
  const strongest = new Map<string, SeenDetection>();
  for (const detection of detections) {
    const best = strongest.get(detection.frameId);
    if (isWantedDetection(rule, detection) && (best === undefined || isStronger(detection, best)))
      strongest.set(detection.frameId, detection);
  }
  const isOpen = createMinuteLook(rule.schedule);
  const matches = [...strongest.values()].filter(({ capturedAt }) => isOpen(capturedAt));
  return matches.sort((a, b) => a.capturedAt.getTime() - b.capturedAt.getTime() || (a.frameId < b.frameId ? -1 : 1));
}

/** What the event alone tells: false when no detection of it can match. Cheap, and nothing needs to be read for it. */
export const mayMatch = (
  { cameraIds, labels, riskMin, scoreMin }: Rule,
  event: Pick<CameraEvent, 'cameraId' | 'riskScore' | 'labels' | 'bestScore'>,
): boolean =>
  isWanted(cameraIds, event.cameraId) &&
  event.riskScore >= riskMin &&
  isAtLeast(event.bestScore, scoreMin) &&
  (labels.length === 0 || labels.some((label) => Object.hasOwn(event.labels, label)));

/** The first that is far enough from each alert of the same rule for the same camera, before or after: frames come late. */
export const findOutsideCooldown = (
  matches: readonly SeenDetection[],
  toldMs: readonly number[],
  cooldownS: number,
): SeenDetection | undefined =>
  matches.find(({ capturedAt }) =>
    toldMs.every((otherMs) => Math.abs(capturedAt.getTime() - otherMs) >= cooldownS * 1_000),
  );

/** Asks once for each minute: a look at the clock of another zone costs more than all else here, and a second frame none. */
function createMinuteLook(schedule: Schedule | null): (at: Date) => boolean {
  const known = new Map<number, boolean>();
  return (at) => {
    const minute = Math.floor(at.getTime() / MINUTE_MS);
    const isOpen = known.get(minute) ?? isScheduled(schedule, new Date(minute * MINUTE_MS));
    known.set(minute, isOpen);
    return isOpen;
  };
}

const isWanted = (wanted: readonly string[], one: string): boolean => wanted.length === 0 || wanted.includes(one);

const isWantedDetection = ({ labels, zoneIds, scoreMin }: Rule, detection: SeenDetection): boolean =>
  detection.suppressedBy === null &&
  isWanted(labels, detection.label) &&
  isAtLeast(detection.score, scoreMin) &&
  (zoneIds.length === 0 || detection.zoneIds.some((id) => zoneIds.includes(id)));

/** As the database stores them, in four bytes: or a score would match before it is stored and not afterwards. */
const isAtLeast = (score: number, scoreMin: number): boolean => Math.fround(score) >= Math.fround(scoreMin);

function isStronger(one: SeenDetection, other: SeenDetection): boolean {
  const [score, otherScore] = [Math.fround(one.score), Math.fround(other.score)];
  return score > otherScore || (score === otherScore && one.id < other.id);
}
