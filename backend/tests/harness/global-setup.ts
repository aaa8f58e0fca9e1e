import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { connect, createEmbeddedPostgres, migrateDatabase } from '../../src/db/index.ts';
import { silentLog } from '../../src/lib/log.ts';
import { startRedis } from './redis.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Socket folder of the test server; `nightjar_template` there is a migrated database to clone. */
    postgresSocketDir: string;
    redisUrl: string;
  }
}

export const TEMPLATE_DATABASE = 'nightjar_template';

/** One real PostgreSQL and one real Redis for the whole run; each test file clones the migrated template. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'nightjar-test-'));
  const postgres = await createEmbeddedPostgres({ dataDir, log: silentLog });
  if (!('socketDir' in postgres.target)) throw new Error('the embedded server has a socket');
  const { socketDir } = postgres.target;
  await createTemplate(socketDir);
  const redis = await startRedis();
  project.provide('postgresSocketDir', socketDir);
  project.provide('redisUrl', redis.url);
  return async () => {
    await redis.close();
    await postgres.close();
    await rm(dataDir, { recursive: true, force: true });
  };
}

async function createTemplate(socketDir: string): Promise<void> {
  const sql = connect({ socketDir, database: 'postgres' }, { max: 1 });
  await sql.unsafe(`create database ${TEMPLATE_DATABASE}`);
  // Tests prove what survives a crash of ours, not of the machine: the shared server need not wait for the disk.
  await sql.unsafe('alter system set fsync = off');
  await sql.unsafe("alter system set max_wal_size = '256MB'");
  await sql.unsafe('select pg_reload_conf()');
  await sql.end();
  await migrateDatabase({ socketDir, database: TEMPLATE_DATABASE });
}
