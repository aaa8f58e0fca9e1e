import type { Say, Tx } from '../../db/index.ts';
import { keepStored, type IsStored } from '../../db/media-removals.ts';
import type { NewId } from '../../lib/id.ts';
import type { ClipArrival } from '../../model/clip.ts';
import { toTime } from '../../model/wire.ts';
import { markSeen, type Recorded } from '../arrivals.ts';

interface Entry {
  readonly id: string;
  readonly arrival: ClipArrival;
}

/**
 * Writes clips into their ledger, `pending`. Same camera and same content is the same clip, by the unique key; inside
 * one batch too. Files that stay in the inbox are remembered with it.
 */
export async function recordClipArrivals(
  tx: Tx,
  say: Say,
  arrivals: readonly ClipArrival[],
  { newId, isStored }: { readonly newId: NewId; readonly isStored: IsStored },
): Promise<readonly Recorded[]> {
  const entries = arrivals.map((arrival) => ({ id: newId(), arrival }));
  const insertedIds = await insertClips(tx, entries);
  await giveBack(tx, entries.filter(({ id }) => !insertedIds.has(id))); // prettier-ignore
  await keepStored(tx, arrivals.map(({ mediaPath }) => mediaPath), isStored); // prettier-ignore
  await rememberFiles(tx, entries);
  await markSeen(tx, say, [...new Set(arrivals.map(({ cameraId }) => cameraId))]);
  return entries.map(({ id }) => (insertedIds.has(id) ? 'recorded' : 'known'));
}

async function insertClips(tx: Tx, entries: readonly Entry[]): Promise<ReadonlySet<string>> {
  const column = <T>(pick: (arrival: ClipArrival) => T): T[] => entries.map(({ arrival }) => pick(arrival));
  const rows = await tx<{ id: string }[]>`
    insert into clips (id, camera_id, state, source_name, sha256, media_type, media_path, bytes, captured_at, captured_from)
    select id, camera_id, 'pending', source_name, sha256, media_type, media_path, bytes, captured_at, captured_from
    from unnest(${entries.map(({ id }) => id)}::uuid[], ${column((a) => a.cameraId)}::text[],
      ${column((a) => a.sourceName)}::text[], ${column((a) => a.sha256)}::text[], ${column((a) => a.mediaType)}::text[],
      ${column((a) => a.mediaPath)}::text[], ${column((a) => a.bytes)}::bigint[],
      ${column((a) => toTime(a.capturedAt))}::timestamptz[], ${column((a) => a.capturedFrom)}::text[])
      as arrival(id, camera_id, source_name, sha256, media_type, media_path, bytes, captured_at, captured_from)
    on conflict (camera_id, sha256) do nothing
    returning id`;
  return new Set(rows.map(({ id }) => id));
}

/** A clip whose file was lost, and that comes again: see arrivals.ts. What was cut from it stays. */
async function giveBack(tx: Tx, entries: readonly Entry[]): Promise<void> {
  if (entries.length === 0) return;
  const column = <T>(pick: (arrival: ClipArrival) => T): T[] => entries.map(({ arrival }) => pick(arrival));
  await tx`
    update clips set media_path = arrival.media_path, state = case state when 'dead' then 'pending' else state end,
      attempts = case state when 'dead' then 0 else attempts end, available_at = now(),
      processed_at = case state when 'dead' then null else processed_at end
    from unnest(${column((a) => a.cameraId)}::text[], ${column((a) => a.sha256)}::text[], ${column((a) => a.mediaPath)}::text[])
      as arrival(camera_id, sha256, media_path)
    where clips.camera_id = arrival.camera_id and clips.sha256 = arrival.sha256 and clips.media_path is null`;
}

async function rememberFiles(tx: Tx, entries: readonly Entry[]): Promise<void> {
  // The last word on a path wins: one statement must not touch a row twice.
  const left = new Map(entries.flatMap(({ arrival }) => (arrival.left ? [[arrival.left.path, arrival] as const] : [])));
  if (left.size === 0) return;
  const column = <T>(pick: (arrival: ClipArrival) => T): T[] => [...left.values()].map(pick);
  await tx`
    insert into inbox_files (path, bytes, mtime_ns, clip_id)
    select path, file.bytes, mtime_ns, clips.id
    from unnest(${[...left.keys()]}::text[], ${column((a) => a.left?.bytes ?? 0)}::bigint[],
      ${column((a) => a.left?.mtimeNs ?? '0')}::text[], ${column((a) => a.cameraId)}::text[], ${column((a) => a.sha256)}::text[])
      as file(path, bytes, mtime_ns, camera_id, sha256)
    join clips on clips.camera_id = file.camera_id and clips.sha256 = file.sha256
    on conflict (path) do update
      set bytes = excluded.bytes, mtime_ns = excluded.mtime_ns, clip_id = excluded.clip_id, frame_id = null`;
}
