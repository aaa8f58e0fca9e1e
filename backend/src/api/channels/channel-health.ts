import type { Sql } from '../../db/index.ts';
import { toKind, type ChannelHealth } from './channel-wire.ts';

interface Row {
  readonly id: string;
  readonly lastDeliveredAt: Date | null;
  readonly at: Date | null;
  readonly errorKind: string | null;
  readonly errorMessage: string | null;
}

/** When something last arrived, and what went wrong since: of deliveries made after the last that arrived. */
export async function readChannelHealth(sql: Sql, ids: readonly string[]): Promise<ReadonlyMap<string, ChannelHealth>> {
  const rows = await sql<Row[]>`
    select channel.id, done.delivered_at as last_delivered_at, failed.created_at as at, failed.error_kind, failed.error_message
    from unnest(${[...ids]}::uuid[]) as channel(id)
    left join lateral (
      select delivered_at, created_at, id from deliveries
      where channel_id = channel.id and state = 'done' order by created_at desc, id desc limit 1) as done on true
    left join lateral (
      select created_at, error_kind, error_message from deliveries
      where channel_id = channel.id and error_kind is not null
        and (done.id is null or (deliveries.created_at, deliveries.id) > (done.created_at, done.id))
      order by created_at desc, id desc limit 1) as failed on true`;
  return new Map(rows.map((row) => [row.id, { lastDeliveredAt: row.lastDeliveredAt, lastError: toError(row) }]));
}

const toError = ({ at, errorKind, errorMessage }: Row): ChannelHealth['lastError'] =>
  at === null || errorKind === null ? null : { at, kind: toKind(errorKind), message: errorMessage ?? '' };
