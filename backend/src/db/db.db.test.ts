import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { createCleanups } from '../../tests/harness/cleanups.ts';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { eventually } from '../../tests/harness/eventually.ts';
import { NightjarError } from '../lib/errors.ts';
import {
  connect,
  createOwnerLock,
  migrateDatabase,
  openDatabase,
  toDatabaseError,
  type DatabaseTarget,
} from './index.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));

describe('migrations', () => {
  const cleanups = createCleanups();
  async function createEmpty(): Promise<DatabaseTarget> {
    const db = await createEmptyDatabase();
    cleanups.add(db.close);
    return db.target;
  }
  afterEach(cleanups.run);

  it('six processes may migrate an empty database at once', async () => {
    const target = await createEmpty();
    await Promise.all(Array.from({ length: 6 }, () => migrateDatabase(target)));
    const db = openDatabase(target);
    expect(await db.query((sql) => sql`select seq from outbox_head`).finally(() => db.close())).toMatchObject([
      { seq: 0 },
    ]);
  });

  it('bring a database of an older program up to date', async () => {
    const [older, newest] = [await createEmptyDatabase(), await createTestDatabase()];
    cleanups.add(older.close);
    cleanups.add(newest.close);
    const readApplied = (db: TestDatabase) =>
      db.query((sql) => sql<{ hash: string }[]>`select hash from drizzle.__drizzle_migrations order by created_at`);
    const applied = await readApplied(newest);
    for (let count = 1; count <= applied.length; count++) {
      await migrateDatabase(older.target, { until: applied.slice(0, count).map(({ hash }) => hash) });
      expect(await readApplied(older)).toHaveLength(count);
    }
    await migrateDatabase(older.target);
    expect(await readApplied(older)).toEqual(applied);
  });

  it('refuse a database that a newer program migrated', async () => {
    const target = await createEmpty();
    await migrateDatabase(target);
    const sql = connect(target, { max: 1 });
    await sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('from the future', ${Date.now() * 2})`;
    await sql.end();
    await expect(migrateDatabase(target)).rejects.toMatchObject({ kind: 'conflict', message: /newer Nightjar/ });
  });

  it('give the declared schema: generating again finds no change', async () => {
    // Inside the project, for the tool resolves its own modules from here; ignored by git as all of node_modules is.
    const out = await mkdtemp(path.join(root, 'node_modules', '.cache-migrations-'));
    try {
      await cp(path.join(root, 'backend/src/db/migrations'), out, { recursive: true });
      const before = (await readdir(out)).sort();
      const args = [
        'generate',
        '--dialect=postgresql',
        '--schema=./backend/src/db/schema.ts',
        `--out=./${path.relative(root, out)}`,
      ];
      const { stdout } = await run(path.join(root, 'node_modules/.bin/drizzle-kit'), args, { cwd: root });
      expect(stdout).toContain('No schema changes');
      expect((await readdir(out)).sort()).toEqual(before);
    } finally {
      await rm(out, { recursive: true, force: true });
    }
  });
});

describe('database', () => {
  it('gives columns in camelCase, bigints as numbers, JSON with its keys untouched', async () => {
    const db = await createTestDatabase();
    const [row] = await db.query(
      (sql) => sql`select 9007199254740991::bigint as big_one, '{"snake_case": 1}'::jsonb as some_json`,
    );
    expect(row).toEqual({ bigOne: 9007199254740991, someJson: { snake_case: 1 } });
    await db.close();
  });

  it('gives and takes arrays', async () => {
    const db = await createTestDatabase();
    const texts = ['a,b', '"quoted"', String.raw`back\slash`, '{braces}', '', 'NULL', null];
    const times = [new Date(0).toISOString()];
    const [row] = await db.query(
      (sql) => sql`select ${texts}::text[] as texts, ${[1, null]}::int[] as ints, ${[2 ** 40]}::bigint[] as bigints,
        ${[1.5]}::float8[] as floats, ${times}::timestamptz[] as times, ${['{"a":1}']}::jsonb[] as jsons,
        array[true, false] as flags, ${[]}::uuid[] as none`,
    );
    const lists = {
      ints: [1, null],
      bigints: [2 ** 40],
      floats: [1.5],
      jsons: [{ a: 1 }],
      flags: [true, false],
      none: [],
    };
    expect(row).toEqual({ texts, times: [new Date(0)], ...lists });
    await db.close();
  });

  it('says unavailable for a server that is not there', async () => {
    const db = openDatabase({ socketDir: tmpdir(), database: 'nowhere' });
    await expect(db.query((sql) => sql`select 1`)).rejects.toMatchObject({ kind: 'unavailable' });
    await db.close();
  });

  it.each([
    ['57P01', 'unavailable'],
    ['08006', 'unavailable'],
    ['53100', 'unavailable'],
    ['40P01', 'unavailable'],
    ['25006', 'unavailable'],
    ['CONNECTION_CLOSED', 'unavailable'],
    ['23505', 'conflict'],
    ['42601', 'internal'],
  ])('calls %s %s', (code, kind) => expect(toDatabaseError(Object.assign(new Error('x'), { code })).kind).toBe(kind));

  it('lets errors of ours through', () => {
    const error = new NightjarError('forbidden', 'no');
    expect(toDatabaseError(error)).toBe(error);
  });

  it('gives the owner lock to one at a time, and again and again to its holder', async () => {
    const db = await createTestDatabase();
    const [one, two] = [createOwnerLock(db.target, 77), createOwnerLock(db.target, 77)];
    await one.renew();
    await one.renew();
    await expect(two.renew()).rejects.toThrow(/held by another/);
    await one.close();
    await two.renew();
    await two.close();
    await db.close();
  });

  it('lets the holder go on while the server still has the lock with a connection that was lost', async () => {
    const db = await createTestDatabase();
    const [one, lost] = [createOwnerLock(db.target, 77), createOwnerLock(db.target, 77)];
    await one.renew();
    await db.query(
      (sql) => sql`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = 77`,
    );
    const isTaken = () => lost.renew().then(() => true, () => undefined); // prettier-ignore
    await eventually(isTaken, { what: 'the lock in the hands of the other connection' });
    const goesOn = () => one.renew().then(() => true, () => undefined); // prettier-ignore
    expect(await eventually(goesOn, { what: 'the holder to go on' })).toBe(true);
    await Promise.all([one.close(), lost.close()]);
    await db.close();
  });
});
