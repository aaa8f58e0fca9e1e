import { connect, type DatabaseTarget, type Sql } from './index.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { AwayError } from '../lib/errors.ts';
import { answerWithin } from '../lib/time-limit.ts';
import { toDatabaseError } from './errors.ts';

/** Namespace of these advisory locks (the first of the two integer keys), beside that of the owners of leases. */
const ELECTION_LOCK_SPACE = 0x4e4a70;
const ANSWER_MS_MAX = 5_000;
/**
 * Who did not ask for so long is no more: it hangs, or its machine lost power, of which the server hears nothing for two hours
 * else. Several times as long as whoever holds an office lets pass between two questions.
 */
const SILENT_MS_MAX = 15_000;

/** Who keeps the connections to brokers of MQTT. */
export const MQTT_OFFICE = 1;

/**
 * For what one process of the house does, and no second one beside it: whoever holds a lock on a connection of its own. When
 * its process ends, the server drops the lock at once; when it falls silent without an end, as soon as the server has heard
 * nothing for a while. The next one who asks is elected.
 */
export interface Election {
  /** Whether we are it, from now on if nobody was: to be asked every few seconds. Throws when the database cannot say. */
  isElected(): Promise<boolean>;
  close(): Promise<void>;
}

/** The connection is opened when it is first asked. */
export function createElection(target: DatabaseTarget, office: number, silentMsMax = SILENT_MS_MAX): Election {
  // The server's own clock on us: it needs no word from a machine that is gone.
  const connection = { idle_session_timeout: silentMsMax };
  const open = (): Sql => connect(target, { max: 1, idle_timeout: 0, max_lifetime: null, connection });
  let sql = open();
  /** A connection that fell silent may never break by itself. */
  const late = (): AwayError => {
    void sql.end({ timeout: 0 });
    sql = open();
    return new AwayError('the database', 'it does not answer');
  };
  const ask = async () => sql<{ held: boolean }[]>`
    select count(*) > 0 or pg_try_advisory_lock(${ELECTION_LOCK_SPACE}, ${office}) as held from pg_locks
    where locktype = 'advisory' and classid = ${ELECTION_LOCK_SPACE} and objid = ${office} and objsubid = 2 and pid = pg_backend_pid()`;
  return {
    async isElected() {
      const rows = await answerWithin({ timeoutMs: ANSWER_MS_MAX, clock, late }, ask).catch((thrown: unknown) => {
        throw toDatabaseError(thrown);
      });
      return rows[0]?.held === true;
    },
    close: () => sql.end({ timeout: 2 }),
  };
}
