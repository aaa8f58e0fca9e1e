import { sql } from 'drizzle-orm';
import { toArrayText } from '../../db/array-types.ts';
import type { Orm } from '../../db/index.ts';
import type { PipelineFacts } from '../options.ts';
import { readTallies } from './tallies.ts';

const LOOK_ROWS_MAX = 8_000;

/** What waits of some cameras only, by their tallies: the same cost however much it is. */
export async function readQueueOf(orm: Orm, cameraIds: readonly string[]): Promise<PipelineFacts['queue']> {
  const tallies = await readTallies(orm, { kinds: ['frame_state', 'clip_state'], cameraIds });
  const countOf = (kind: string, state: string): number =>
    tallies.find((one) => one.kind === kind && one.key === state)?.count ?? 0;
  const depthsOf = (kind: string) => ({
    pending: countOf(kind, 'pending'),
    leased: countOf(kind, 'leased'),
    dead: countOf(kind, 'dead'),
  });
  return {
    ...depthsOf('frame_state'),
    oldestPendingS: await readOldestS(orm, cameraIds),
    clips: depthsOf('clip_state'),
  };
}

/** Exact among the oldest of all; behind a backlog of other cameras, the frame of each of ours that was captured first. */
async function readOldestS(orm: Orm, cameraIds: readonly string[]): Promise<number | null> {
  const ours = sql`${toArrayText(cameraIds)}::text[]`;
  const [row] = await orm.execute<{ oldest_s: number | null }>(sql`
    select extract(epoch from now() - coalesce(
      (select min(received_at) from (
        select camera_id, received_at from frames where state = 'pending' order by received_at, id limit ${LOOK_ROWS_MAX}) as oldest
       where camera_id = any(${ours})),
      (select min(received_at) from unnest(${ours}) as seen(camera_id) cross join lateral (
        select received_at from frames where state = 'pending' and frames.camera_id = seen.camera_id
        order by captured_at, id limit 1) as first)))::float8 as oldest_s`);
  return row?.oldest_s ?? null;
}
