/**
 * The rules: a deterministic risk score of an event, and the reasons for it in plain words. Always there; other
 * analysts may say more later. Points, all named below, are added and held to 0..100.
 */
import type { Risk } from '../model/index.ts';
import { compareText, toPlainSummary } from './summary.ts';

/** What the rules look at. Times are milliseconds since 1970. */
export interface RiskFacts {
  readonly cameraName: string;
  readonly labels: Readonly<Record<string, number>>;
  /** 0..1, of the strongest detection */
  readonly bestScore: number;
  readonly startedMs: number;
  readonly endedMs: number;
}

/** Points of the weightiest label in sight: a person matters most, a bird hardly. */
const LABEL_POINTS: ReadonlyMap<string, number> = new Map([
  ['person', 40],
  ['bear', 40],
  ['car', 20],
  ['truck', 20],
  ['bus', 20],
  ['motorcycle', 20],
  ['bicycle', 15],
  ['dog', 10],
  ['cat', 3],
  ['bird', 2],
]);
const OTHER_LABEL_POINTS = 5;
/** Each further person or vehicle at once. */
const COMPANY_POINTS = 8;
const COMPANY_POINTS_MAX = 24;
/** From 22:00 to 05:59 on the camera's own clock, for people and vehicles. */
const NIGHT_POINTS = 25;
const NIGHT_FROM_HOUR = 22;
const NIGHT_UNTIL_HOUR = 6;
/** Staying for a minute or longer. */
const LINGER_POINTS = 10;
const LINGER_MS = 60_000;
/** A detector that is hardly sure of anything it saw takes half of the label's points. */
const UNSURE_BELOW = 0.5;
const UNSURE_FACTOR = 0.5;
const WEIGHTY_POINTS = 15;

interface Reason {
  readonly points: number;
  readonly because: string;
}

export function toRisk(facts: RiskFacts, timeZone: string): Risk {
  const reasons = [toLabelReason(facts), toCompanyReason(facts), toNightReason(facts, timeZone), toLingerReason(facts)];
  const given = reasons.filter((reason) => reason !== null);
  const score = given.reduce((sum, { points }) => sum + points, 0);
  return {
    score: Math.max(0, Math.min(100, Math.round(score))),
    summary: toPlainSummary(facts, timeZone),
    reasoning: given.map(({ points, because }) => `+${points} ${because}`).join('; '),
  };
}

const pointsOf = (label: string): number => LABEL_POINTS.get(label) ?? OTHER_LABEL_POINTS;
const isWeighty = (label: string): boolean => pointsOf(label) >= WEIGHTY_POINTS;

function toLabelReason({ labels, bestScore }: RiskFacts): Reason | null {
  const [label] = Object.keys(labels).sort((a, b) => pointsOf(b) - pointsOf(a) || compareText(a, b));
  if (label === undefined) return null;
  const sure = bestScore >= UNSURE_BELOW;
  const points = Math.round(pointsOf(label) * (sure ? 1 : UNSURE_FACTOR));
  return { points, because: `${label} seen${sure ? '' : `, but no detection above ${UNSURE_BELOW}`}` };
}

function toCompanyReason({ labels }: RiskFacts): Reason | null {
  const count = Object.entries(labels).reduce((sum, [label, most]) => sum + (isWeighty(label) ? most : 0), 0);
  if (count < 2) return null;
  return {
    points: Math.min(COMPANY_POINTS_MAX, (count - 1) * COMPANY_POINTS),
    because: `${count} people or vehicles at once`,
  };
}

function toNightReason({ labels, startedMs }: RiskFacts, timeZone: string): Reason | null {
  const hour = Number(
    new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', hourCycle: 'h23' }).format(startedMs),
  );
  if (hour < NIGHT_FROM_HOUR && hour >= NIGHT_UNTIL_HOUR) return null;
  return Object.keys(labels).some(isWeighty) ? { points: NIGHT_POINTS, because: `at night (${hour}h)` } : null;
}

function toLingerReason({ startedMs, endedMs }: RiskFacts): Reason | null {
  if (endedMs - startedMs < LINGER_MS) return null;
  return { points: LINGER_POINTS, because: `stayed ${Math.round((endedMs - startedMs) / 1_000)} s` };
}
