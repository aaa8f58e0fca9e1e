/**
 * What a rule would have made of the past: asks the same functions as the pipeline, of stored events in the order in which
 * they began, by the zones of today: who has drawn one wants to know what it does. Three things it cannot know: the risk
 * that an event had while it was under way (today's is taken), in which order late frames came, and what events there would
 * be of what did not count then. And it begins without any cool-down.
 */
import type { Database } from '../../db/index.ts';
import type { Clock } from '../../lib/clock.ts';
import { NightjarError } from '../../lib/errors.ts';
import type { Rule, RuleTrial, TrialAlert, TrialSpan } from '../../model/alert.ts';
import type { CameraEvent } from '../../model/index.ts';
import { toTime } from '../../model/wire.ts';
import { findOutsideCooldown, matchRule, mayMatch, type SeenDetection } from './match.ts';
import { readPlaced, readZonesOf } from './placed.ts';
import { DETECTIONS_READ_MAX } from './rows.ts';

const EVENTS_MAX = 10_000;
const EVENTS_PER_PAGE_MAX = 500;
const LISTED_MAX = 200;
const TIME_MS_MAX = 10_000;
const AT_ONCE_MAX = 2;

export interface RuleTrialsOptions {
  readonly db: Database;
  /** Goes at an even pace. */
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly eventsMax?: number;
}

export type TryRule = (rule: Rule, span: TrialSpan) => Promise<RuleTrial>;

/** Tries rules, enabled or not. Throws `overloaded` while others are being tried. */
export function createRuleTrials(options: RuleTrialsOptions): TryRule {
  let underWay = 0;
  return async (rule, span) => {
    if (underWay >= AT_ONCE_MAX)
      throw new NightjarError('overloaded', 'other rules are being tried: try again in a moment');
    underWay += 1;
    try {
      return await tryRule(options, rule, span);
    } finally {
      underWay -= 1;
    }
  };
}

async function tryRule(options: RuleTrialsOptions, rule: Rule, span: TrialSpan): Promise<RuleTrial> {
  const { db, clock, eventsMax = EVENTS_MAX } = options;
  const tally = createTally(rule);
  const endMs = clock.nowMs() + TIME_MS_MAX;
  const zonesOf = await readZonesOf(db, rule.cameraIds);
  let last: CameraEvent | undefined;
  let examined = 0;
  while (examined < eventsMax && clock.nowMs() < endMs) {
    const events = await readPage(db, rule, span, last, Math.min(EVENTS_PER_PAGE_MAX, eventsMax - examined));
    const detections = await readPlaced(db, events.filter((event) => mayMatch(rule, event)), zonesOf); // prettier-ignore
    for (const event of events) tally.add(event, detections.get(event.id) ?? []);
    examined += events.length;
    last = events.at(-1) ?? last;
    if (events.length === 0) return { ...tally.result(), eventsExamined: examined, stoppedAt: null };
  }
  return { ...tally.result(), eventsExamined: examined, stoppedAt: last?.startedAt ?? span.since };
}

/** The next events, as many as have no more detections than are read at once; at least one. */
async function readPage(db: Database, rule: Rule, span: TrialSpan, last: CameraEvent | undefined, limit: number) {
  const rows = await db.query(
    (sql) => sql<CameraEvent[]>`
      select * from events
      where started_at >= ${span.since} and started_at < ${span.until}
        ${rule.cameraIds.length > 0 ? sql`and camera_id = any(${[...rule.cameraIds]}::text[])` : sql``}
        ${last ? sql`and (started_at, id) > (${toTime(last.startedAt)}::timestamptz, ${last.id}::uuid)` : sql``}
      order by started_at, id limit ${limit}`,
  );
  let detections = 0;
  const end = rows.findIndex((row) => (detections += row.detectionCount) > DETECTIONS_READ_MAX);
  return end < 0 ? rows : rows.slice(0, Math.max(1, end));
}

function createTally(rule: Rule) {
  /** When it would have told, for each camera. */
  const toldMs = new Map<string, number[]>();
  const listed: TrialAlert[] = [];
  let total = 0;
  let suppressed = 0;

  return {
    add(event: CameraEvent, detections: readonly SeenDetection[]): void {
      const matches = matchRule(rule, event, detections);
      const [first] = matches;
      if (first === undefined) return;
      const reachMs = event.startedAt.getTime() - rule.cooldownS * 1_000;
      const told = (toldMs.get(event.cameraId) ?? []).filter((ms) => ms > reachMs);
      const shown = findOutsideCooldown(matches, told, rule.cooldownS);
      toldMs.set(event.cameraId, shown ? [...told, shown.capturedAt.getTime()] : told);
      total += 1;
      suppressed += shown ? 0 : 1;
      if (listed.length < LISTED_MAX) listed.push(toTrialAlert(event, shown ?? first, shown === undefined));
    },
    result: () => ({ wouldAlert: listed, total, suppressed, truncated: total > listed.length }),
  };
}

const toTrialAlert = (event: CameraEvent, shown: SeenDetection, suppressedByCooldown: boolean): TrialAlert => ({
  ...{ eventId: event.id, cameraId: event.cameraId, riskScore: event.riskScore, suppressedByCooldown },
  ...{ frameId: shown.frameId, capturedAt: shown.capturedAt, label: shown.label, score: shown.score },
  zoneIds: shown.zoneIds,
});
