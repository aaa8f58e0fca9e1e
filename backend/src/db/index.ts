/**
 * The database: one PostgreSQL, ours (embedded.ts) or the user's. In comes where it is; out go two small pools, one for
 * the pipeline (raw SQL), one for the API's reads (drizzle), so that neither waits for the other's connections. What
 * fails is a NightjarError: `unavailable` when waiting may heal it (an `AwayError` when the database itself is away, see
 * probe.ts), `conflict` for a taken key, else `internal`.
 */
import type postgres from 'postgres';
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import { AwayError } from '../lib/errors.ts';
import type { NewMessage } from '../model/index.ts';
import { connect } from './connect.ts';
import { isOurDoing, toDatabaseError } from './errors.ts';
import { createProbe, type Pool, type Watched } from './probe.ts';
import * as schema from './schema.ts';
import { runTransaction } from './transaction.ts';

export { createEmbeddedPostgres, joinEmbeddedPostgres, type EmbeddedPostgres } from './embedded.ts';
export { migrateDatabase, MIGRATION_LOCK } from './migrate.ts';
export { toDatabaseError } from './errors.ts';
export { connect } from './connect.ts';
export { listenFor, type Listening } from './notices.ts';
export { runTransaction } from './transaction.ts';
export { createElection, MQTT_OFFICE, type Election } from './election.ts';
export { createOwnerLock, isOwnerAlive, isOwnerHeld, type OwnerLock } from './owner-lock.ts';
export { prepareDatabase, waitForDatabase } from './wait.ts';
export * as tables from './schema.ts';

export type Sql = postgres.Sql;
export type Tx = postgres.TransactionSql;
/** A piece of a statement. */
export type Fragment = postgres.PendingQuery<postgres.Row[]>;
export type Orm = PostgresJsDatabase<typeof schema>;

/** A URL, or the socket folder of the embedded server. */
export type DatabaseTarget = { readonly url: string } | { readonly socketDir: string; readonly database: string };

const PIPELINE_CONNECTIONS_MAX = 6;
const READ_CONNECTIONS_MAX = 4;
const CLOSE_SECONDS_MAX = 5;

/** Tells a durable message as part of a transaction; it reaches the listeners when, and only if, that commits. */
export type Say = (message: NewMessage) => void;

/** A transaction that may also tell messages. They are written last: see the outbox. */
export type Transact = <T>(use: (tx: Tx, say: Say) => Promise<T>) => Promise<T>;

export interface Database {
  /** One statement, or several that need no transaction. Column names come back in camelCase. */
  query<T>(use: (sql: Sql) => Promise<T>): Promise<T>;
  /** All or nothing. */
  transaction<T>(use: (tx: Tx) => Promise<T>): Promise<T>;
  /** Reads for the API, on connections of their own. */
  read<T>(use: (orm: Orm) => Promise<T>): Promise<T>;
  /** The pipeline's pool, for LISTEN and NOTIFY; another one after an outage, so it is not to be kept. */
  readonly sql: Sql;
  /** Calls when the database is back after an outage, if it is watched. Returns the way out. */
  onBack(listener: () => void): () => void;
  /** The server's version, as far as a watched one told it. */
  version(): string | null;
  close(): Promise<void>;
}

/**
 * Opens two pools; connections are made when they are needed. A database that is `watched` is looked at all the time, and
 * while it is away every use fails at once with an `AwayError`: one under way when it fell silent after 6 s at most.
 */
export function openDatabase(target: DatabaseTarget, watched?: Watched): Database {
  const onBack = new Set<() => void>();
  let pools = openPools(target);

  function renew(isThere: boolean): void {
    const old = pools;
    pools = openPools(target);
    // What waits on a silent connection would wait for ever: its end is the answer. One that works may finish.
    void old.close(isThere ? CLOSE_SECONDS_MAX : 0);
    if (isThere) for (const tell of onBack) tell();
  }
  const probe = watched && createProbe({ ...watched, target, renew });

  async function guarded<T>(pool: Pool, need: 'read' | 'write', run: () => Promise<T>): Promise<T> {
    if (probe?.can[need] === false) throw new AwayError('the database', watched?.part.state().reason ?? 'just now');
    const end = watched?.onUse?.(pool);
    try {
      const result = await run();
      end?.();
      return result;
    } catch (thrown) {
      const error = toDatabaseError(thrown);
      // What its user threw is no failure of the database.
      end?.(error === thrown ? undefined : error.kind);
      if (error instanceof AwayError && !isOurDoing(thrown)) probe?.suspect();
      throw error;
    }
  }
  return {
    get sql() {
      return pools.sql;
    },
    query: (use) => guarded('pipeline', 'read', () => use(pools.sql)),
    transaction: <T>(use: (tx: Tx) => Promise<T>) => guarded('pipeline', 'write', () => runTransaction(pools.sql, use)),
    read: (use) => guarded('reads', 'read', () => use(pools.orm)),
    onBack(listener) {
      const tell = (): void => listener();
      onBack.add(tell);
      return () => void onBack.delete(tell);
    },
    version: () => probe?.version() ?? null,
    async close() {
      await probe?.close();
      await pools.close(CLOSE_SECONDS_MAX);
    },
  };
}

function openPools(target: DatabaseTarget) {
  const sql = connect(target, { max: PIPELINE_CONNECTIONS_MAX });
  // drizzle rewrites the date parsers of the client it is given: hence a client of its own.
  const readSql = connect(target, { max: READ_CONNECTIONS_MAX, transform: {} });
  return {
    sql,
    orm: drizzle(readSql, { schema }),
    close: async (timeout: number): Promise<void> =>
      void (await Promise.all([sql.end({ timeout }), readSql.end({ timeout })])),
  };
}
