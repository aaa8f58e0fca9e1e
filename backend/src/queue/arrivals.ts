import type { Say, Tx } from '../db/index.ts';
import { keepStored, requestRemoval, type IsStored } from '../db/media-removals.ts';
import { toCamera, toFrame, type FrameRow } from '../db/rows.ts';
import type { NewId } from '../lib/id.ts';
import type { Arrival, Camera, InboxFile } from '../model/index.ts';
import { toCameraWire, toFrameWire, toTime } from '../model/wire.ts';

/** A camera that sends pictures is not written anew for each of them. */
const SEEN_STEP_S = 10;

export type Recorded = 'recorded' | 'known';

/**
 * Writes arrivals into the ledger: `pending`, or `dead` for what cannot be examined. Same camera and same content is
 * the same frame, by the unique key; inside one batch too. What was never read has no content to be known by: it is the
 * file itself. Files that stay in the inbox are remembered with it.
 */
export async function recordArrivals(
  tx: Tx,
  say: Say,
  arrivals: readonly Arrival[],
  { newId, isStored }: { readonly newId: NewId; readonly isStored: IsStored },
): Promise<readonly Recorded[]> {
  const entries = arrivals.map((arrival) => ({ id: newId(), arrival }));
  const read = entries.filter(({ arrival }) => arrival.sha256 !== null);
  const unread = entries.filter(({ arrival }) => arrival.sha256 === null);
  const inserted = await insertFrames(tx, read);
  // After those: the locks of frames come before those of files.
  if (unread.length > 0) inserted.push(...(await insertFrames(tx, await leaveOutKnown(tx, unread))));
  const insertedIds = new Set(inserted.map(({ id }) => id));
  const givenBack = await giveBack(tx, read.filter(({ id }) => !insertedIds.has(id))); // prettier-ignore
  await keepStored(tx, [...inserted, ...givenBack].flatMap(({ mediaPath }) => mediaPath ?? []), isStored); // prettier-ignore
  await requestRemoval(tx, givenBack.flatMap(({ junkPath }) => junkPath ?? [])); // prettier-ignore
  await rememberFiles(tx, entries);
  await markSeen(tx, say, [...new Set(arrivals.map(({ cameraId }) => cameraId))]);
  for (const frame of inserted.filter(({ state }) => state === 'dead'))
    say({ type: 'frame.dead', data: toFrameWire(frame) });
  return entries.map(({ id }) => (insertedIds.has(id) ? 'recorded' : 'known'));
}

interface Entry {
  readonly id: string;
  readonly arrival: Arrival;
}

async function insertFrames(tx: Tx, entries: readonly Entry[]) {
  const column = <T>(pick: (arrival: Arrival) => T): T[] => entries.map(({ arrival }) => pick(arrival));
  const rows = await tx<FrameRow[]>`
    insert into frames (id, camera_id, state, source_name, sha256, media_type, media_path, width, height, bytes,
      captured_at, processed_at, error_kind, error_message, trace_parent)
    select id, camera_id, case when error_kind is null then 'pending' else 'dead' end, source_name, sha256, media_type,
      media_path, width, height, bytes, captured_at, case when error_kind is null then null else now() end, error_kind, error_message, trace_parent
    from unnest(${entries.map(({ id }) => id)}::uuid[], ${column((a) => a.cameraId)}::text[], ${column((a) => a.sourceName)}::text[],
      ${column((a) => a.sha256)}::text[], ${column((a) => a.mediaType)}::text[], ${column((a) => a.mediaPath)}::text[],
      ${column((a) => a.width)}::int[], ${column((a) => a.height)}::int[], ${column((a) => a.bytes)}::bigint[],
      ${column((a) => toTime(a.capturedAt))}::timestamptz[], ${column((a) => a.error?.kind ?? null)}::text[],
      ${column((a) => a.error?.message ?? null)}::text[], ${column((a) => a.traceParent ?? null)}::text[])
      as arrival(id, camera_id, source_name, sha256, media_type, media_path, width, height, bytes, captured_at, error_kind, error_message,
        trace_parent)
    on conflict (camera_id, sha256) where clip_id is null do nothing
    returning *`;
  return rows.map(toFrame);
}

interface GivenBack {
  readonly mediaPath: string | null;
  /** What was kept of it while it was junk. */
  readonly junkPath: string | null;
}

/**
 * A picture that comes again, and whose frame has lost its file (a broken disk), or was buried as junk (a limit was raised
 * since): the frame has a file again, and is examined if it never was.
 */
async function giveBack(tx: Tx, entries: readonly Entry[]): Promise<readonly GivenBack[]> {
  const pictures = entries.filter(({ arrival }) => arrival.error === null);
  if (pictures.length === 0) return [];
  const column = <T>(pick: (arrival: Arrival) => T): T[] => pictures.map(({ arrival }) => pick(arrival));
  return tx<GivenBack[]>`
    with poor as (
      select id, case when width is null then frames.media_path end as junk_path, arrival.media_path, arrival.media_type, pixels_x, pixels_y
      from frames join unnest(${column((a) => a.cameraId)}::text[], ${column((a) => a.sha256)}::text[], ${column((a) => a.mediaPath)}::text[],
        ${column((a) => a.mediaType)}::text[], ${column((a) => a.width)}::int[], ${column((a) => a.height)}::int[])
        as arrival(camera_id, sha256, media_path, media_type, pixels_x, pixels_y) using (camera_id, sha256)
      where clip_id is null and (width is null or frames.media_path is null)
      order by id for update of frames
    )
    update frames set media_path = poor.media_path, state = case state when 'dead' then 'pending' else state end,
      media_type = coalesce(frames.media_type, poor.media_type), width = coalesce(width, pixels_x), height = coalesce(height, pixels_y),
      attempts = case state when 'dead' then 0 else attempts end, available_at = now(),
      processed_at = case state when 'dead' then null else processed_at end
    from poor where frames.id = poor.id
    returning frames.media_path, junk_path`;
}

/** Of several watchers that met the same file, or one who is not sure whether it was recorded, only the first goes on. */
async function leaveOutKnown(tx: Tx, entries: readonly Entry[]): Promise<readonly Entry[]> {
  const files = toFiles(entries);
  const column = <T>(pick: (file: InboxFile) => T): T[] =>
    [...files.values()].flatMap(({ arrival: { left } }) => (left ? [pick(left)] : []));
  const rows = await tx<{ path: string }[]>`
    insert into inbox_files (path, bytes, mtime_ns)
    select * from unnest(${column(({ path }) => path)}::text[], ${column(({ bytes }) => bytes)}::bigint[],
      ${column(({ mtimeNs }) => mtimeNs)}::text[]) as file(path, bytes, mtime_ns) order by path
    on conflict (path) do update
      set bytes = excluded.bytes, mtime_ns = excluded.mtime_ns, frame_id = null, clip_id = null
      where (inbox_files.bytes, inbox_files.mtime_ns) <> (excluded.bytes, excluded.mtime_ns)
    returning path`;
  const unknown = new Set(rows.map(({ path }) => path));
  return entries.filter((entry) => {
    const path = entry.arrival.left?.path;
    return path === undefined || (files.get(path) === entry && unknown.has(path));
  });
}

/** By path; the last word on one wins: a statement must not touch a row twice. */
const toFiles = (entries: readonly Entry[]): ReadonlyMap<string, Entry> =>
  new Map(entries.flatMap((entry) => (entry.arrival.left ? [[entry.arrival.left.path, entry] as const] : [])));

async function rememberFiles(tx: Tx, entries: readonly Entry[]): Promise<void> {
  const left = toFiles(entries);
  if (left.size === 0) return;
  const kept = [...left.values()];
  const column = <T>(pick: (entry: Entry) => T): T[] => kept.map(pick);
  await tx`
    insert into inbox_files (path, bytes, mtime_ns, frame_id)
    select path, file.bytes, mtime_ns, frames.id
    from unnest(${[...left.keys()]}::text[], ${column((e) => e.arrival.left?.bytes ?? 0)}::bigint[],
      ${column((e) => e.arrival.left?.mtimeNs ?? '0')}::text[], ${column((e) => e.id)}::uuid[],
      ${column((e) => e.arrival.cameraId)}::text[], ${column((e) => e.arrival.sha256)}::text[])
      as file(path, bytes, mtime_ns, id, camera_id, sha256)
    join frames on frames.id = file.id
      or (frames.camera_id = file.camera_id and frames.sha256 = file.sha256 and frames.clip_id is null)
    on conflict (path) do update
      set bytes = excluded.bytes, mtime_ns = excluded.mtime_ns, frame_id = excluded.frame_id, clip_id = null`;
}

export async function markSeen(tx: Tx, say: Say, cameraIds: readonly string[]): Promise<void> {
  const rows = await tx<(Camera & { before: Camera['status'] })[]>`
    with before as (
      select id, status from cameras
      where id = any(${[...cameraIds].sort()}::text[])
        and (status <> 'online' or last_seen_at is null or last_seen_at < now() - ${SEEN_STEP_S} * interval '1 s')
      order by id for no key update
    )
    update cameras set status = 'online', last_seen_at = now() from before where cameras.id = before.id
    returning cameras.*, before.status as before`;
  for (const row of rows.filter(({ before }) => before !== 'online'))
    say({ type: 'camera.status', data: toCameraWire(toCamera(row)) });
}
