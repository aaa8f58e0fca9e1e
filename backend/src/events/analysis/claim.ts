/**
 * Which events are asked about next. What is due is a column of the event itself: `analysis_due_at`. A claim is a lease
 * with an id of its own, held for as long as the question is under way and renewed meanwhile, so that several processes
 * share the work and one that dies loses it soon. No transaction and no lock is held while a model thinks.
 */
import type { Sql } from '../../db/index.ts';
import type { EventToAnalyze } from './rules.ts';

export const CLAIM_MS = 60_000;
/** Questions that were taken in vain, after which an event keeps what the rules say. */
export const ATTEMPTS_MAX = 5;

export interface Claim {
  readonly event: EventToAnalyze;
  readonly leaseId: string;
}

interface ClaimRow extends EventToAnalyze {
  readonly analysisLeaseId: string;
}

/** Claims up to `count` due events: those that a person asked for, then the newest. Older than `ageMaxMs` are left. */
export async function claimDue(sql: Sql, count: number, ageMaxMs: number): Promise<readonly Claim[]> {
  const rows = await sql<ClaimRow[]>`
    with picked as (
      select id from events
      where analysis_due_at is not null and analysis_due_at <= now() and state <> 'open'
        and analysis_attempts < ${ATTEMPTS_MAX} and (analysis_lease_until is null or analysis_lease_until <= now())
        and not (${isTooOld(sql, ageMaxMs)})
      order by analysis_requested desc, ended_at desc, id desc limit ${count} for update skip locked
    )
    update events set analysis_attempts = analysis_attempts + 1, analysis_lease_id = gen_random_uuid(),
      analysis_lease_until = now() + ${CLAIM_MS} * interval '1 ms'
    from cameras where cameras.id = events.camera_id and events.id in (select id from picked)
    returning events.*, cameras.name as camera_name`;
  const claims = rows.map(({ analysisLeaseId, ...event }) => ({ event, leaseId: analysisLeaseId }));
  return claims.sort((a, b) => b.event.endedAt.getTime() - a.event.endedAt.getTime());
}

/**
 * Measured from when its last picture reached us, not from the camera's clock, which may be years off: as with the closing
 * of events.
 */
const isTooOld = (sql: Sql, ageMaxMs: number) =>
  sql`not analysis_requested and last_received_at <= now() - ${ageMaxMs} * interval '1 ms'`;

/** For the questions under way, by their leases. */
export async function renewClaims(sql: Sql, leaseIds: readonly string[]): Promise<void> {
  await sql`
    update events set analysis_lease_until = now() + ${CLAIM_MS} * interval '1 ms'
    where analysis_due_at is not null and analysis_lease_id = any(${[...leaseIds]}::uuid[])`;
}

/** Gives up on what is too old, or was tried too often. Closed events stay due: the rules have yet to see them. */
export async function giveUp(sql: Sql, ageMaxMs: number): Promise<number> {
  const given = await sql`
    update events set analysis_due_at = null, analysis_requested = false, analysis_lease_id = null, analysis_lease_until = null
    where analysis_due_at is not null and state = 'analyzed' and (analysis_lease_until is null or analysis_lease_until <= now())
      and (analysis_attempts >= ${ATTEMPTS_MAX} or (${isTooOld(sql, ageMaxMs)}))`;
  return given.count;
}

export async function countDue(sql: Sql): Promise<number> {
  const [row] = await sql<{ count: number }[]>`select count(*) from events where analysis_due_at is not null`;
  return row?.count ?? 0;
}
