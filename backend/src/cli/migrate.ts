import { createEmbeddedPostgres, migrateDatabase } from '../db/index.ts';
import type { CommandOptions } from './serve.ts';

/** Brings the schema up to date and ends; the embedded server is started for it and stopped again. */
export async function runMigrate({ config, log, write }: CommandOptions): Promise<void> {
  if (config.databaseUrl === undefined) {
    const server = await createEmbeddedPostgres({ dataDir: config.dataDir, log });
    await migrateDatabase(server.target).finally(() => server.close());
  } else {
    await migrateDatabase({ url: config.databaseUrl });
  }
  write('the database schema is up to date');
}
