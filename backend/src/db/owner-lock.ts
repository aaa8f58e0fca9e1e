import { randomInt } from 'node:crypto';
import { connect, type DatabaseTarget, type Sql, type Tx } from './index.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { AwayError, NightjarError } from '../lib/errors.ts';
import { answerWithin } from '../lib/time-limit.ts';
import { toDatabaseError } from './errors.ts';

/** Namespace of our advisory locks (the first of the two integer keys); any number that others are unlikely to use. */
const OWNER_LOCK_SPACE = 0x4e4a6f;
const OWNER_MAX = 0x7fffffff;
const RENEW_MS_MAX = 5_000;

/**
 * A process that leases frames holds an advisory lock on a connection of its own. When it dies, however it dies, the
 * server drops the lock at once, and its frames can be claimed anew without waiting for their leases to run out.
 */
export interface OwnerLock {
  /** The key under which this process leases frames. */
  readonly owner: number;
  /** Takes the lock again if the connection was lost since; cheap, and harmless when it is still held. */
  renew(): Promise<void>;
  close(): Promise<void>;
}

export function createOwnerLock(target: DatabaseTarget, owner: number = randomInt(1, OWNER_MAX)): OwnerLock {
  const open = (): Sql => connect(target, { max: 1, idle_timeout: 0, max_lifetime: null });
  let sql = open();
  let wasHeld = false;
  /** A connection that fell silent may never break by itself: its holder would wait for ever, and be taken for dead. */
  const late = (): AwayError => {
    void sql.end({ timeout: 0 });
    sql = open();
    return new AwayError('the database', 'it does not answer');
  };
  // Advisory locks nest within a session, so taking one again is no error; they all end with the session.
  const take = async () => sql<{ held: boolean }[]>`
    select count(*) > 0 or pg_try_advisory_lock(${OWNER_LOCK_SPACE}, ${owner}) as held from pg_locks
    where locktype = 'advisory' and classid = ${OWNER_LOCK_SPACE} and objid = ${owner} and objsubid = 2 and pid = pg_backend_pid()`;
  return {
    owner,
    async renew() {
      const limit = { timeoutMs: RENEW_MS_MAX, clock, late };
      const rows = await answerWithin(limit, take).catch((thrown: unknown) => {
        throw toDatabaseError(thrown);
      });
      const held = rows[0]?.held === true;
      // A connection of ours was lost and the server has not heard of it yet: until it does, the lock is held all the same.
      if (!held && !wasHeld) throw new NightjarError('conflict', `owner lock ${owner} is held by another process`);
      wasHeld = true;
    },
    close: () => sql.end({ timeout: 2 }),
  };
}

/** A SQL condition: whether the process behind an owner column still lives. */
export const isOwnerAlive = (sql: Sql | Tx, ownerColumn: string) => sql`
  exists (select from pg_locks
    where locktype = 'advisory' and classid = ${OWNER_LOCK_SPACE} and objid = ${sql(ownerColumn)} and objsubid = 2
      and database = (select oid from pg_database where datname = current_database()))`;

/** Whether some process holds this owner's lock in the given database; any owner's, without one. */
export async function isOwnerHeld(target: DatabaseTarget, owner?: number): Promise<boolean> {
  const sql = connect(target, { max: 1 });
  try {
    const rows = await sql`
      select from pg_locks where locktype = 'advisory' and classid = ${OWNER_LOCK_SPACE} and objsubid = 2
        and (${owner === undefined}::bool or objid = ${owner ?? 0})
        and database = (select oid from pg_database where datname = current_database())`;
    return rows.length > 0;
  } catch (thrown) {
    throw toDatabaseError(thrown);
  } finally {
    await sql.end({ timeout: 2 });
  }
}
