import type { Sql } from '../../db/index.ts';
import { toClip, type ClipRow } from '../../db/rows.ts';
import type { LeasedClip } from '../../model/clip.ts';
import { isAvailable } from '../available.ts';
import type { ClaimOptions } from '../claim.ts';

/** More than one is looked at of each camera, and of all: claimers that race then still find one each. */
const CANDIDATES_PER_CAMERA = 4;
const CANDIDATES_MAX = 32;

export interface ClipTurn {
  /** Of the camera whose clip was claimed last by this process; empty at first. */
  readonly afterCameraId: string;
  /** Take the one that waits longest, whoever's it is. */
  readonly oldest: boolean;
}

/**
 * Leases one pending clip. Cameras take turns, in the order of their ids: with a hundred clips of one camera and one of
 * another waiting, that one is second at the latest. Within a camera the newest comes first; and now and then it is the
 * turn of the oldest of all, so that none waits for ever. The last words on locks and commits in claim.ts hold here too.
 */
export async function claimClip(sql: Sql, turn: ClipTurn, options: ClaimOptions): Promise<LeasedClip | undefined> {
  const [row] = await sql<ClipRow[]>`
    with quick as (select set_config('synchronous_commit', 'off', true)),
    waiting as (
      select clips.id, camera_id, clips.received_at,
        row_number() over (partition by camera_id order by captured_at desc, clips.id desc) as place
      from clips join cameras on cameras.id = clips.camera_id and cameras.enabled
      where state = 'pending' and ${isAvailable(sql)} and media_path is not null
    ),
    candidates as (
      select id, row_number() over (order by ${toOrder(sql, turn)}) as rank
      from waiting where place <= ${CANDIDATES_PER_CAMERA} or ${turn.oldest}
      order by rank limit ${CANDIDATES_MAX}
    ),
    locked as (
      select clips.id from clips join candidates using (id) cross join quick
      where clips.state = 'pending'
      order by candidates.rank limit 1 for update of clips skip locked
    )
    update clips set state = 'leased', attempts = attempts + 1, lease_owner = ${options.owner},
      lease_expires_at = now() + ${options.leaseMs} * interval '1 ms'
    where id in (select id from locked)
    returning *`;
  return row && (toClip(row) as LeasedClip);
}

const toOrder = (sql: Sql, { afterCameraId, oldest }: ClipTurn) =>
  oldest ? sql`received_at, id` : sql`place, camera_id <= ${afterCameraId}, camera_id`;
