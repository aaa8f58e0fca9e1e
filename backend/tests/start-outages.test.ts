/** Starting while things are away: what heals is waited for, what does not heal is a clear error. */
import { createHash } from 'node:crypto';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrateDatabase } from '../src/db/index.ts';
import { createCleanups } from './harness/cleanups.ts';
import { eventually } from './harness/eventually.ts';
import { createDataDir, launch, runCli, type Launched } from './harness/nightjar.ts';
import { readFacts } from './harness/outage-facts.ts';
import { startPostgres, type PostgresServer } from './harness/postgres-server.ts';
import { freePort, startRedis } from './harness/redis.ts';

const WITHIN_MS = 30_000;
const TEST_MS = 90_000;

const cleanups = createCleanups();
let postgres: PostgresServer;
let dataDir: string;

beforeAll(async () => {
  const dir = await createDataDir();
  cleanups.add(dir.remove);
  dataDir = dir.path;
  postgres = await startPostgres();
  cleanups.add(() => postgres.close());
});

afterAll(cleanups.run);

function start(env: Readonly<Record<string, string>> = {}): Launched {
  const detectors = 'remote:http://127.0.0.1:9';
  const launched = launch(dataDir, { DATABASE_URL: postgres.url, DETECTORS: detectors, ...env });
  cleanups.add(() => launched.kill('SIGKILL'));
  return launched;
}

const untilWaiting = (launched: Launched, why: string): Promise<boolean> =>
  eventually(() => launched.log().includes(`waiting for the database: ${why}`), { withinMs: WITHIN_MS, what: why });

const serve = (url: string) =>
  runCli(['serve'], {
    cwd: dataDir,
    env: { DATA_DIR: dataDir, DATABASE_URL: url, DETECTORS: 'remote:http://127.0.0.1:9' },
  });

describe('a start', () => {
  it('waits for PostgreSQL; Redis and the detector may come later', { timeout: TEST_MS }, async () => {
    await postgres.stop();
    const port = await freePort();
    const launched = start({ REDIS_URL: `redis://127.0.0.1:${port}` });
    await untilWaiting(launched, 'it takes no connections');
    await postgres.start();
    const nightjar = await launched.up();
    const redis = async () => (await readFacts(nightjar)).redis;
    await eventually(async () => (await redis()).system?.ok === false, { withinMs: WITHIN_MS, what: 'Redis away' });
    expect((await redis()).metric).toBe(0);
    const server = await startRedis(port);
    cleanups.add(() => server.close());
    await eventually(async () => (await redis()).system?.ok === true, { withinMs: WITHIN_MS, what: 'Redis there' });
    expect(await nightjar.kill('SIGTERM')).toBe(0);
  });

  it('that waits ends at a signal, with nothing left behind', { timeout: TEST_MS }, async () => {
    await postgres.pause();
    cleanups.add(() => postgres.resume());
    const launched = start();
    await untilWaiting(launched, 'it does not answer');
    expect(await launched.kill('SIGTERM')).toBe(0);
    await postgres.resume();
  });

  it('waits for a standby to be promoted', { timeout: TEST_MS }, async () => {
    await postgres.startAsStandby();
    const launched = start();
    await untilWaiting(launched, 'it takes no changes (read-only)');
    await postgres.promote();
    const nightjar = await launched.up();
    expect(await nightjar.kill('SIGTERM')).toBe(0);
  });

  it('does not wait for a database that there is not, nor for a wrong password', { timeout: TEST_MS }, async () => {
    const unknown = await serve(postgres.url.replace(/nightjar$/, 'nowhere'));
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringMatching(/does not let us in: database "nowhere" does not exist/)]); // prettier-ignore
    await askForPassword();
    const wrong = await serve(postgres.url.replace('nightjar@', 'guarded:wrong-secret@'));
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringMatching(/does not let us in: password authentication failed/)]); // prettier-ignore
    expect(wrong.stderr).not.toContain('wrong-secret');
    expect(wrong.stderr).not.toContain('waiting');
  });

  it('on the database of a newer Nightjar is refused, and nothing is changed', { timeout: TEST_MS }, async () => {
    await migrateDatabase({ url: postgres.url });
    const hash = createHash('sha256').update('a migration of the future').digest('hex');
    const read = () => postgres.withSql((sql) => sql`select hash from drizzle.__drizzle_migrations order by id`);
    await postgres.withSql((sql) => sql`insert into drizzle.__drizzle_migrations (hash, created_at) values (${hash}, ${Date.now() * 2})`); // prettier-ignore
    const before = await read();
    const { code, stderr } = await serve(postgres.url);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/newer Nightjar.*update the program, or restore a backup/),
    ]);
    expect(await read()).toEqual(before);
  });
});

/** One user has to show a password, the first rule that fits counts. */
async function askForPassword(): Promise<void> {
  await postgres.withSql((sql) => sql.unsafe(`create role guarded login password 'right-secret'`));
  const file = path.join(postgres.dataDir, 'pg_hba.conf');
  const rules = await readFile(file, 'utf8');
  await writeFile(file, 'host all guarded 127.0.0.1/32 scram-sha-256\n');
  await appendFile(file, rules);
  await postgres.withSql((sql) => sql`select pg_reload_conf()`);
}
