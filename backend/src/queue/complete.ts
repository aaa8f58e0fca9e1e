import type { Tx } from '../db/index.ts';
import { toFrame, type FrameRow } from '../db/rows.ts';
import type { Frame, LeasedFrame } from '../model/index.ts';

/**
 * Marks leased frames done, as part of the transaction that stores what was found in them. Resolves to those of the given
 * leases that were still ours to complete, each with its row: a lease that was lost meanwhile is fenced off by
 * (id, attempts, owner), and its result must not be stored. One frame may be given twice, under a lease that was lost and
 * under the one that came after it, for both may have been ours: only the latter counts, and only once.
 */
export async function completeFrames(
  tx: Tx,
  owner: number,
  frames: readonly LeasedFrame[],
): Promise<ReadonlyMap<LeasedFrame, Frame>> {
  const rows = await tx<FrameRow[]>`
    update frames set state = 'done', processed_at = now(), lease_owner = null, lease_expires_at = null,
      error_kind = null, error_message = null
    from unnest(${frames.map(({ id }) => id)}::uuid[], ${frames.map(({ attempts }) => attempts)}::int[]) as held(id, attempts)
    where frames.id = held.id and frames.attempts = held.attempts and frames.state = 'leased' and frames.lease_owner = ${owner}
    returning frames.*`;
  return new Map(
    rows.flatMap((row) => {
      const lease = frames.find(({ id, attempts }) => id === row.id && attempts === row.attempts);
      return lease ? [[lease, toFrame(row)] as const] : [];
    }),
  );
}
