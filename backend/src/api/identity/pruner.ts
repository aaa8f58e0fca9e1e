import type { Database } from '../../db/index.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/log.ts';
import { createLoop, type Loop } from '../../lib/loop.ts';

const EVERY_MS = 3_600_000;
const ROWS_AT_ONCE_MAX = 5_000;
/** A year and a month: who asks what changed since last summer gets an answer. */
const AUDIT_DAYS = 400;

/** Forgets ended sessions whose tokens are good no longer anyway, and what was audited long ago; in small steps. */
export function createIdentityPruner({ db, clock, log }: { db: Database; clock: Clock; log: Logger }): Loop {
  async function runOnce(): Promise<boolean> {
    const sessions = await db.query((sql) => sql`
      delete from ended_sessions where id in
        (select id from ended_sessions where expires_at < now() - interval '1 day' limit ${ROWS_AT_ONCE_MAX})`); // prettier-ignore
    const audited = await db.query((sql) => sql`
      delete from audit where id in
        (select id from audit where at < now() - ${AUDIT_DAYS} * interval '1 day' order by at limit ${ROWS_AT_ONCE_MAX})`); // prettier-ignore
    return Math.max(sessions.count, audited.count) === ROWS_AT_ONCE_MAX;
  }
  return createLoop({ name: 'identity pruner', clock, log, idleMs: EVERY_MS, runOnce });
}
