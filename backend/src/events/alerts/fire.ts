/**
 * Makes alerts, in the transaction that makes what they tell of: there is none without its event, and no event that
 * should have told and did not. The caller holds the locks of the cameras, so that of two transactions one sees the
 * alerts of the other; behind that stands a unique index.
 *
 * A frame is judged when it is stored. What was stored before is looked at again only where the risk has risen to what a
 * rule waits for, by a later frame or by the analysis. A rule looks at what came after it was made: an old event may be
 * analyzed again at any time. Of cameras that are deleted nothing is told any more.
 */
import { holdRules } from '../../db/rule-lock.ts';
import type { Say, Tx } from '../../db/index.ts';
import type { EventRow } from '../../db/rows.ts';
import { groupBy } from '../../lib/group-by.ts';
import type { NewId } from '../../lib/id.ts';
import type { Alert, Rule } from '../../model/alert.ts';
import type { CameraEvent, Detection } from '../../model/index.ts';
import { toAlertWire } from '../../model/wire.ts';
import { findOutsideCooldown, matchRule, mayMatch, type SeenDetection } from './match.ts';
import {
  insertAlerts,
  pairOf,
  readDeleted,
  readDetections,
  readNear,
  readTold,
  refreshAlerts,
  type Near,
  type NewAlert,
} from './rows.ts';

/** Has an alert delivered to channels, as far as they are there: in the transaction that makes the alert. */
export type EnqueueDeliveries = (tx: Tx, alert: Alert, channelIds: readonly string[]) => Promise<void>;

export interface AlertOptions {
  readonly newId: NewId;
  readonly enqueue?: EnqueueDeliveries | undefined;
}

type SeenEvent = CameraEvent & Pick<EventRow, 'lastReceivedAt'>;

/** An event as this transaction leaves it. */
export interface TouchedEvent {
  readonly event: SeenEvent;
  /** Those of its detections that are new. */
  readonly fresh: readonly SeenDetection[];
  /** Its risk before this transaction; undefined when it was opened by it. */
  readonly riskBefore: number | undefined;
}

export function toTouched(
  events: readonly SeenEvent[],
  detections: readonly Detection[],
  before: readonly { readonly id: string; readonly riskBefore?: number }[],
): readonly TouchedEvent[] {
  const byEvent = groupBy(detections, ({ eventId }) => eventId);
  const riskOf = new Map(before.map(({ id, riskBefore }) => [id, riskBefore]));
  return events.map((event) => ({ event, fresh: byEvent.get(event.id) ?? [], riskBefore: riskOf.get(event.id) }));
}

/** For events that frames have joined. */
export async function fireAlerts(
  tx: Tx,
  say: Say,
  touched: readonly TouchedEvent[],
  options: AlertOptions,
): Promise<void> {
  if (touched.length > 0) await fire(tx, say, { rules: await holdRules(tx), touched }, options);
}

/** For events whose risk was analyzed: alerts that were made of them follow, and rules that wait for a risk may match. */
export async function alertOfAnalyzed(
  tx: Tx,
  say: Say,
  touched: readonly TouchedEvent[],
  options: AlertOptions,
): Promise<void> {
  if (touched.length === 0) return;
  const rules = await holdRules(tx);
  for (const alert of await refreshAlerts(
    tx,
    touched.map(({ event }) => event.id),
  ))
    // prettier-ignore
    say({ type: 'alert.updated', data: toAlertWire(alert) });
  await fire(tx, say, { rules, touched }, options);
}

interface Found {
  readonly rule: Rule;
  readonly event: SeenEvent;
  readonly matches: readonly SeenDetection[];
}

async function fire(
  tx: Tx,
  say: Say,
  { rules, touched }: { readonly rules: readonly Rule[]; readonly touched: readonly TouchedEvent[] },
  { newId, enqueue }: AlertOptions,
): Promise<void> {
  const found = await find(tx, rules, touched);
  if (found.length === 0) return;
  const alerts = await insertAlerts(tx, await leaveOutCooldown(tx, found, newId));
  const channelsOf = new Map(rules.map(({ id, channelIds }) => [id, channelIds]));
  for (const alert of alerts) {
    say({ type: 'alert.created', data: toAlertWire(alert) });
    const channelIds = channelsOf.get(alert.ruleId ?? '') ?? [];
    if (channelIds.length > 0) await enqueue?.(tx, alert, channelIds);
  }
}

type Candidate = TouchedEvent & { readonly rule: Rule };

/** What matches and was not told of yet. Asks the database only when something may match. */
async function find(tx: Tx, rules: readonly Rule[], touched: readonly TouchedEvent[]): Promise<readonly Found[]> {
  const candidates = touched.flatMap((one) => rules.filter((rule) => isAbout(rule, one)).map((rule) => ({ ...one, rule }))); // prettier-ignore
  const likely = candidates.filter((one) => hasRisen(one) || matchRule(one.rule, one.event, one.fresh).length > 0);
  if (likely.length === 0) return [];
  // Asked at once, these are one round trip.
  const [told, deleted] = await Promise.all([
    readTold(tx, likely.map(({ event }) => event.id)),
    readDeleted(tx, likely.map(({ event }) => event.cameraId)),
  ]); // prettier-ignore
  const untold = likely.filter(
    ({ rule, event }) => !told.has(pairOf(rule.id, event.id)) && !deleted.has(event.cameraId),
  );
  const risen = new Set(untold.filter(hasRisen).map(({ event }) => event.id));
  const past = await readDetections(tx, [...risen]);
  return untold.flatMap((one): Found[] => {
    const { rule, event, fresh } = one;
    const matches = matchRule(rule, event, hasRisen(one) ? [...(past.get(event.id) ?? []), ...fresh] : fresh);
    return matches.length > 0 ? [{ rule, event, matches }] : [];
  });
}

const isAbout = (rule: Rule, { event, fresh }: TouchedEvent): boolean =>
  mayMatch(rule, event) && (fresh.length > 0 || event.lastReceivedAt >= rule.createdAt);

/** Whether the event's earlier detections were judged while its risk was still too low for the rule. */
const hasRisen = ({ rule, riskBefore }: Candidate): boolean => riskBefore !== undefined && riskBefore < rule.riskMin;

async function leaveOutCooldown(tx: Tx, found: readonly Found[], newId: NewId): Promise<readonly NewAlert[]> {
  const inOrder = [...found].sort((a, b) => a.event.startedAt.getTime() - b.event.startedAt.getTime());
  const toldMs = await readNear(tx, inOrder.filter(({ rule }) => rule.cooldownS > 0).map(toNear)); // prettier-ignore
  return inOrder.flatMap(({ rule, event, matches }): NewAlert[] => {
    const others = toldMs.get(pairOf(rule.id, event.cameraId)) ?? [];
    const shown = findOutsideCooldown(matches, others, rule.cooldownS);
    if (shown === undefined) return [];
    others.push(shown.capturedAt.getTime());
    return [toAlert(rule, event, shown, newId())];
  });
}

function toNear({ rule, event, matches }: Found): Near {
  const [first, last] = [matches[0], matches.at(-1)];
  const span = { first: first?.capturedAt ?? event.startedAt, last: last?.capturedAt ?? event.endedAt };
  return { ruleId: rule.id, cameraId: event.cameraId, cooldownS: rule.cooldownS, ...span };
}

const toAlert = (rule: Rule, event: CameraEvent, shown: SeenDetection, id: string): NewAlert => ({
  ...{ id, ruleId: rule.id, ruleName: rule.name, eventId: event.id, cameraId: event.cameraId },
  ...{ frameId: shown.frameId, capturedAt: shown.capturedAt, label: shown.label, score: shown.score },
  ...{ zoneIds: shown.zoneIds, riskScore: event.riskScore, riskLevel: event.riskLevel, summary: event.summary },
});
