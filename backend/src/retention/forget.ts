/**
 * Deletes rows, and asks for the removal of their files, in one transaction. A crash before its commit changes nothing; one
 * after it leaves removals to be worked off. Locks in the order of the house (frames, events), and none is ever waited
 * for: what another works on is left for later.
 */
import type { Tx } from '../db/index.ts';
import { requestRemoval, RETENTION_LOCK } from '../db/media-removals.ts';
import { isOfCutClip, isSettled, toBound, type Item, type Wanted } from './oldest.ts';

export interface Forgotten {
  readonly events: number;
  readonly frames: number;
  readonly clips: number;
  /** Of the files that are to be removed. */
  readonly bytes: number;
}

interface FrameRow {
  readonly id: string;
  readonly eventId: string | null;
  readonly clipId: string | null;
  readonly mediaPath: string | null;
  readonly bytes: number;
}

type FileRow = Pick<FrameRow, 'mediaPath' | 'bytes'>;

/** Resolves to what went, which may be less than was asked for; undefined while another process is at it. */
export async function forget(tx: Tx, items: readonly Item[], wanted: Wanted): Promise<Forgotten | undefined> {
  const [lock] = await tx<{ isOurs: boolean }[]>`select pg_try_advisory_xact_lock(${RETENTION_LOCK}) as is_ours`;
  if (!lock?.isOurs) return undefined;
  const idsOf = (kind: Item['kind']): string[] => items.filter((item) => item.kind === kind).map(({ id }) => id);
  const locked = await lockFrames(tx, idsOf('event'), idsOf('frame'));
  const events = await lockEvents(tx, idsOf('event'), locked, wanted);
  const frames = locked.filter(({ eventId }) => eventId === null || events.has(eventId));
  await deleteRows(tx, [...events], frames);
  const clips = await deleteClips(tx, [...idsOf('clip'), ...frames.flatMap(({ clipId }) => clipId ?? [])]);
  const files = toFiles([...frames, ...clips]);
  await requestRemoval(tx, [...files.keys()]);
  const bytes = [...files.values()].reduce((sum, size) => sum + size, 0);
  return { events: events.size, frames: frames.length, clips: clips.length, bytes };
}

async function lockFrames(tx: Tx, eventIds: string[], frameIds: string[]): Promise<readonly FrameRow[]> {
  const ofEvents = tx<FrameRow[]>`
    select id, event_id, clip_id, media_path, bytes from frames
    where event_id = any(${eventIds}::uuid[]) and state in ('done', 'dead') and ${isOfCutClip(tx)}
    order by id for update of frames skip locked`;
  const alone = tx<FrameRow[]>`
    select id, event_id, clip_id, media_path, bytes from frames
    where id = any(${frameIds}::uuid[]) and event_id is null and state in ('done', 'dead') and ${isOfCutClip(tx)}
    order by id for update of frames skip locked`;
  return [...(eventIds.length > 0 ? await ofEvents : []), ...(frameIds.length > 0 ? await alone : [])];
}

/** The events that are still as they were wanted, and all of whose frames we hold: one may have joined in between. */
async function lockEvents(tx: Tx, ids: string[], frames: readonly FrameRow[], wanted: Wanted) {
  if (ids.length === 0) return new Set<string>();
  const held = await tx<{ id: string }[]>`
    select id from events
    where id = any(${ids}::uuid[]) and reviewed = ${wanted.reviewed} and ${isSettled(tx, wanted)}
      and last_received_at < ${toBound(wanted)}::text::timestamptz
    order by id for update skip locked`;
  const others = await tx<{ eventId: string }[]>`
    select distinct event_id from frames
    where event_id = any(${held.map(({ id }) => id)}::uuid[]) and not id = any(${frames.map(({ id }) => id)}::uuid[])`;
  const partial = new Set(others.map(({ eventId }) => eventId));
  return new Set(held.map(({ id }) => id).filter((id) => !partial.has(id)));
}

/** Analyses go with their events. The files of the inbox are still known by what they were: see `inbox_files`. */
async function deleteRows(tx: Tx, eventIds: string[], frames: readonly FrameRow[]): Promise<void> {
  if (eventIds.length > 0) {
    await tx`delete from detections where event_id = any(${eventIds}::uuid[])`;
    await tx`delete from events where id = any(${eventIds}::uuid[])`;
  }
  if (frames.length === 0) return;
  const frameIds = frames.map(({ id }) => id);
  // What did not count is of no event.
  await tx`delete from detections where frame_id = any(${frameIds}::uuid[]) and event_id is null`;
  await tx`delete from frames where id = any(${frameIds}::uuid[])`;
}

/** Those that have no frame left. */
async function deleteClips(tx: Tx, ids: string[]): Promise<readonly FileRow[]> {
  if (ids.length === 0) return [];
  return tx<FileRow[]>`
    delete from clips where id in (
      select id from clips
      where id = any(${ids}::uuid[]) and state in ('done', 'dead') and not exists (select from frames where clip_id = clips.id)
      order by id for update skip locked)
    returning media_path, bytes`;
}

/** Each once, for several frames may share one. */
export const toFiles = (rows: readonly FileRow[]): ReadonlyMap<string, number> =>
  new Map(rows.flatMap(({ mediaPath, bytes }) => (mediaPath === null ? [] : [[mediaPath, bytes] as const])));
