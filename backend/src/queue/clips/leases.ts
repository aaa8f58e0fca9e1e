/**
 * What may happen to a leased clip. The states and rules are those of frames (leases.ts): a claim raises `attempts`,
 * and every later step names (id, attempts, owner), so what comes too late changes nothing.
 */
import type { Say, Sql, Tx } from '../../db/index.ts';
import { toClip, type ClipRow } from '../../db/rows.ts';
import type { NightjarError } from '../../lib/errors.ts';
import type { LeasedClip } from '../../model/clip.ts';
import { toClipWire } from '../../model/wire.ts';
import { mayHeal, toBackoffSeconds, toStorable, type Absent } from '../leases.ts';

const REAP_MAX = 100;

export interface ClipLease {
  readonly clip: LeasedClip;
  readonly owner: number;
}

/** A SQL condition on `clips`: the lease still holds. */
export const isHeld = (sql: Sql | Tx, { clip, owner }: ClipLease) => sql`
  clips.id = ${clip.id} and clips.attempts = ${clip.attempts} and clips.state = 'leased' and clips.lease_owner = ${owner}`;

export async function failClip(
  tx: Tx,
  say: Say,
  lease: ClipLease,
  { error, attemptsMax }: { error: NightjarError; attemptsMax: number },
): Promise<void> {
  const { attempts } = lease.clip;
  const retry = mayHeal(error.kind) && attempts < attemptsMax;
  const rows = await tx<ClipRow[]>`
    update clips set state = ${retry ? 'pending' : 'dead'}, lease_owner = null, lease_expires_at = null,
      available_at = now() + ${retry ? toBackoffSeconds(attempts) : 0} * interval '1 s',
      processed_at = ${retry ? null : tx`now()`},
      error_kind = ${error.kind}, error_message = ${toStorable(error.message)}
    where ${isHeld(tx, lease)}
    returning *`;
  sayDead(say, rows);
}

/** Hands a clip back untouched: the attempt does not count. */
export async function releaseClip(sql: Sql, lease: ClipLease): Promise<void> {
  await sql`
    update clips set state = 'pending', attempts = attempts - 1, lease_owner = null, lease_expires_at = null
    where ${isHeld(sql, lease)}`;
}

export async function renewClipLeases(
  sql: Sql,
  owner: number,
  clips: readonly LeasedClip[],
  leaseMs: number,
): Promise<void> {
  await sql`
    update clips set lease_expires_at = now() + ${leaseMs} * interval '1 ms'
    from unnest(${clips.map(({ id }) => id)}::uuid[], ${clips.map(({ attempts }) => attempts)}::int[]) as held(id, attempts)
    where clips.id = held.id and clips.attempts = held.attempts and state = 'leased' and lease_owner = ${owner}`;
}

/** Takes back leases that ran out, and all those of the gone; resolves to how many. What was cut already stays. */
export async function reapClipLeases(tx: Tx, say: Say, attemptsMax: number, { gone }: Absent): Promise<number> {
  const rows = await tx<ClipRow[]>`
    update clips set
      state = case when attempts >= ${attemptsMax} then 'dead' else 'pending' end,
      lease_owner = null, lease_expires_at = null,
      processed_at = case when attempts >= ${attemptsMax} then now() end,
      error_kind = 'unavailable',
      error_message = 'the process that cut this clip ended, or was silent for too long, attempt ' || attempts
    where id in (
      select id from clips
      where state = 'leased' and (lease_expires_at < now() or lease_owner = any(${[...gone]}::int[]))
      order by id limit ${REAP_MAX} for update skip locked
    )
    returning *`;
  sayDead(say, rows);
  return rows.length;
}

function sayDead(say: Say, rows: readonly ClipRow[]): void {
  for (const row of rows.filter(({ state }) => state === 'dead'))
    say({ type: 'clip.dead', data: toClipWire(toClip(row)) });
}
