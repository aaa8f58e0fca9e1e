import type { Say, Tx } from '../../db/index.ts';
import type { EventRow } from '../../db/rows.ts';
import type { Analysis, AnalystCall, Verdict } from '../../model/analysis.ts';
import { toRiskLevel, type CameraEvent, type Risk } from '../../model/index.ts';
import { toEventWire } from '../../model/wire.ts';
import { ATTEMPTS_MAX, type Claim } from './claim.ts';
import { alertOfAnalyzed } from '../alerts/fire.ts';
import { lockCameras } from '../rows.ts';
import { recordAnalyses } from './record.ts';
import { analyzeByRules, type RulesOptions } from './rules.ts';

/** After a question in vain: a minute, then five times as long each time, 2.6 hours in all for the five attempts. */
const RETRY_MS = 60_000;
const RETRY_FACTOR = 5;

/**
 * Stores what came of a question, and keeps every call for audit. A risk is stored only while the lease holds: if the
 * event was extended meanwhile, or claimed by another, the verdict is about something else. Without a risk, a closed
 * event gets the rules' there and then; an analyzed one keeps what it has. Resolves to whether the lease held.
 */
export async function storeVerdict(
  tx: Tx,
  say: Say,
  { claim, verdict }: { readonly claim: Claim; readonly verdict: Verdict },
  options: RulesOptions,
): Promise<boolean> {
  await lockCameras(tx, [claim.event.cameraId]);
  const held =
    verdict.outcome === 'scored'
      ? await storeRisk(tx, say, claim, verdict.risk, options)
      : await release(tx, say, claim, verdict.outcome, options);
  const [event] = held ? [claim.event] : await tx`select id from events where id = ${claim.event.id} for update`;
  if (!event) return false; // deleted meanwhile, and its analyses with it
  const analyses = verdict.calls.map((call) => toAnalysis(call, claim.event.id, options.newId()));
  if (analyses.length > 0) await recordAnalyses(tx, held ? analyses : analyses.map(toDiscarded));
  return held;
}

async function storeRisk(tx: Tx, say: Say, { event, leaseId }: Claim, risk: Risk, options: RulesOptions) {
  const [row] = await tx<EventRow[]>`
    update events set state = 'analyzed', analyzer = 'llm', risk_score = ${risk.score},
      risk_level = ${toRiskLevel(risk.score, options.rules.bands)}, summary = ${risk.summary}, reasoning = ${risk.reasoning},
      analysis_due_at = null, analysis_requested = false, analysis_attempts = 0, analysis_lease_id = null,
      analysis_lease_until = null
    where id = ${event.id} and analysis_lease_id = ${leaseId} and state <> 'open' returning *`;
  if (row) say({ type: 'event.analyzed', data: toEventWire(row) });
  if (row) await alertOfAnalyzed(tx, say, [{ event: row, fresh: [], riskBefore: event.riskScore }], options);
  return row !== undefined;
}

type Vain = Exclude<Verdict['outcome'], 'scored'>;

async function release(tx: Tx, say: Say, { event, leaseId }: Claim, outcome: Vain, options: RulesOptions) {
  const isOver = outcome === 'failed' && event.analysisAttempts >= ATTEMPTS_MAX;
  const [row] = await tx<CameraEvent[]>`
    update events set analysis_lease_id = null, analysis_lease_until = null,
      analysis_due_at = ${isOver ? null : tx`now() + ${toPauseMs(outcome, event.analysisAttempts)} * interval '1 ms'`},
      analysis_requested = analysis_requested and ${!isOver},
      analysis_attempts = greatest(0, analysis_attempts - ${outcome === 'failed' ? 0 : 1})
    where id = ${event.id} and analysis_lease_id = ${leaseId} returning *`;
  // On our way out nothing is known against the analyst: the next start asks.
  if (row?.state === 'closed' && outcome !== 'cancelled') await analyzeByRules(tx, say, [event], options);
  return row !== undefined;
}

function toPauseMs(outcome: Vain, attempts: number): number {
  // While nobody takes questions the analyst says when to ask again; then the newest event is to be first.
  return outcome === 'failed' ? RETRY_MS * RETRY_FACTOR ** Math.max(0, attempts - 1) : 0;
}

const toAnalysis = (call: AnalystCall, eventId: string, id: string): Analysis => ({
  ...{ id, eventId, analyzer: 'llm', outcome: call.error ? 'error' : 'ok' },
  ...{ requestedAt: call.requestedAt, finishedAt: call.finishedAt, model: call.model, prompt: call.prompt },
  ...{ answer: call.answer, tokensIn: call.tokensIn, tokensOut: call.tokensOut },
  errorKind: call.error?.kind ?? null,
  errorMessage: call.error?.message ?? null,
  riskScore: call.risk?.score ?? null,
  // Clocks are set back now and then.
  durationMs: Math.max(0, call.finishedAt.getTime() - call.requestedAt.getTime()),
});

const toDiscarded = (analysis: Analysis): Analysis => ({
  ...analysis,
  ...{ outcome: 'error', riskScore: null },
  errorKind: analysis.errorKind ?? 'conflict',
  errorMessage: analysis.errorMessage ?? 'the event changed while the question was under way: the answer was discarded',
});
