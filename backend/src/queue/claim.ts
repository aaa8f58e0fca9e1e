import type { Sql } from '../db/index.ts';
import { toLeasedFrame, type FrameRow } from '../db/rows.ts';
import type { LeasedFrame } from '../model/index.ts';
import { isAvailable } from './available.ts';

/** One claimed frame in four is the oldest that waits: new frames stay quick, and no backlog is left for ever. */
const OLDEST_SHARE = 0.25;

export interface ClaimOptions {
  readonly owner: number;
  readonly leaseMs: number;
}

/**
 * How many of `count` are taken from the oldest end. Fractions are carried over from claim to claim, so that the
 * share also holds for a detector that claims one frame at a time.
 */
export function createOldestShare(share = OLDEST_SHARE): (count: number) => number {
  let carried = 0;
  return (count) => {
    carried += count * share;
    const whole = Math.floor(carried);
    carried -= whole;
    return whole;
  };
}

/**
 * Leases up to `count` pending frames that are no suspects: `oldestCount` from the oldest end, the others dealt among the cameras in turn,
 * the newest of each first. Candidates are picked without locks, more than are needed, then locked with `skip locked`:
 * claimers that race take different frames instead of waiting for each other.
 * The claim itself need not reach the disk before it is acted on: a claim that a power cut undoes is a frame that is
 * pending again, hence `synchronous_commit = off` for this statement alone.
 */
export async function claim(
  sql: Sql,
  count: number,
  oldestCount: number,
  options: ClaimOptions,
): Promise<LeasedFrame[]> {
  const rows = await sql<(FrameRow & Pick<LeasedFrame, 'traceParent'>)[]>`
    with quick as (select set_config('synchronous_commit', 'off', true)),
    newest as (
      select pick.id, pick.turn
      from cameras
      cross join lateral (
        select id, row_number() over (order by captured_at desc, id desc) as turn
        from (
          select id, captured_at from frames
          where camera_id = cameras.id and state = 'pending' and crashes = 0 and ${isAvailable(sql)}
          order by captured_at desc, id desc limit ${count * 2}
        ) as of_camera
      ) as pick
      where cameras.enabled
    ),
    oldest as (
      select frames.id from frames join cameras on cameras.id = frames.camera_id and cameras.enabled
      where frames.state = 'pending' and frames.crashes = 0 and ${isAvailable(sql)}
      order by frames.received_at, frames.id limit ${oldestCount}
    ),
    picked as (
      select id, min(turn) as turn from (
        select id, 0 as turn from oldest union all select id, turn from newest
      ) as candidates group by id order by 2 limit ${count * 4}
    ),
    locked as (
      select frames.id from frames join picked using (id) cross join quick
      where frames.state = 'pending' and frames.crashes = 0
      order by picked.turn limit ${count} for update of frames skip locked
    )
    update frames set state = 'leased', attempts = attempts + 1, lease_owner = ${options.owner},
      lease_expires_at = now() + ${options.leaseMs} * interval '1 ms'
    where id in (select id from locked)
    returning *`;
  // In the order in which the camera saw them: an event then grows forward, as a person would watch it.
  return rows.map(toLeasedFrame).sort((a, b) => a.capturedAt.getTime() - b.capturedAt.getTime());
}
