/** What goes next: the oldest events, frames in which nothing was found that counts, and clips without frames, merged by age. */
import type { Sql, Tx } from '../db/index.ts';

export interface Item {
  readonly kind: 'event' | 'frame' | 'clip';
  readonly id: string;
  /** When the last of it reached us: the clocks of cameras may be wrong. */
  readonly at: Date;
  /** Frames that go with it. */
  readonly frames: number;
}

export interface Wanted {
  /** Events that were reviewed, or everything else: events that were not, frames and clips. */
  readonly reviewed: boolean;
  /** Only what is older; null: however old. */
  readonly before: Date | null;
}

/** How far a walk has come, for each kind: what cannot go is passed over once and not met again at each step. */
export type Position = Readonly<Record<Item['kind'], { readonly at: string; readonly id: string }>>;

const FIRST = { at: '-infinity', id: '00000000-0000-0000-0000-000000000000' };
export const START: Position = { event: FIRST, frame: FIRST, clip: FIRST };

/**
 * Events under way are never taken: an open one is about to be extended. One that waits for its analysis is not taken for
 * its age either; where room is needed, it is. Nor is a frame taken whose clip is still being cut: the rest of the
 * cutting finds by them what has been cut.
 */
export async function readOldest(
  sql: Sql,
  wanted: Wanted,
  after: Position,
  framesMax: number,
): Promise<readonly Item[]> {
  const rows = await sql<Item[]>`
    (select 'event' as kind, id, last_received_at as at, frame_count as frames from events
      where reviewed = ${wanted.reviewed} and last_received_at < ${toBound(wanted)}::text::timestamptz
        and (last_received_at, id) > (${after.event.at}::text::timestamptz, ${after.event.id}::uuid) and ${isSettled(sql, wanted)}
      order by last_received_at, id limit ${framesMax})
    ${wanted.reviewed ? sql`` : sql`union all ${framesAndClips(sql, wanted, after, framesMax)}`}`;
  return takeFirst(rows, framesMax);
}

const framesAndClips = (sql: Sql, wanted: Wanted, after: Position, framesMax: number) => sql`
  (select 'frame', id, received_at, 1 from frames
    where event_id is null and state in ('done', 'dead') and received_at < ${toBound(wanted)}::text::timestamptz
      and (received_at, id) > (${after.frame.at}::text::timestamptz, ${after.frame.id}::uuid) and ${isOfCutClip(sql)}
    order by received_at, id limit ${framesMax})
  union all
  (select 'clip', id, received_at, 1 from clips
    where state in ('done', 'dead') and received_at < ${toBound(wanted)}::text::timestamptz
      and (received_at, id) > (${after.clip.at}::text::timestamptz, ${after.clip.id}::uuid)
      and not exists (select from frames where clip_id = clips.id)
    order by received_at, id limit ${framesMax})`;

export const toBound = ({ before }: Wanted): string => before?.toISOString() ?? 'infinity';

/** A condition on `events`. */
export const isSettled = (sql: Sql | Tx, { before }: Wanted) =>
  before ? sql`state <> 'open' and analysis_due_at is null` : sql`state <> 'open'`;

/** A condition on `frames`. */
export const isOfCutClip = (sql: Sql | Tx) => sql`
  (clip_id is null or exists (select from clips where clips.id = frames.clip_id and clips.state in ('done', 'dead')))`;

/** At least one, however many frames it has. */
function takeFirst(rows: readonly Item[], framesMax: number): readonly Item[] {
  const taken: Item[] = [];
  let frames = 0;
  for (const item of [...rows].sort((a, b) => a.at.getTime() - b.at.getTime())) {
    frames += item.frames;
    if (frames > framesMax && taken.length > 0) break;
    taken.push(item);
  }
  return taken;
}

export function advance(position: Position, items: readonly Item[]): Position {
  const moved = { ...position };
  for (const { kind, at, id } of items) moved[kind] = { at: at.toISOString(), id };
  return moved;
}
