import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { connect, openDatabase, type Database, type DatabaseTarget } from '../../src/db/index.ts';
import { TEMPLATE_DATABASE } from './global-setup.ts';

export interface TestDatabase extends Database {
  readonly target: DatabaseTarget;
  /** The same for DATABASE_URL: the folder of the Unix socket is a parameter, as in libpq. */
  readonly url: string;
}

/** A migrated database of its own, cloned from the template; dropped when closed. */
export const createTestDatabase = (): Promise<TestDatabase> =>
  createDatabase(`template ${TEMPLATE_DATABASE} strategy file_copy`);

/** One without any schema. */
export const createEmptyDatabase = (): Promise<TestDatabase> => createDatabase('');

async function createDatabase(template: string): Promise<TestDatabase> {
  const socketDir = inject('postgresSocketDir');
  const database = `test_${randomBytes(6).toString('hex')}`;
  const admin = connect({ socketDir, database: 'postgres' }, { max: 1 });
  await admin.unsafe(`create database ${database} ${template}`);
  const target = { socketDir, database };
  const db = openDatabase(target);
  return {
    ...db,
    target,
    url: `postgres://nightjar@localhost/${database}?host=${encodeURIComponent(socketDir)}`,
    async close() {
      await db.close();
      await admin.unsafe(`drop database ${database} with (force)`);
      await admin.end();
    },
  };
}
