import type { Database, Tx } from '../../db/index.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/log.ts';
import { createLoop, type Loop } from '../../lib/loop.ts';
import { HOURLY } from './tallies.ts';

const FOLD_EVERY_MS = 2_000;
const FOLDED_AT_ONCE_MAX = 20_000;
/** Held by the one process that adds up. */
const FOLD_LOCK = 0x4e4a74;

/** Adds up what the triggers wrote down, so that it stays little; the figures are the same before and after. */
export const createTallyFolder = ({ db, clock, log }: { db: Database; clock: Clock; log: Logger }): Loop =>
  createLoop({
    name: 'tally folder',
    clock,
    log,
    idleMs: FOLD_EVERY_MS,
    runOnce: async () => (await foldTallies(db)) === FOLDED_AT_ONCE_MAX,
  });

/** Resolves to how many rows were added up; none where another process is at it. */
export const foldTallies = (db: Database, atOnceMax = FOLDED_AT_ONCE_MAX): Promise<number> =>
  db.transaction(async (tx) => {
    const [lock] = await tx<{ isOurs: boolean }[]>`
      select pg_try_advisory_xact_lock(${FOLD_LOCK}) as is_ours, set_config('synchronous_commit', 'off', true)`;
    return lock?.isOurs === true ? fold(tx, atOnceMax) : 0;
  });

/** Each delta goes to its camera and to all cameras; to its quarter, to its hour under a kind of its own, and to all times. */
async function fold(tx: Tx, atOnceMax: number): Promise<number> {
  const [folded] = await tx<{ count: number; empty: string | null }[]>`
    with gone as (
      delete from tally_deltas where ctid = any(array(select ctid from tally_deltas limit ${atOnceMax})) returning *),
    sums as (
      select told.kind, key, whose.camera_id, told.bucket, sum(count) as count from gone
      cross join lateral (values (gone.camera_id), ('')) as whose(camera_id)
      cross join lateral (
        select gone.kind, gone.bucket union select gone.kind, '-infinity'
        union select gone.kind || ${HOURLY}, date_trunc('hour', gone.bucket, 'UTC') where gone.bucket <> '-infinity') as told(kind, bucket)
      group by 1, 2, 3, 4 having sum(count) <> 0),
    added as (
      insert into tallies (kind, key, camera_id, bucket, count) select kind, key, camera_id, bucket, count from sums
      on conflict (kind, camera_id, bucket, key) do update set count = tallies.count + excluded.count returning tallies.*)
    select (select count(*) from gone) as count, (select json_agg(added)::text from added where count = 0) as empty`;
  if (folded?.empty)
    await tx`
      delete from tallies using json_populate_recordset(null::tallies, ${folded.empty}::text::json) as empty
      where (tallies.kind, tallies.camera_id, tallies.bucket, tallies.key) = (empty.kind, empty.camera_id, empty.bucket, empty.key)`;
  return folded?.count ?? 0;
}
