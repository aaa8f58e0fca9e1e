import type { Config } from '../config.ts';
import {
  joinEmbeddedPostgres,
  migrateDatabase,
  openDatabase,
  type Database,
  type DatabaseTarget,
} from '../db/index.ts';
import type { Logger } from '../lib/log.ts';

interface Where {
  readonly config: Pick<Config, 'databaseUrl' | 'dataDir'>;
  readonly log: Logger;
}

/** Where the database is, for a command that runs beside a Nightjar or without one. The schema is left as it is. */
export async function withTarget<T>({ config, log }: Where, use: (target: DatabaseTarget) => Promise<T>): Promise<T> {
  if (config.databaseUrl !== undefined) return use({ url: config.databaseUrl });
  const server = await joinEmbeddedPostgres({ dataDir: config.dataDir, log });
  return use(server.target).finally(() => server.close());
}

/** The database, its schema brought up to date, for as long as the command runs. */
export function withDatabase<T>(where: Where, use: (db: Database, target: DatabaseTarget) => Promise<T>): Promise<T> {
  return withTarget(where, async (target) => {
    await migrateDatabase(target, { log: where.log });
    const db = openDatabase(target);
    return use(db, target).finally(() => db.close());
  });
}
