import type { Tx } from '../../db/index.ts';
import type { Alert } from '../../model/alert.ts';
import { toTime } from '../../model/wire.ts';
import type { SeenDetection } from './match.ts';

/** Of one event, or of several together. */
export const DETECTIONS_READ_MAX = 20_000;

/** What counts towards these events, by event: the first `DETECTIONS_READ_MAX` of all. */
export async function readDetections(tx: Tx, eventIds: readonly string[]) {
  const byEvent = new Map<string, SeenDetection[]>(eventIds.map((id) => [id, []]));
  if (eventIds.length === 0) return byEvent;
  const rows = await tx<(SeenDetection & { eventId: string })[]>`
    select event_id, id, frame_id, label, score, captured_at, zone_ids, suppressed_by from detections
    where event_id = any(${[...eventIds]}::uuid[]) order by captured_at, id limit ${DETECTIONS_READ_MAX}`;
  for (const { eventId, ...detection } of rows) byEvent.get(eventId)?.push(detection);
  return byEvent;
}

/** Which rule has told of which of these events; to be asked with `pairOf`. */
export async function readTold(tx: Tx, eventIds: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await tx<{ ruleId: string | null; eventId: string }[]>`
    select rule_id, event_id from alerts where event_id = any(${[...new Set(eventIds)]}::uuid[])`;
  return new Set(rows.flatMap(({ ruleId, eventId }) => (ruleId === null ? [] : [pairOf(ruleId, eventId)])));
}

/** Which of these cameras are deleted. */
export async function readDeleted(tx: Tx, cameraIds: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await tx<{ id: string }[]>`
    select id from cameras where id = any(${[...new Set(cameraIds)]}::text[]) and deleted_at is not null`;
  return new Set(rows.map(({ id }) => id));
}

export const pairOf = (ruleId: string, id: string): string => `${ruleId} ${id}`;

/** Alerts of this rule for this camera that are less than its cool-down away from this span. */
export interface Near {
  readonly ruleId: string;
  readonly cameraId: string;
  readonly cooldownS: number;
  readonly first: Date;
  readonly last: Date;
}

/** When those were captured, milliseconds since 1970, by rule and camera (`pairOf`). */
export async function readNear(tx: Tx, asked: readonly Near[]): Promise<Map<string, number[]>> {
  const byPair = new Map<string, number[]>(asked.map(({ ruleId, cameraId }) => [pairOf(ruleId, cameraId), []]));
  if (asked.length === 0) return byPair;
  const column = <T>(pick: (near: Near) => T): T[] => asked.map(pick);
  const rows = await tx<{ ruleId: string; cameraId: string; capturedAt: Date }[]>`
    select alerts.rule_id, alerts.camera_id, alerts.captured_at
    from unnest(${column((near) => near.ruleId)}::uuid[], ${column((near) => near.cameraId)}::text[],
      ${column((near) => near.cooldownS)}::int[], ${column((near) => toTime(near.first))}::timestamptz[],
      ${column((near) => toTime(near.last))}::timestamptz[]) as asked(rule_id, camera_id, cooldown_s, first, last)
    join alerts on alerts.rule_id = asked.rule_id and alerts.camera_id = asked.camera_id
      and alerts.captured_at > asked.first - asked.cooldown_s * interval '1 s'
      and alerts.captured_at < asked.last + asked.cooldown_s * interval '1 s'`;
  for (const { ruleId, cameraId, capturedAt } of rows) byPair.get(pairOf(ruleId, cameraId))?.push(capturedAt.getTime());
  return byPair;
}

export type NewAlert = Omit<Alert, 'createdAt' | 'acknowledgedAt' | 'acknowledgedBy'>;

/** Resolves to those that were made, in the given order: one rule tells of one event once, whoever comes first. */
export async function insertAlerts(tx: Tx, alerts: readonly NewAlert[]): Promise<readonly Alert[]> {
  if (alerts.length === 0) return [];
  const rows = await tx<Alert[]>`
    insert into alerts (id, rule_id, rule_name, event_id, camera_id, frame_id, captured_at, created_at, label, score,
      zone_ids, risk_score, risk_level, summary)
    select id, rule_id, rule_name, event_id, camera_id, frame_id, captured_at, now(), label, score, zone_ids, risk_score,
      risk_level, summary
    from jsonb_to_recordset(${JSON.stringify(alerts.map(toRow))}::text::jsonb) as alert(id uuid, rule_id uuid, rule_name text,
      event_id uuid, camera_id text, frame_id uuid, captured_at timestamptz, label text, score real, zone_ids uuid[],
      risk_score smallint, risk_level text, summary text)
    on conflict (rule_id, event_id) do nothing returning *`;
  const byId = new Map(rows.map((row) => [row.id, row]));
  return alerts.flatMap(({ id }) => byId.get(id) ?? []);
}

const toRow = (alert: NewAlert) => ({
  id: alert.id,
  rule_id: alert.ruleId,
  rule_name: alert.ruleName,
  event_id: alert.eventId,
  camera_id: alert.cameraId,
  frame_id: alert.frameId,
  captured_at: toTime(alert.capturedAt),
  label: alert.label,
  score: alert.score,
  zone_ids: alert.zoneIds,
  risk_score: alert.riskScore,
  risk_level: alert.riskLevel,
  summary: alert.summary,
});

/** Alerts of these events say what the events say by now; what somebody has acknowledged stays as it was seen. */
export async function refreshAlerts(tx: Tx, eventIds: readonly string[]): Promise<readonly Alert[]> {
  return tx<Alert[]>`
    update alerts set risk_score = events.risk_score, risk_level = events.risk_level, summary = events.summary
    from events
    where alerts.event_id = any(${[...eventIds]}::uuid[]) and events.id = alerts.event_id and acknowledged_at is null
      and (alerts.risk_score, alerts.risk_level, alerts.summary)
        is distinct from (events.risk_score, events.risk_level, events.summary)
    returning alerts.*`;
}
