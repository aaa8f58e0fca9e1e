import type { Tx } from '../db/index.ts';
import type { NewId } from '../lib/id.ts';
import { DELIVERIES_CHANNEL } from '../model/channel.ts';
import type { Alert } from '../model/alert.ts';
import { toAlertWire, toTime } from '../model/wire.ts';
import type { AlertMessage, Links } from '../model/delivery.ts';

/** Puts an alert on the way to channels, in the transaction that makes it: neither is without the other. */
export type Enqueue = (tx: Tx, alert: Alert, channelIds: readonly string[]) => Promise<void>;

export interface EnqueueOptions {
  readonly newId: NewId;
  /** Under which people reach this house; undefined where nobody has said. */
  readonly publicUrl: string | undefined;
}

/** After the alert's own insert. One row for each channel that is there and switched on. */
export const createEnqueue =
  ({ newId, publicUrl }: EnqueueOptions): Enqueue =>
  async (tx, alert, channelIds) => {
    const channels = [...new Set(channelIds)];
    if (channels.length === 0) return;
    const message = await toMessage(tx, alert, publicUrl);
    // Locked, so that a channel that is being deleted takes no event with it: its row is skipped, not missed by the key.
    const inserted = await tx`
      with open as (select id from channels where id = any(${channels}::uuid[]) and enabled for key share)
      insert into deliveries (id, channel_id, alert_id, payload, state, created_at, available_at)
      select given.id, open.id, ${alert.id}, ${JSON.stringify(message)}::text::jsonb, 'pending', now(), now()
      from unnest(${channels.map(() => newId())}::uuid[], ${channels}::uuid[]) as given(id, channel_id)
      join open on open.id = given.channel_id`;
    if (inserted.count > 0) await tx`select pg_notify(${DELIVERIES_CHANNEL}, '')`;
  };

async function toMessage(tx: Tx, alert: Alert, publicUrl: string | undefined): Promise<AlertMessage> {
  const [camera] = await tx<{ name: string }[]>`select name from cameras where id = ${alert.cameraId}`;
  return {
    type: 'alert.created',
    timestamp: toTime(alert.createdAt),
    data: {
      alert: toAlertWire(alert),
      camera_name: camera?.name ?? alert.cameraId,
      links: publicUrl === undefined ? null : toLinks(alert, publicUrl.replace(/\/+$/, '')),
    },
  };
}

const toLinks = ({ eventId, frameId }: Alert, base: string): Links => ({
  page: `${base}/#event=${eventId}`,
  event: `${base}/api/events/${eventId}`,
  image: `${base}/api/frames/${frameId}/image?annotated=true`,
});
