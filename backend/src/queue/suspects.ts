/**
 * Suspects: pending frames with `crashes` above 0. A process died with them in hand, or native code never came back from
 * them; one of them may be to blame, the others were in its company. Each is leased alone.
 */
import type { Sql } from '../db/index.ts';
import { toLeasedFrame, type FrameRow } from '../db/rows.ts';
import type { LeasedFrame } from '../model/index.ts';
import { isAvailable } from './available.ts';
import type { ClaimOptions } from './claim.ts';

/** Whether one could be claimed now: asked before the process is started that examines them. */
export async function hasSuspects(sql: Sql): Promise<boolean> {
  const rows = await sql`
    select from frames join cameras on cameras.id = frames.camera_id and cameras.enabled
    where frames.state = 'pending' and frames.crashes > 0 and ${isAvailable(sql)} limit 1`;
  return rows.length > 0;
}

/**
 * Leases one suspect: none while another process claims it. The least tried first, for the innocent are done with their
 * first attempt, and need not wait behind one that costs a minute each time. Unlike other claims it reaches the disk
 * before it is acted on, for what it is about may take the machine down.
 */
export async function claimSuspect(sql: Sql, { owner, leaseMs }: ClaimOptions): Promise<LeasedFrame | undefined> {
  const [row] = await sql<(FrameRow & Pick<LeasedFrame, 'traceParent'>)[]>`
    update frames set state = 'leased', attempts = attempts + 1, lease_owner = ${owner},
      lease_expires_at = now() + ${leaseMs} * interval '1 ms'
    where id = (
      select frames.id from frames join cameras on cameras.id = frames.camera_id and cameras.enabled
      where frames.state = 'pending' and frames.crashes > 0 and ${isAvailable(sql)}
      order by frames.attempts, frames.received_at, frames.id limit 1 for update of frames skip locked
    )
    returning *`;
  return row && toLeasedFrame(row);
}
