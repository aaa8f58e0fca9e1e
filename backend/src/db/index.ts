/**
 * The database: one PostgreSQL, ours (embedded.ts) or the user's. In comes where it is; out go two small pools, one for
 * the pipeline (raw SQL), one for the API's reads (drizzle), so that neither waits for the other's connections. What
 * fails is a NightjarError: `unavailable` when waiting may heal it, `conflict` for a taken key, else `internal`.
 */
import postgres from 'postgres';
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import type { NewMessage } from '../model/index.ts';
import { toDatabaseError } from './errors.ts';
import * as schema from './schema.ts';

export { createEmbeddedPostgres, joinEmbeddedPostgres, type EmbeddedPostgres } from './embedded.ts';
export { migrateDatabase } from './migrate.ts';
export { toDatabaseError } from './errors.ts';
export { listenFor, type Listening } from './notices.ts';
export { createOwnerLock, isOwnerAlive, type OwnerLock } from './owner-lock.ts';
export * as tables from './schema.ts';

export type Sql = postgres.Sql;
export type Tx = postgres.TransactionSql;
export type Orm = PostgresJsDatabase<typeof schema>;

/** A URL, or the socket folder of the embedded server. */
export type DatabaseTarget = { readonly url: string } | { readonly socketDir: string; readonly database: string };

const PIPELINE_CONNECTIONS_MAX = 6;
const READ_CONNECTIONS_MAX = 4;
const CONNECT_SECONDS_MAX = 5;
/**
 * Backing off is the business of our loops. The driver's own (up to 20 s) would hold each query back for as long, and
 * with it every `close` that waits for one.
 */
const RECONNECT_SECONDS = 0.2;
/** So that a hung server or a lost network shows as an error, not as a wait without end. */
const STATEMENT_MS_MAX = 60_000;

/** Our 64-bit columns hold counts, sizes and sequence numbers, all far below 2^53: plain numbers. */
const int8 = { to: 20, from: [20], serialize: String, parse: Number };

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
  /** The pipeline's pool, for LISTEN. */
  readonly sql: Sql;
  close(): Promise<void>;
}

export function connect(
  target: DatabaseTarget,
  options: postgres.Options<Record<string, postgres.PostgresType>> = {},
): Sql {
  const base = {
    connect_timeout: CONNECT_SECONDS_MAX,
    backoff: () => RECONNECT_SECONDS,
    onnotice: () => undefined,
    transform: { column: { from: postgres.toCamel } },
    types: { int8 },
    ...options,
    connection: { application_name: 'nightjar', statement_timeout: STATEMENT_MS_MAX, ...options.connection },
  };
  if ('url' in target) {
    const { url, host } = toDriverUrl(target.url);
    return postgres(url, { ...base, ...host });
  }
  return postgres({ ...base, host: target.socketDir, port: 5432, user: 'nightjar', database: target.database });
}

/** libpq names a Unix socket in a URL by `?host=/run/postgresql`; the driver wants that as an option of its own. */
function toDriverUrl(given: string): { url: string; host: { host?: string } } {
  const url = new URL(given);
  const host = url.searchParams.get('host');
  if (!host?.startsWith('/')) return { url: given, host: {} };
  url.searchParams.delete('host');
  return { url: url.href, host: { host } };
}

export function openDatabase(target: DatabaseTarget): Database {
  const sql = connect(target, { max: PIPELINE_CONNECTIONS_MAX });
  // drizzle rewrites the date parsers of the client it is given: hence a client of its own.
  const readSql = connect(target, { max: READ_CONNECTIONS_MAX, transform: {} });
  const orm = drizzle(readSql, { schema });
  const guarded = async <T>(run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (thrown) {
      throw toDatabaseError(thrown);
    }
  };
  return {
    sql,
    query: (use) => guarded(() => use(sql)),
    transaction: <T>(use: (tx: Tx) => Promise<T>) => guarded(async () => (await sql.begin(use)) as T),
    read: (use) => guarded(() => use(orm)),
    async close() {
      await Promise.all([sql.end({ timeout: 5 }), readSql.end({ timeout: 5 })]);
    },
  };
}
