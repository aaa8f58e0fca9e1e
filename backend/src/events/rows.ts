import type { EventRow } from '../db/rows.ts';
import type { Tx } from '../db/index.ts';
import { toRiskLevel, type RiskBands } from '../model/index.ts';
import type { EventFacts, GroupingRules } from './group.ts';
import { toRisk } from './risk.ts';

/** Namespace of the per-camera advisory locks. */
const CAMERA_LOCK_SPACE = 0x4e4a65;

export interface EventRules extends GroupingRules {
  readonly bands: RiskBands;
  /** IANA name of the cameras' time zone. */
  readonly timeZone: string;
  /** What has not moved for so long does not count; undefined: it does, for ever. */
  readonly stationaryMs?: number | undefined;
}

/**
 * Grouping reads events and then writes them, so for each camera it is done by one transaction at a time. Taken in
 * the order of the ids, so that two batches that share cameras cannot wait for each other. Not the camera's row:
 * ingest updates that, and need not wait for us.
 */
export async function lockCameras(tx: Tx, cameraIds: readonly string[]): Promise<void> {
  for (const id of [...new Set(cameraIds)].sort())
    await tx`select pg_advisory_xact_lock(${CAMERA_LOCK_SPACE}, hashtext(${id}))`;
}

export const toEventFacts = (row: EventRow): EventFacts => ({
  id: row.id,
  open: row.state === 'open',
  startedMs: row.startedAt.getTime(),
  endedMs: row.endedAt.getTime(),
  lastReceivedMs: row.lastReceivedAt.getTime(),
  labels: row.labels,
  detectionCount: row.detectionCount,
  frameCount: row.frameCount,
  bestFrameId: row.bestFrameId,
  bestScore: row.bestScore,
  riskBefore: row.riskScore,
});

export interface EventPlace {
  readonly cameraId: string;
  readonly cameraName: string;
}

/** Late frames come in groups: an event that they extend is analyzed again when there was none for so long. */
const LATE_FRAMES_MS = 5_000;

/**
 * Writes what grouping decided, with the rules' risk; resolves to the event as it now is. One that is closed already is
 * due for analysis again, as a whole, and a question about it that is under way has lost its lease.
 */
export async function writeEvent(tx: Tx, facts: EventFacts, place: EventPlace, rules: EventRules): Promise<EventRow> {
  const risk = toRisk({ ...facts, cameraName: place.cameraName }, rules.timeZone);
  const level = toRiskLevel(risk.score, rules.bands);
  const [row] = await tx<EventRow[]>`
    insert into events (id, camera_id, state, started_at, ended_at, last_received_at, labels, detection_count, frame_count,
      best_frame_id, best_score, risk_score, risk_level, summary, reasoning, analyzer)
    values (${facts.id}, ${place.cameraId}, 'open', ${new Date(facts.startedMs)}, ${new Date(facts.endedMs)},
      ${new Date(facts.lastReceivedMs)}, ${tx.json(facts.labels)}, ${facts.detectionCount}, ${facts.frameCount},
      ${facts.bestFrameId}, ${facts.bestScore}, ${risk.score}, ${level}, ${risk.summary}, ${risk.reasoning}, 'rules')
    on conflict (id) do update set started_at = excluded.started_at, ended_at = excluded.ended_at,
      last_received_at = excluded.last_received_at, labels = excluded.labels, detection_count = excluded.detection_count,
      frame_count = excluded.frame_count, best_frame_id = excluded.best_frame_id, best_score = excluded.best_score,
      risk_score = excluded.risk_score, risk_level = excluded.risk_level, summary = excluded.summary,
      reasoning = excluded.reasoning, analyzer = excluded.analyzer,
      analysis_due_at = case when events.state <> 'open' then now() + ${LATE_FRAMES_MS} * interval '1 ms' end,
      analysis_attempts = 0, analysis_lease_id = null, analysis_lease_until = null
    returning *`;
  if (!row) throw new Error(`event ${facts.id} was not written`);
  return row;
}
