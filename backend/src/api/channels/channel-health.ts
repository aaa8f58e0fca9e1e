import type { Sql } from '../../db/index.ts';
import { toKind, type ChannelHealth } from './channel-wire.ts';

interface Row {
  readonly id: string;
  readonly lastDeliveredAt: Date | null;
  /** Of what went wrong: that there is no connection, or else a delivery. */
  readonly at: Date | null;
  readonly errorKind: string | null;
  readonly errorMessage: string | null;
}

/**
 * When something last arrived, and what is wrong: why the broker is away, where a connection is kept; else what went wrong
 * since, of deliveries made after the last that arrived.
 */
export async function readChannelHealth(sql: Sql, ids: readonly string[]): Promise<ReadonlyMap<string, ChannelHealth>> {
  const rows = await sql<Row[]>`
    select channel.id, done.delivered_at as last_delivered_at, coalesce(channel.away_since, failed.created_at) as at,
      coalesce(channel.away_kind, failed.error_kind) as error_kind, coalesce(channel.away_reason, failed.error_message) as error_message
    from channels as channel
    left join lateral (
      select delivered_at, created_at, id from deliveries
      where channel_id = channel.id and state = 'done' order by created_at desc, id desc limit 1) as done on true
    left join lateral (
      select created_at, error_kind, error_message from deliveries
      where channel_id = channel.id and error_kind is not null
        and (done.id is null or (deliveries.created_at, deliveries.id) > (done.created_at, done.id))
      order by created_at desc, id desc limit 1) as failed on true
    where channel.id = any(${[...ids]}::uuid[])`;
  return new Map(rows.map((row) => [row.id, { lastDeliveredAt: row.lastDeliveredAt, lastError: toError(row) }]));
}

const toError = ({ at, errorKind, errorMessage }: Row): ChannelHealth['lastError'] =>
  at === null || errorKind === null ? null : { at, kind: toKind(errorKind), message: errorMessage ?? '' };
