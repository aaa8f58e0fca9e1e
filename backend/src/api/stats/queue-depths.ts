import { sql } from 'drizzle-orm';
import { toArrayText } from '../../db/array-types.ts';
import type { Orm } from '../../db/index.ts';
import type { PipelineFacts } from '../options.ts';
import { readTallies } from './tallies.ts';

interface Depths extends Record<string, unknown> {
  readonly pending: number;
  readonly leased: number;
  readonly oldest_s: number | null;
}

/** What waits of some cameras only: what is under way by its own small indexes, the dead by their tallies. */
export async function readQueueOf(orm: Orm, cameraIds: readonly string[]): Promise<PipelineFacts['queue']> {
  const [frames, clips] = [await readDepths(orm, 'frames', cameraIds), await readDepths(orm, 'clips', cameraIds)];
  const dead = await readTallies(orm, { kinds: ['frame_state', 'clip_state'], cameraIds });
  const deadOf = (kind: string): number => dead.find((one) => one.kind === kind && one.key === 'dead')?.count ?? 0;
  return {
    pending: frames.pending,
    leased: frames.leased,
    dead: deadOf('frame_state'),
    oldestPendingS: frames.oldest_s,
    clips: { pending: clips.pending, leased: clips.leased, dead: deadOf('clip_state') },
  };
}

async function readDepths(orm: Orm, table: 'frames' | 'clips', cameraIds: readonly string[]): Promise<Depths> {
  const ours = sql`camera_id = any(${toArrayText(cameraIds)}::text[])`;
  const ledger = sql.identifier(table);
  const [row] = await orm.execute<Depths>(sql`
    select (select count(*) from ${ledger} where state = 'pending' and ${ours}) as pending,
      (select count(*) from ${ledger} where state = 'leased' and ${ours}) as leased,
      (select extract(epoch from now() - min(received_at))::float8 from ${ledger} where state = 'pending' and ${ours}) as oldest_s`);
  return row ?? { pending: 0, leased: 0, oldest_s: null };
}
