import type { Say, Tx } from '../db/index.ts';
import type { CameraEvent } from '../model/index.ts';
import { toEventWire } from '../model/wire.ts';
import { tellDue } from './analysis/notice.ts';
import { lockCameras, type EventRules } from './rows.ts';

const CLOSED_AT_ONCE_MAX = 100;

/**
 * Closes events that nothing can extend any more: no frame that waits in the ledger was captured within reach of it,
 * and either a later frame of the camera was examined already, or nothing has arrived for the idle time. The second
 * is measured from reception, for a camera's clock may be wrong. A closed event is due for its analysis at once.
 * Resolves to how many were closed.
 */
export async function closeEvents(tx: Tx, say: Say, rules: EventRules): Promise<number> {
  const due = await findDue(tx, rules);
  await lockCameras(tx, due.map(({ cameraId }) => cameraId)); // prettier-ignore
  // Looked at again under the locks: a frame may have joined meanwhile.
  const still = await findDue(tx, rules, due.map(({ id }) => id)); // prettier-ignore
  const rows = await tx<CameraEvent[]>`
    update events set state = 'closed', analysis_due_at = now()
    where state = 'open' and id = any(${still.map(({ id }) => id)}::uuid[]) returning *`;
  for (const event of rows) say({ type: 'event.closed', data: toEventWire(event) });
  if (rows.length > 0) await tellDue(tx);
  return rows.length;
}

async function findDue(tx: Tx, { idleMs, windowMs }: EventRules, among?: readonly string[]) {
  const idle = tx`${idleMs} * interval '1 ms'`;
  const window = tx`${windowMs} * interval '1 ms'`;
  // The newest examined frame is one step down an index; asked as `exists`, the planner would read the whole table for
  // each event that has no later frame yet, and that is every event under way.
  return tx<{ id: string; cameraId: string }[]>`
    select events.id, events.camera_id from events join cameras on cameras.id = events.camera_id
    where state = 'open' ${among ? tx`and events.id = any(${[...among]}::uuid[])` : tx``}
      and not (cameras.enabled and exists (
        select from frames where frames.camera_id = events.camera_id and frames.state in ('pending', 'leased')
          and captured_at >= greatest(started_at - ${idle}, ended_at - ${window})
          and captured_at <= least(ended_at + ${idle}, started_at + ${window})))
      and (last_received_at + ${idle} < now()
        or (select captured_at from frames where frames.camera_id = events.camera_id and frames.state = 'done'
          order by captured_at desc, id desc limit 1) > least(ended_at + ${idle}, started_at + ${window}))
    order by events.camera_id, events.id limit ${CLOSED_AT_ONCE_MAX}`;
}
