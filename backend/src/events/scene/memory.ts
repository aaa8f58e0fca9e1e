/** What is remembered of the scenes of cameras: rows of `stationary_objects`, read and written under the cameras' locks. */
import type { Tx } from '../../db/index.ts';
import type { Frame } from '../../model/index.ts';
import { toTime } from '../../model/wire.ts';
import { FORGET_MS, NEIGHBOURS, type Remembered, type SceneBox } from './stationary.ts';

interface MemoryRow {
  readonly id: string;
  readonly cameraId: string;
  readonly label: string;
  readonly box: SceneBox;
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
  readonly sightings: number;
}

/** By camera id. */
export type Memories = ReadonlyMap<string, readonly Remembered[]>;

export async function readMemories(tx: Tx, cameraIds: readonly string[]): Promise<Memories> {
  const rows = await tx<MemoryRow[]>`
    select * from stationary_objects where camera_id = any(${[...cameraIds]}::text[]) order by last_seen_at, id`;
  const of = (cameraId: string) => rows.filter((row) => row.cameraId === cameraId).map(toRemembered);
  return new Map(cameraIds.map((cameraId) => [cameraId, of(cameraId)]));
}

const toRemembered = ({ id, label, box, firstSeenAt, lastSeenAt, sightings }: MemoryRow): Remembered => ({
  id,
  label,
  box,
  firstSeenMs: firstSeenAt.getTime(),
  lastSeenMs: lastSeenAt.getTime(),
  sightings,
});

interface CameraMemory {
  readonly cameraId: string;
  readonly one: Remembered;
}

/** Writes what has changed, and no more, in one statement. */
export async function writeMemories(tx: Tx, before: Memories, after: Memories): Promise<void> {
  const rows = [...after].flatMap(([cameraId, memory]) => memory.map((one): CameraMemory => ({ cameraId, one })));
  const old = [...before.values()].flat();
  const [unchanged, kept] = [new Set(old), new Set(rows.map(({ one }) => one.id))];
  const gone = old.filter(({ id }) => !kept.has(id)).map(({ id }) => id);
  const changed = rows.filter(({ one }) => !unchanged.has(one));
  if (gone.length + changed.length === 0) return;
  const column = <T>(pick: (one: Remembered) => T): T[] => changed.map(({ one }) => pick(one));
  await tx`
    with gone as (delete from stationary_objects where id = any(${gone}::uuid[]))
    insert into stationary_objects (id, camera_id, label, box, first_seen_at, last_seen_at, sightings)
    select * from unnest(${column(({ id }) => id)}::uuid[], ${changed.map(({ cameraId }) => cameraId)}::text[],
      ${column(({ label }) => label)}::text[], ${column(({ box }) => JSON.stringify(box))}::text[]::jsonb[],
      ${column(({ firstSeenMs }) => toTime(new Date(firstSeenMs)))}::timestamptz[],
      ${column(({ lastSeenMs }) => toTime(new Date(lastSeenMs)))}::timestamptz[], ${column(({ sightings }) => sightings)}::int[])
    on conflict (id) do update set first_seen_at = excluded.first_seen_at, last_seen_at = excluded.last_seen_at,
      sightings = excluded.sightings`;
}

export interface Neighbours {
  readonly examinedBeforeMs: readonly number[];
  readonly examinedAfterMs: readonly number[];
}

/** A backlog has thousands of frames in a row that nobody has examined yet: they are not walked through. */
const LOOKED_AT_MAX = 50;

/**
 * When the examined frames next to each of these were captured, the nearest first; by frame id. These frames are taken up
 * by capture time, so of them only those before are known.
 */
export async function readNeighbours(tx: Tx, frames: readonly Frame[]): Promise<ReadonlyMap<string, Neighbours>> {
  const ids = frames.map(({ id }) => id);
  const near = (side: 'before' | 'after') => {
    const [compare, order, farthest] =
      side === 'before' ? [tx`<`, tx`desc`, tx`> given.captured_at - `] : [tx`>`, tx`asc`, tx`< given.captured_at + `];
    return tx`
      array(select captured_at from (
        select id, captured_at, state from frames
        where camera_id = given.camera_id and captured_at ${compare} given.captured_at
          and captured_at ${farthest} ${FORGET_MS} * interval '1 ms'
        order by captured_at ${order}, id ${order} limit ${LOOKED_AT_MAX}) as near
      where state = 'done' ${side === 'before' ? tx`` : tx`and not id = any(${ids}::uuid[])`}
      order by captured_at ${order} limit ${NEIGHBOURS})`;
  };
  const rows = await tx<{ id: string; before: Date[]; after: Date[] }[]>`
    select id, ${near('before')} as before, ${near('after')} as after
    from unnest(${ids}::uuid[], ${frames.map(({ cameraId }) => cameraId)}::text[],
      ${frames.map(({ capturedAt }) => toTime(capturedAt))}::timestamptz[]) as given(id, camera_id, captured_at)`;
  const toMs = (times: readonly Date[]): number[] => times.map((time) => time.getTime());
  return new Map(
    rows.map(({ id, before, after }) => [id, { examinedBeforeMs: toMs(before), examinedAfterMs: toMs(after) }]),
  );
}
