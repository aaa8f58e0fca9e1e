import type { Tx } from '../../db/index.ts';
import type { Analysis } from '../../model/analysis.ts';

/** Beyond these the vain ones are forgotten first, then the oldest. */
const KEPT_PER_EVENT_MAX = 20;

/** Keeps analyses with their events, the newest of each event. The events must be locked by this transaction. */
export async function recordAnalyses(tx: Tx, analyses: readonly Analysis[]): Promise<void> {
  for (const one of analyses)
    await tx`
      insert into analyses (id, event_id, requested_at, finished_at, analyzer, model, prompt, answer, outcome, error_kind,
        error_message, risk_score, duration_ms, tokens_in, tokens_out)
      values (${one.id}, ${one.eventId}, ${one.requestedAt}, ${one.finishedAt}, ${one.analyzer}, ${one.model},
        ${one.prompt && JSON.stringify(one.prompt)}::text::jsonb, ${one.answer}, ${one.outcome}, ${one.errorKind}, ${one.errorMessage},
        ${one.riskScore}, ${one.durationMs}, ${one.tokensIn}, ${one.tokensOut})`;
  await tx`
    delete from analyses using (
      select id, row_number() over (partition by event_id order by outcome = 'ok' desc, requested_at desc, id desc) as place from analyses
      where event_id = any(${[...new Set(analyses.map(({ eventId }) => eventId))]}::uuid[])) as kept
    where analyses.id = kept.id and kept.place > ${KEPT_PER_EVENT_MAX}`;
}
