/**
 * What may happen to a leased frame besides being done. In prose: a claim makes `pending` into `leased` and raises
 * `attempts`. Whoever holds the lease may complete it (complete.ts), fail it (back to `pending` after a back-off when
 * waiting may heal it and attempts are left, else `dead`), or hand it back untouched (a clean shutdown: the attempt
 * does not count). A lease whose time is up, or whose owner's process is gone, is reaped: `pending` again, or `dead`
 * when it was the last attempt. Every step names (id, attempts, owner), so what comes too late changes nothing.
 *
 * A frame that was in hand when its process died, or that native code never came back from, is a suspect from then on
 * (`crashes` above 0): it is claimed apart from all others (suspects.ts), so that the one to blame takes no other with
 * it. Being in bad company once is no reason to be buried: a first crash leaves it one more attempt in any case.
 */
import { isOwnerAlive, type Say, type Sql, type Tx } from '../db/index.ts';
import { toFrame, type FrameRow } from '../db/rows.ts';
import { HangError, isRetryable, type ErrorKind, type NightjarError } from '../lib/errors.ts';
import type { LeasedFrame } from '../model/index.ts';
import { toFrameWire } from '../model/wire.ts';

const BACKOFF_S_FIRST = 1;
const BACKOFF_S_MAX = 60;
const SPREAD_MAX = 1.5;
export const BACKOFF_S_LONGEST = BACKOFF_S_MAX * SPREAD_MAX;
const MESSAGE_CHARS_MAX = 1_000;
const REAP_MAX = 500;

interface Lease {
  readonly frame: LeasedFrame;
  readonly owner: number;
}

/**
 * Doubles with each attempt, from one second to a minute, spread from half of that to one and a half: thousands of frames
 * that failed together do not come back together.
 */
export const toBackoffSeconds = (attempts: number, random: number = Math.random()): number =>
  Math.min(BACKOFF_S_MAX, BACKOFF_S_FIRST * 2 ** (attempts - 1)) * (SPREAD_MAX - 1 + random);

/** What is missing may be on its way, or its disk not mounted yet: a share shows new files late. */
export const mayHeal = (kind: ErrorKind): boolean => isRetryable(kind) || kind === 'not_found';

export async function failFrame(
  tx: Tx,
  say: Say,
  { frame, owner }: Lease,
  { error, attemptsMax }: { error: NightjarError; attemptsMax: number },
): Promise<void> {
  const retry = mayHeal(error.kind) && frame.attempts < attemptsMax;
  const crashed = error instanceof HangError ? 1 : 0;
  const rows = await tx<FrameRow[]>`
    update frames set state = ${retry ? 'pending' : 'dead'}, lease_owner = null, lease_expires_at = null,
      available_at = now() + ${retry ? toBackoffSeconds(frame.attempts) : 0} * interval '1 s',
      processed_at = ${retry ? null : tx`now()`}, crashes = crashes + ${crashed},
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

/** Owners of leases, of frames or clips, whose process is not to be found right now. */
export async function findMissingOwners(sql: Sql): Promise<readonly number[]> {
  const rows = await sql<{ leaseOwner: number }[]>`
    select lease_owner from (
      select lease_owner from frames where state = 'leased' union select lease_owner from clips where state = 'leased'
    ) as leased where not ${isOwnerAlive(sql, 'lease_owner')}`;
  return rows.map(({ leaseOwner }) => leaseOwner);
}

/** Owners of leases without a living process: `gone` for good, the others perhaps only for a moment. */
export interface Absent {
  readonly missing: readonly number[];
  readonly gone: readonly number[];
}

export interface Reaped {
  readonly frames: number;
  /** How many of them were in hand when their process ended. */
  readonly suspects: number;
}

/**
 * Takes back all leases of those who are gone, and those of the living that ran out. What ran out while its owner is
 * missing is left for the moment: if that one turns out to be gone, its frames are suspects.
 */
export async function reapLeases(tx: Tx, say: Say, attemptsMax: number, { missing, gone }: Absent): Promise<Reaped> {
  const isGone = tx`lease_owner = any(${[...gone]}::int[])`;
  const isDead = tx`(attempts >= ${attemptsMax} and (crashes > 0 or not ${isGone}))`;
  const rows = await tx<(FrameRow & { crashed: boolean })[]>`
    with due as (
      select id, ${isGone} as crashed from frames
      where state = 'leased' and (${isGone} or (lease_expires_at < now() and lease_owner <> all(${[...missing]}::int[])))
      order by id limit ${REAP_MAX} for update skip locked
    )
    update frames set
      state = case when ${isDead} then 'dead' else 'pending' end,
      processed_at = case when ${isDead} then now() end,
      lease_owner = null, lease_expires_at = null, crashes = crashes + crashed::int,
      error_kind = 'unavailable',
      error_message = case when crashed then 'the process that examined it ended' else 'the process that examined it was silent for too long' end
        || ', attempt ' || attempts
    from due where due.id = frames.id
    returning frames.*, crashed`;
  sayDead(say, rows);
  return { frames: rows.length, suspects: rows.filter(({ crashed }) => crashed).length };
}

/** One line, however many they are: a power cut leaves dozens, and nearly all of them are innocent. */
export function toReapedSentence({ frames, suspects }: Reaped): string {
  const taken = `took back ${frames} frame(s) whose process was gone or silent`;
  if (suspects === 0) return taken;
  return `${taken}; ${suspects} were in hand when it ended, and are examined one at a time in a process apart`;
}

function sayDead(say: Say, rows: readonly FrameRow[]): void {
  for (const row of rows.filter(({ state }) => state === 'dead'))
    say({ type: 'frame.dead', data: toFrameWire(toFrame(row)) });
}

/** PostgreSQL has no place for NUL in text; messages of foreign code may hold anything, at any length. */
export const toStorable = (message: string): string => message.replaceAll('\0', '').slice(0, MESSAGE_CHARS_MAX);
