import { migrateDatabase } from '../db/index.ts';
import type { CommandOptions } from './serve.ts';
import { withTarget } from './with-database.ts';

/** Brings the schema up to date and ends. */
export async function runMigrate({ config, log, write }: CommandOptions): Promise<void> {
  await withTarget({ config, log }, (target) => migrateDatabase(target, { log }));
  write('the database schema is up to date');
}
