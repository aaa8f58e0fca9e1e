/** What a house has besides events: clips, alerts of every tenth event, their deliveries, and who changed what. */
import type { Sql } from '../backend/src/db/index.ts';
import { CAMERAS, NEWEST } from './lists-seed.ts';

/** Of the one channel. */
export const CHANNEL = '01900000-0000-7000-8000-000000000001';
const ALERTS_SHARE = 0.1;

export async function seedOthers(sql: Sql, events: number): Promise<void> {
  const count = Math.ceil(events * ALERTS_SHARE);
  await sql`
    insert into clips (id, camera_id, state, source_name, sha256, media_type, media_path, bytes, captured_at, captured_from, processed_at,
      error_kind, error_message)
    select gen_random_uuid(), 'cam' || n % ${CAMERAS}::int, case when n % 500 = 0 then 'dead' else 'done' end, 'a.mp4', encode(sha256(n::text::bytea), 'hex'),
      'video/mp4', 'a', 1, ${NEWEST}::timestamptz - n * interval '1 minute', 'name', now(), case when n % 500 = 0 then 'invalid' end, case when n % 500 = 0 then 'junk' end
    from generate_series(1, ${count}::int) as n`;
  await sql`
    insert into alerts (id, rule_name, event_id, camera_id, frame_id, captured_at, created_at, label, score, zone_ids, risk_score, risk_level, summary,
      acknowledged_at, acknowledged_by)
    select gen_random_uuid(), 'a rule', id, camera_id, best_frame_id, started_at, started_at, 'person', 0.9, '{}', risk_score, risk_level, summary,
      case when reviewed then started_at end, case when reviewed then 'somebody' end from events where risk_level <> 'low' limit ${count}::int`;
  await sql`insert into channels (id, name, kind, settings) values (${CHANNEL}, 'ours', 'ntfy', '{}')`;
  await sql`
    insert into deliveries (id, channel_id, alert_id, payload, state, created_at, delivered_at, error_kind, error_message)
    select gen_random_uuid(), ${CHANNEL}, id, '{}', case when risk_level = 'critical' then 'dead' else 'done' end, created_at,
      case when risk_level <> 'critical' then created_at end, case when risk_level = 'critical' then 'invalid' end, case when risk_level = 'critical' then 'refused' end from alerts`;
  await sql`
    insert into audit (id, at, actor_id, actor_name, actor_role, via, action, target_id)
    select gen_random_uuid(), ${NEWEST}::timestamptz - n * interval '1 minute', 'actor' || n % 5, 'a key', 'admin', 'key',
      case when n % 100 = 0 then 'key.created' else 'event.updated' end, 'cam' || n % ${CAMERAS}::int from generate_series(1, ${count}::int) as n`;
  for (const table of ['clips', 'alerts', 'deliveries', 'audit']) await sql.unsafe(`vacuum (analyze) ${table}`);
}
