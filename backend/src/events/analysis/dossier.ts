/** Reads what an analyst is told of an event. Five small reads, one after the other: analysis never crowds the pool. */
import type { Database, Sql } from '../../db/index.ts';
import type { Dossier, EventPicture, LabelTally, PastEvent, Sighting } from '../../model/analysis.ts';
import type { CameraEvent } from '../../model/index.ts';
import { toPlainSummary } from '../summary.ts';
import type { EventToAnalyze } from './rules.ts';

const FRAMES_MAX = 60;
const SIGHTINGS_MAX = 600;
const PICTURES_MAX = 8;
const PAST_MAX = 5;
const ZONES_MAX = 50;

export async function readDossier(db: Database, event: EventToAnalyze, timeZone: string): Promise<Dossier> {
  const { id } = event;
  return {
    event,
    cameraName: event.cameraName,
    tallies: await db.query((sql) => readTallies(sql, id)),
    sightings: await db.query((sql) => readSightings(sql, id)),
    pictures: await db.query((sql) => readPictures(sql, id)),
    past: await db.query((sql) => readPast(sql, event, timeZone)),
    zones: await db.query((sql) => readZoneNames(sql, id)),
  };
}

const readTallies = (sql: Sql, eventId: string) => sql<LabelTally[]>`
  select label, count(*) as detections, max(score) as best_score from detections
  where event_id = ${eventId} group by label order by max(score) desc, label limit 50`;

/** Of a long event, frames picked evenly: the first, the last, and every so manieth between. */
async function readSightings(sql: Sql, eventId: string): Promise<readonly Sighting[]> {
  const rows = await sql<(Sighting['box'] & { label: string; score: number; capturedAt: Date })[]>`
    with frame as (
      select frame_id, row_number() over (order by captured_at, frame_id) as place, count(*) over () as total
      from detections where event_id = ${eventId} group by frame_id, captured_at
    ), picked as (
      select frame_id from frame
      where place = total or (place - 1) % greatest(1, ceil(total / ${FRAMES_MAX}::float8)::int) = 0
    )
    select label, score, detections.captured_at, x::float8 / frames.width as x, y::float8 / frames.height as y,
      detections.width::float8 / frames.width as width, detections.height::float8 / frames.height as height
    from detections join picked using (frame_id) join frames on frames.id = frame_id
    where detections.event_id = ${eventId} order by detections.captured_at, detections.id limit ${SIGHTINGS_MAX}`;
  return rows.map(({ label, score, capturedAt, ...box }) => ({ label, score, atMs: capturedAt.getTime(), box }));
}

/** Of those in which something of the event stood, and that are still there. */
async function readZoneNames(sql: Sql, eventId: string): Promise<readonly string[]> {
  const rows = await sql<{ name: string }[]>`
    select distinct name from zones where id in (select unnest(zone_ids) from detections where event_id = ${eventId})
    order by name limit ${ZONES_MAX}`;
  return rows.map(({ name }) => name);
}

const readPictures = (sql: Sql, eventId: string) => sql<EventPicture[]>`
  select frames.id as frame_id, media_path, frames.width, frames.height
  from detections join frames on frames.id = detections.frame_id
  where detections.event_id = ${eventId} and media_path is not null
  group by frames.id order by max(score) desc, frames.captured_at limit ${PICTURES_MAX}`;

/** What another analyst wrote of them is not passed on: a model must not be told what a model made of a hostile name. */
async function readPast(sql: Sql, event: EventToAnalyze, timeZone: string): Promise<readonly PastEvent[]> {
  const rows = await sql<CameraEvent[]>`
    select * from events where camera_id = ${event.cameraId} and started_at < ${event.startedAt}
    order by started_at desc, id desc limit ${PAST_MAX}`;
  return rows.map(({ labels, bestScore, riskScore, startedAt, endedAt }) => {
    const span = { startedMs: startedAt.getTime(), endedMs: endedAt.getTime() };
    const summary = toPlainSummary({ cameraName: event.cameraName, labels, bestScore, ...span }, timeZone);
    return { ...span, labels, riskScore, summary };
  });
}
