/** The rules as the analyst: of every event, or of those that a language model does not get to. */
import type { Fragment, Say, Tx } from '../../db/index.ts';
import type { EventRow } from '../../db/rows.ts';
import type { Analysis } from '../../model/analysis.ts';
import { toRiskLevel } from '../../model/index.ts';
import { toEventWire } from '../../model/wire.ts';
import { alertOfAnalyzed, type AlertOptions, type TouchedEvent } from '../alerts/fire.ts';
import { toRisk } from '../risk.ts';
import { lockCameras, toEventFacts, type EventRules } from '../rows.ts';
import { recordAnalyses } from './record.ts';

const ANALYZED_AT_ONCE_MAX = 50;

/** An event whose row is locked by the transaction, and its camera's name. */
export type EventToAnalyze = EventRow & { readonly cameraName: string };

export interface RulesOptions extends AlertOptions {
  readonly rules: EventRules;
  readonly nowMs: number;
}

/** With the rules alone: analyzes whatever is due, and that is that. Resolves to how many. */
export async function analyzeDue(tx: Tx, say: Say, options: RulesOptions): Promise<number> {
  const rows = await lockDue(tx, tx`
    analysis_due_at is not null and (events.state = 'closed' or (events.state = 'analyzed' and analysis_due_at <= now()))`); // prettier-ignore
  await analyzeByRules(tx, say, rows, options);
  await tx`
    update events set analysis_due_at = null, analysis_requested = false, analysis_attempts = 0, analysis_lease_id = null,
      analysis_lease_until = null
    where id = any(${rows.map(({ id }) => id)}::uuid[])`;
  return rows.length;
}

/**
 * Beside a language model: analyzes the closed events that it has not taken up within `patienceMs`. They stay due, for
 * the model may still come to them. Resolves to how many.
 */
export async function analyzeLeft(
  tx: Tx,
  say: Say,
  { patienceMs, ...options }: RulesOptions & { readonly patienceMs: number },
): Promise<number> {
  const rows = await lockDue(tx, tx`
    analysis_due_at is not null and events.state = 'closed' and analysis_due_at <= now() - ${patienceMs} * interval '1 ms'
    and (analysis_lease_until is null or analysis_lease_until <= now())`); // prettier-ignore
  await analyzeByRules(tx, say, rows, options);
  return rows.length;
}

/** The first events for which `isDue` holds, locked; before them their cameras, for an analysis may make alerts. */
async function lockDue(tx: Tx, isDue: Fragment): Promise<readonly EventToAnalyze[]> {
  const due = await tx<{ id: string; cameraId: string }[]>`
    select id, camera_id from events where ${isDue}
    order by analysis_requested desc, ended_at desc, id desc limit ${ANALYZED_AT_ONCE_MAX}`;
  if (due.length === 0) return [];
  await lockCameras(tx, due.map(({ cameraId }) => cameraId)); // prettier-ignore
  // Looked at again under the locks: another may have analyzed it meanwhile, or a frame joined it.
  return tx<EventToAnalyze[]>`
    select events.*, cameras.name as camera_name from events join cameras on cameras.id = events.camera_id
    where events.id = any(${due.map(({ id }) => id)}::uuid[]) and ${isDue}
    order by analysis_requested desc, ended_at desc, events.id desc for update of events skip locked`;
}

/** Stores and tells what the rules say of these events, whose cameras this transaction has locked. */
export async function analyzeByRules(
  tx: Tx,
  say: Say,
  rows: readonly EventToAnalyze[],
  options: RulesOptions,
): Promise<void> {
  const { rules, newId, nowMs } = options;
  const analyses: Analysis[] = [];
  const touched: TouchedEvent[] = [];
  for (const row of rows) {
    const risk = toRisk({ ...toEventFacts(row), cameraName: row.cameraName }, rules.timeZone);
    const [event] = await tx<EventRow[]>`
      update events set state = 'analyzed', analyzer = 'rules', risk_score = ${risk.score},
        risk_level = ${toRiskLevel(risk.score, rules.bands)}, summary = ${risk.summary}, reasoning = ${risk.reasoning}
      where id = ${row.id} returning *`;
    if (event) say({ type: 'event.analyzed', data: toEventWire(event) });
    if (event) touched.push({ event, fresh: [], riskBefore: row.riskScore });
    analyses.push(toRulesAnalysis(row.id, risk.score, { id: newId(), at: new Date(nowMs) }));
  }
  if (analyses.length > 0) await recordAnalyses(tx, analyses);
  await alertOfAnalyzed(tx, say, touched, options);
}

const toRulesAnalysis = (eventId: string, riskScore: number, { id, at }: { id: string; at: Date }): Analysis => ({
  ...{ id, eventId, requestedAt: at, finishedAt: at, analyzer: 'rules', riskScore, durationMs: 0, outcome: 'ok' },
  ...{ model: null, prompt: null, answer: null, errorKind: null, errorMessage: null, tokensIn: null, tokensOut: null },
});
