import { fileURLToPath } from 'node:url';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import { NightjarError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { connect, type DatabaseTarget, type Sql } from './index.ts';
import { toDatabaseError } from './errors.ts';
import { withMigrationsUntil } from './migrations-until.ts';

const migrationsFolder = fileURLToPath(new URL('./migrations', import.meta.url));
/** Held by who migrates; shared by those who need the schema to stay as it is. */
export const MIGRATION_LOCK = 0x4e4a6d;
const SAY_EVERY_MS = 10_000;

export interface MigrateOptions {
  /** Hashes of migrations: it ends with the last of them, where a backup was made, so that its rows fit. */
  readonly until?: readonly string[];
  /** Told now and then while another migrates, or makes a backup. */
  readonly log?: Logger;
}

/**
 * Brings the schema up to date, forward only, under an advisory lock: of several processes that start at once one
 * migrates and the others wait. Throws `conflict` when the database was migrated by a newer Nightjar.
 * Where nothing is to be done, as nearly always, nobody is waited for: a start does not wait for a backup of hours.
 */
export async function migrateDatabase(target: DatabaseTarget, { until, log }: MigrateOptions = {}): Promise<void> {
  // Column names as they are: the migrator reads `created_at`, and takes a row without it for one of the newest migration.
  const sql = connect(target, { max: 1, transform: {}, connection: { statement_timeout: 0 } });
  try {
    if ((await isCurrent(sql)) && !until) return;
    await lock(sql, log);
    await isCurrent(sql); // by now it may be newer than we are
    const run = (folder: string): Promise<void> => migrate(drizzle(sql), { migrationsFolder: folder });
    await (until ? withMigrationsUntil(migrationsFolder, until, run) : run(migrationsFolder));
  } catch (thrown) {
    throw toDatabaseError(thrown);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

async function lock(sql: Sql, log: Logger | undefined): Promise<void> {
  const say = (): void => log?.warn('waiting to migrate the database: another process does, or makes a backup');
  const saying = setInterval(say, SAY_EVERY_MS);
  try {
    await sql`select pg_advisory_lock(${MIGRATION_LOCK})`;
  } finally {
    clearInterval(saying);
  }
}

/**
 * Whether every migration that we know was applied. Throws `conflict` when there are others: the migrator itself only looks
 * at the time of the last one. They are all applied in one transaction, so none is ever seen half-way.
 */
async function isCurrent(sql: Sql): Promise<boolean> {
  const [found] = await sql<
    { exists: boolean }[]
  >`select to_regclass('drizzle.__drizzle_migrations') is not null as exists`;
  if (!found?.exists) return false;
  const known = new Set(readMigrationFiles({ migrationsFolder }).map(({ hash }) => hash));
  const rows = await sql<{ hash: string }[]>`select hash from drizzle.__drizzle_migrations`;
  const applied = new Set(rows.map(({ hash }) => hash));
  const unknownCount = [...applied].filter((hash) => !known.has(hash)).length;
  if (unknownCount > 0)
    throw new NightjarError(
      'conflict',
      `this database was migrated by a newer Nightjar (${unknownCount} migrations unknown here): update the program, or restore a backup`,
    );
  return applied.size === known.size;
}
