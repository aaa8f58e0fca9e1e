/**
 * A house with a long memory, by SQL: events of 90 days on 12 cameras, a frame and three detections for each, skewed as
 * life is; of every twentieth a fourth, which counts towards none. Summaries are 15 words of 5,000, or of as few as a house
 * has whose events are told by rules, the n-th most frequent of them 1/n as frequent as the first.
 *
 * Foreign keys are not checked meanwhile and indexes are made afterwards, for speed; the triggers do their work.
 */
import type { Sql } from '../backend/src/db/index.ts';

export const CAMERAS = 12;
export const NEWEST = new Date('2026-03-01T00:00:00.000Z');
const DAYS = 90;
export const VOCABULARY = 5_000;
const EVENTS_AT_ONCE = 50_000;
const FILLED = ['frames', 'events', 'detections', 'event_labels'];
const FREQUENT = [
  ...['a', 'the', 'person', 'at', 'walks', 'camera', 'car', 'seen', 'near', 'door', 'slowly', 'driveway', 'stands', 'carrying'],
  ...['parcel', 'dark', 'night', 'gate', 'leaves', 'delivery', 'courier', 'hood', 'bicycle', 'garden', 'fence', 'suspicious'],
]; // prettier-ignore

/** Words that are found now and then, in the oldest third only, and never. */
export const RARE_WORD = 'unicorn';
export const LONG_GONE_WORD = 'snowfall';
export const ABSENT_WORD = 'zeppelin';

/** On a client of one connection, for the settings are those of a session. */
export async function seedLists(one: Sql, events: number, vocabulary = VOCABULARY): Promise<void> {
  await one`select set_config('maintenance_work_mem', '1GB', false), set_config('synchronous_commit', 'off', false), set_config('statement_timeout', '0', false)`;
  await one`
      insert into cameras (id, name, folder) select 'cam' || n, 'Camera ' || n, 'cam' || n from generate_series(0, ${CAMERAS - 1}::int) as n`;
  await one`
      create temp table vocabulary as select n, coalesce((${FREQUENT}::text[])[n], 'word' || n) as word from generate_series(1, ${vocabulary}::int) as n`;
  await one`create unique index on vocabulary (n)`;
  const indexes = await one<{ name: string; definition: string }[]>`
      select indexname as name, indexdef as definition from pg_indexes where schemaname = 'public' and tablename = any(${FILLED}::text[])
        and not exists (select from pg_constraint where conname = indexname)`;
  for (const { name } of indexes) await one.unsafe(`drop index ${name}`);
  for (const table of FILLED)
    await one.unsafe(`alter table ${table} disable trigger all; alter table ${table} enable trigger user`);
  for (let from = 0; from < events; from += EVENTS_AT_ONCE)
    await insertEvents(one, from, Math.min(events, from + EVENTS_AT_ONCE), { events, vocabulary });
  for (const table of FILLED) await one.unsafe(`alter table ${table} enable trigger all`);
  for (const { definition } of indexes) await one.unsafe(definition);
  await one.unsafe('vacuum (analyze)');
}

/** Numbered from the oldest on; ids are in the order of time, as those of the program are. */
async function insertEvents(
  sql: Sql,
  from: number,
  until: number,
  { events, vocabulary }: { readonly events: number; readonly vocabulary: number },
): Promise<void> {
  const stepMs = (DAYS * 86_400_000) / events;
  const startMs = NEWEST.getTime() - DAYS * 86_400_000;
  await sql`drop table if exists drawn`;
  await sql`
    create temp table drawn as
    select n, at, (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || left(hash, 3) || '8' || substr(hash, 4, 15))::uuid as id,
      hash, 'cam' || floor(${CAMERAS}::int * r1 * r1)::int as camera_id,
      case when r2 < 0.01 then 'critical' when r2 < 0.06 then 'high' when r2 < 0.3 then 'medium' else 'low' end as risk_level,
      case when n > ${events}::int - 5 then 'open' when r3 < 0.03 then 'closed' else 'analyzed' end as state,
      r4 < 0.2 as reviewed,
      case when r5 < 0.6 then 'person' when r5 < 0.85 then 'car' when r5 < 0.92 then 'dog' when r5 < 0.96 then 'truck'
        when r5 < 0.985 then 'cat' when r5 < 0.995 then 'bicycle' else 'bear' end as label,
      case when r6 < 0.15 then 'car' when r6 < 0.3 then 'person' end as second_label,
      said.words || case when r7 < 0.00002 then ${` ${RARE_WORD}`}::text else '' end
        || case when n < ${events}::int * 0.3 and r7 < 0.2 then ${` ${LONG_GONE_WORD}`}::text else '' end as summary
    from (
      select n, to_timestamp(${startMs}::float8 / 1000 + n * ${stepMs}::float8 / 1000)::timestamptz(3) as at, md5('event ' || n) as hash,
        random() as r1, random() as r2, random() as r3, random() as r4, random() as r5, random() as r6, random() as r7
      from generate_series(${from + 1}::int, ${until}::int) as n) as made
    join lateral (
      select string_agg(word, ' ') as words from (select floor(power(${vocabulary}::int, random()))::int as pick from generate_series(1, 15) where n > 0) as picks
      join vocabulary on vocabulary.n = greatest(1, pick)) as said on true`;
  await sql`
    insert into frames (id, camera_id, state, source_name, sha256, media_type, media_path, width, height, bytes, captured_at, received_at,
      processed_at, event_id, error_kind, error_message)
    select id, camera_id, case when n % 500 = 0 then 'dead' else 'done' end, 'a.jpg', hash || md5(hash), 'image/jpeg', camera_id || '/' || left(hash, 2) || '/' || hash || md5(hash) || '.jpg', 1920, 1080,
      200000, at, at, at, id, case when n % 500 = 0 then 'invalid' end, case when n % 500 = 0 then 'no picture' end from drawn`;
  await sql`
    insert into events (id, camera_id, state, started_at, ended_at, last_received_at, labels, detection_count, frame_count, best_frame_id,
      best_score, risk_score, risk_level, summary, reasoning, analyzer, reviewed)
    select id, camera_id, state, at, at, at, case when second_label is null or second_label = label then jsonb_build_object(label, 1) else jsonb_build_object(label, 1, second_label, 1) end,
      3, 1, id, 0.9, 20, risk_level, summary, 'Because of what was seen there at this time of the day.', 'llm', reviewed from drawn`;
  await sql`
    insert into detections (id, frame_id, event_id, camera_id, label, score, x, y, width, height, captured_at, model, suppressed_by)
    select (left(drawn.id::text, 24) || left(md5(hash || k), 12))::uuid, drawn.id, case when k < 4 then drawn.id end, camera_id,
      case when k = 3 then coalesce(second_label, label) else label end, 0.35 + 0.64 * power(random(), 1.5), 10, 20, 30, 40, at, 'centernet-mbv3',
      case when k = 4 then 'stationary' end
    from drawn cross join generate_series(1, 4) as k where k < 4 or n % 20 = 0`;
}
