/**
 * What may happen to a leased frame besides being done. In prose: a claim makes `pending` into `leased` and raises
 * `attempts`. Whoever holds the lease may complete it (complete.ts), fail it (back to `pending` after a back-off when
 * waiting may heal it and attempts are left, else `dead`), or hand it back untouched (a clean shutdown: the attempt
 * does not count). A lease whose time is up, or whose owner's process is gone, is reaped: `pending` again, or `dead`
 * when it was the last attempt. Every step names (id, attempts, owner), so what comes too late changes nothing.
 */
import { isOwnerAlive, type Say, type Sql, type Tx } from '../db/index.ts';
import { toFrame, type FrameRow } from '../db/rows.ts';
import { isRetryable, type NightjarError } from '../lib/errors.ts';
import type { LeasedFrame } from '../model/index.ts';
import { toFrameWire } from '../model/wire.ts';

const BACKOFF_S_FIRST = 1;
const BACKOFF_S_MAX = 60;
const MESSAGE_CHARS_MAX = 1_000;
const REAP_MAX = 500;

interface Lease {
  readonly frame: LeasedFrame;
  readonly owner: number;
}

/** Doubles with each attempt, from one second to a minute. */
export const toBackoffSeconds = (attempts: number): number =>
  Math.min(BACKOFF_S_MAX, BACKOFF_S_FIRST * 2 ** (attempts - 1));

export async function failFrame(
  tx: Tx,
  say: Say,
  { frame, owner }: Lease,
  { error, attemptsMax }: { error: NightjarError; attemptsMax: number },
): Promise<void> {
  const retry = isRetryable(error.kind) && frame.attempts < attemptsMax;
  const rows = await tx<FrameRow[]>`
    update frames set state = ${retry ? 'pending' : 'dead'}, lease_owner = null, lease_expires_at = null,
      available_at = now() + ${retry ? toBackoffSeconds(frame.attempts) : 0} * interval '1 s',
      processed_at = ${retry ? null : tx`now()`},
      error_kind = ${error.kind}, error_message = ${toStorable(error.message)}
    where id = ${frame.id} and state = 'leased' and attempts = ${frame.attempts} and lease_owner = ${owner}
    returning *`;
  if (!retry) sayDead(say, rows);
}

/** Hands frames back untouched: the attempt does not count. */
export async function releaseFrames(sql: Sql, owner: number, frames: readonly LeasedFrame[]): Promise<void> {
  await sql`
    update frames set state = 'pending', attempts = frames.attempts - 1, lease_owner = null, lease_expires_at = null
    from ${toHeld(sql, frames)}
    where frames.id = held.id and frames.attempts = held.attempts and state = 'leased' and lease_owner = ${owner}`;
}

export async function renewLeases(
  sql: Sql,
  owner: number,
  frames: readonly LeasedFrame[],
  leaseMs: number,
): Promise<void> {
  await sql`
    update frames set lease_expires_at = now() + ${leaseMs} * interval '1 ms'
    from ${toHeld(sql, frames)}
    where frames.id = held.id and frames.attempts = held.attempts and state = 'leased' and lease_owner = ${owner}`;
}

/** The frames as a table `held(id, attempts)`. */
const toHeld = (sql: Sql, frames: readonly LeasedFrame[]) => sql`
  unnest(${frames.map(({ id }) => id)}::uuid[], ${frames.map(({ attempts }) => attempts)}::int[]) as held(id, attempts)`;

/** Owners of leases whose process is not to be found right now. */
export async function findGoneOwners(sql: Sql): Promise<readonly number[]> {
  const rows = await sql<{ leaseOwner: number }[]>`
    select distinct lease_owner from frames where state = 'leased' and not ${isOwnerAlive(sql, 'lease_owner')}`;
  return rows.map(({ leaseOwner }) => leaseOwner);
}

/** Takes back leases that ran out, and all those of `goneOwners`; resolves to how many. */
export async function reapLeases(
  tx: Tx,
  say: Say,
  attemptsMax: number,
  goneOwners: readonly number[],
): Promise<number> {
  const rows = await tx<FrameRow[]>`
    update frames set
      state = case when attempts >= ${attemptsMax} then 'dead' else 'pending' end,
      lease_owner = null, lease_expires_at = null,
      processed_at = case when attempts >= ${attemptsMax} then now() end,
      error_kind = 'unavailable',
      error_message = 'the process that examined this frame ended, or was silent for too long, attempt ' || attempts
    where id in (
      select id from frames
      where state = 'leased' and (lease_expires_at < now() or lease_owner = any(${[...goneOwners]}::int[]))
      order by id limit ${REAP_MAX} for update skip locked
    )
    returning *`;
  sayDead(say, rows);
  return rows.length;
}

function sayDead(say: Say, rows: readonly FrameRow[]): void {
  for (const row of rows.filter(({ state }) => state === 'dead'))
    say({ type: 'frame.dead', data: toFrameWire(toFrame(row)) });
}

/** PostgreSQL has no place for NUL in text; messages of foreign code may hold anything, at any length. */
const toStorable = (message: string): string => message.replaceAll('\0', '').slice(0, MESSAGE_CHARS_MAX);
