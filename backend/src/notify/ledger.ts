/**
 * The ledger of deliveries. In prose: `pending` until a worker claims it (`leased`, `attempts` raised). Whoever holds the
 * lease marks it `done` when the other side has taken it, `pending` again with a back-off when waiting may heal what went
 * wrong, else `dead` with the reason. A lease whose time is up was that of a process that ended: it is sent again, under the
 * same id, for nobody knows how far it came. Every step names (id, attempts, owner), so what comes too late changes nothing.
 */
import type { Sql } from '../db/index.ts';
import type { NightjarError } from '../lib/errors.ts';
import { SendError } from './send-error.ts';

/** In all about a day: see `toBackoffMs`. */
export const ATTEMPTS_MAX = 10;
/** Far longer than an attempt may take. */
export const LEASE_MS = 60_000;
/** What nobody could send for so long is news no more: its channel was switched off, or no process sends. */
const WAIT_MAX = '2 days';
const KEPT_MAX = '30 days';
const PRUNED_AT_ONCE_MAX = 1_000;
const LINE_CHARS_MAX = 500;

export interface ClaimedDelivery {
  readonly id: string;
  readonly attempts: number;
  readonly alertId: string | null;
  readonly payload: unknown;
  /** The channel as it is now: settings may have changed since. */
  readonly channel: { readonly id: string; readonly name: string; readonly kind: string; readonly settings: unknown };
}

interface ClaimRow extends Omit<ClaimedDelivery, 'channel'> {
  readonly channelId: string;
  readonly name: string;
  readonly kind: string;
  readonly settings: unknown;
}

export interface ClaimWishes {
  readonly owner: number;
  readonly count: number;
  /** Of one channel. */
  readonly perChannel: number;
  /** How many of each are in hand already. */
  readonly inHand: ReadonlyMap<string, number>;
  /** Channels of MQTT that this process keeps the connection of: it alone sends there. */
  readonly linked: readonly string[];
}

/** Leases what is due, of each channel the longest due first. Not waiting for locks: claimers that race take different ones. */
export async function claimDeliveries(sql: Sql, wishes: ClaimWishes): Promise<readonly ClaimedDelivery[]> {
  const { owner, count, perChannel, inHand, linked } = wishes;
  const rows = await sql<ClaimRow[]>`
    with picked as (
      select pick.id from channels
      left join unnest(${[...inHand.keys()]}::uuid[], ${[...inHand.values()]}::int[]) as busy(id, count) on busy.id = channels.id
      cross join lateral (
        select id, available_at, row_number() over (order by available_at, id) as turn from (
          select id, available_at from deliveries
          where channel_id = channels.id and state = 'pending' and available_at <= now()
          order by available_at, id limit greatest(0, ${perChannel} - coalesce(busy.count, 0))
        ) as due
      ) as pick
      where channels.enabled and (channels.kind <> 'mqtt' or channels.id = any(${[...linked]}::uuid[]))
      order by pick.turn, pick.available_at limit ${count}
    ), locked as (
      select deliveries.id from deliveries join picked using (id) where state = 'pending' for update of deliveries skip locked
    )
    update deliveries set state = 'leased', attempts = attempts + 1, lease_owner = ${owner},
      lease_expires_at = now() + ${LEASE_MS} * interval '1 ms'
    from channels where deliveries.id in (select id from locked) and channels.id = deliveries.channel_id
    returning deliveries.id, attempts, alert_id, payload, channel_id, channels.name, channels.kind, channels.settings`;
  return rows.map(({ channelId, name, kind, settings, ...delivery }) => ({
    ...delivery,
    channel: { id: channelId, name, kind, settings },
  }));
}

export type Lease = Pick<ClaimedDelivery, 'id' | 'attempts'> & { readonly owner: number };

const isHeld = (sql: Sql, { id, attempts, owner }: Lease) =>
  sql`id = ${id} and state = 'leased' and attempts = ${attempts} and lease_owner = ${owner}`;

export async function markDelivered(sql: Sql, lease: Lease, response: string): Promise<void> {
  await sql`
    update deliveries set state = 'done', delivered_at = now(), response = ${toStorable(response)}, lease_owner = null,
      lease_expires_at = null, error_kind = null, error_message = null
    where ${isHeld(sql, lease)}`;
}

/** `againMs` is undefined when it is not to be tried again. Who has it already is kept with it. */
export async function markFailed(
  sql: Sql,
  lease: Lease,
  { error, againMs }: { readonly error: NightjarError; readonly againMs: number | undefined },
): Promise<void> {
  const taken = error instanceof SendError && error.takenBy.length > 0 ? { taken_by: error.takenBy } : {};
  await sql`
    update deliveries set state = ${againMs === undefined ? 'dead' : 'pending'}, lease_owner = null, lease_expires_at = null,
      available_at = now() + ${againMs ?? 0} * interval '1 ms', error_kind = ${error.kind},
      error_message = ${toStorable(error.message)}, payload = payload || ${JSON.stringify(taken)}::text::jsonb
    where ${isHeld(sql, lease)}`;
}

/** Hands it back: on our way out nothing is known against the channel, and the attempt does not count. */
export async function release(sql: Sql, lease: Lease): Promise<void> {
  await sql`
    update deliveries set state = 'pending', attempts = attempts - 1, lease_owner = null, lease_expires_at = null
    where ${isHeld(sql, lease)}`;
}

/** Takes back leases whose time is up; after the last attempt they are dead. Resolves to how many. */
export async function reapDeliveries(sql: Sql): Promise<number> {
  const reaped = await sql`
    with due as (
      select id from deliveries where state = 'leased' and lease_expires_at < now() for update skip locked
    )
    update deliveries set state = case when attempts >= ${ATTEMPTS_MAX} then 'dead' else 'pending' end, lease_owner = null,
      lease_expires_at = null, error_kind = 'unavailable', error_message = 'the process that sent it ended'
    where id in (select id from due)`;
  return reaped.count;
}

/** What was due for too long is dead, what ended long ago is forgotten. */
export async function tidyDeliveries(sql: Sql): Promise<void> {
  await sql`
    update deliveries set state = 'dead', error_kind = 'unavailable',
      error_message = 'it waited for too long: the channel was switched off, or nobody could send'
    where state = 'pending' and available_at < now() - ${WAIT_MAX}::interval`;
  await sql`
    delete from deliveries where id in (
      select id from deliveries where state in ('done', 'dead') and created_at < now() - ${KEPT_MAX}::interval
      order by created_at limit ${PRUNED_AT_ONCE_MAX} for update skip locked)`;
}

/** PostgreSQL has no place for NUL in text. */
const toStorable = (line: string): string => line.replaceAll('\0', '').slice(0, LINE_CHARS_MAX);
