import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCleanups } from '../../tests/harness/cleanups.ts';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { eventually } from '../../tests/harness/eventually.ts';
import { createTestQueue, toArrival } from '../../tests/harness/ledger.ts';
import { connect, MIGRATION_LOCK, migrateDatabase } from '../db/index.ts';
import { NightjarError } from '../lib/errors.ts';
import { restoreBackup, writeBackup, type RestoreTargets } from './index.ts';
import { readShapes } from './tables.ts';

const cleanups = createCleanups();
let folder: string;
let db: TestDatabase;
/** Media path to bytes: what the store of the house that is backed up has. */
let stored: Map<string, Buffer>;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightjar-backup-'));
  cleanups.add(() => rm(folder, { recursive: true, force: true }));
  db = await createTestDatabase();
  cleanups.add(db.close);
  stored = new Map();
});
afterEach(cleanups.run);

const FRAMES = 40;

/** Frames in every state, with names that COPY must escape. */
async function fill(): Promise<void> {
  const queue = await createTestQueue(db);
  const { id: cameraId } = await queue.resolveCamera('Front Door');
  for (let index = 0; index < FRAMES; index++) {
    const bytes = Buffer.from(`picture ${index}`);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const sourceName = `tab\t line\n back\\slash 'é' \\N ${index}.jpg`;
    const arrival = toArrival(cameraId, { sha256, sourceName, bytes: bytes.length });
    await queue.record(arrival);
    stored.set(arrival.mediaPath ?? '', bytes);
  }
  await queue.claim(3);
  await queue.close();
}

async function backUp(file = path.join(folder, 'backup.tar'), onFile = async (): Promise<void> => undefined) {
  await mkdir(path.join(folder, 'models', 'mine'), { recursive: true });
  await writeFile(path.join(folder, 'models', 'mine', 'model.json'), '{"name":"mine"}');
  await writeFile(path.join(folder, 'settings'), 'ADMIN_API_KEY=of-the-backup\n');
  await writeBackup(file, {
    target: db.target,
    async openMedia(mediaPath) {
      await onFile();
      const bytes = stored.get(mediaPath);
      if (!bytes) throw new NightjarError('not_found', mediaPath);
      const copy = path.join(folder, createHash('sha256').update(mediaPath).digest('hex'));
      await writeFile(copy, bytes);
      return { size: bytes.length, stream: () => createReadStream(copy) };
    },
    models: [{ path: 'mine/model.json', file: path.join(folder, 'models', 'mine', 'model.json') }],
    settingsFile: path.join(folder, 'settings'),
    version: '0.0.0-test',
    nowMs: Date.UTC(2026, 0, 1),
    onProgress: () => undefined,
  });
  return file;
}

interface Restored {
  readonly media: Map<string, Buffer>;
  readonly models: Map<string, Buffer>;
  settings: string | undefined;
}

async function restore(file: string, into: TestDatabase): Promise<Restored> {
  const restored: Restored = { media: new Map(), models: new Map(), settings: undefined };
  const readAll = async (content: AsyncIterable<Uint8Array>): Promise<Buffer> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  const targets: RestoreTargets = {
    target: into.target,
    async storeMedia({ mediaPath, content }) {
      const bytes = await readAll(content);
      if (!mediaPath.includes(createHash('sha256').update(bytes).digest('hex')))
        throw new NightjarError('invalid', 'other bytes');
      restored.media.set(mediaPath, bytes);
    },
    storeModel: async (name, content) => void restored.models.set(name, await readAll(content)),
    storeSettings: (bytes) => Promise.resolve(void (restored.settings = bytes.toString())),
    onProgress: () => undefined,
  };
  await restoreBackup(file, targets);
  return restored;
}

async function emptyDatabase(): Promise<TestDatabase> {
  const empty = await createEmptyDatabase();
  cleanups.add(empty.close);
  return empty;
}

/** Every row of every table as PostgreSQL writes it. */
const readRows = (from: TestDatabase): Promise<Record<string, string[]>> =>
  from.transaction(async (tx) => {
    const tables: Record<string, string[]> = {};
    for (const { name } of await readShapes(tx)) {
      const rows = await tx<{ row: string }[]>`select ${tx(name)}::text as row from ${tx(name)} order by 1`;
      tables[name] = rows.map(({ row }) => row);
    }
    return tables;
  });

describe('a backup', () => {
  it('holds everything, and gives it back to an empty place', async () => {
    await fill();
    const before = await readRows(db);
    const file = await backUp();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const other = await emptyDatabase();
    const restored = await restore(file, other);
    expect(restored.media).toEqual(stored);
    expect(restored.models.get('mine/model.json')?.toString()).toBe('{"name":"mine"}');
    expect(restored.settings).toBe('ADMIN_API_KEY=of-the-backup\n');
    const after = await readRows(other);
    // Leases are of processes that are not here.
    const frames = await other.query((sql) => sql`select state, count(*) from frames group by state`);
    expect(frames).toEqual([{ state: 'pending', count: FRAMES }]);
    expect({ ...after, frames: after['frames']?.length }).toEqual({ ...before, frames: FRAMES });
  });

  it('leaves out what triggers make of the rows, and gives it back once', async () => {
    await fill();
    const other = await emptyDatabase();
    await restore(await backUp(), other);
    const readTallied = (from: TestDatabase) => from.query((sql) => sql`
      select kind, key, sum(count) from (select * from tally_deltas union all select * from tallies where camera_id <> '' and bucket <> '-infinity') as told
      where kind = 'frame' group by 1, 2`); // prettier-ignore
    expect(await readTallied(other)).toEqual([{ kind: 'frame', key: '', sum: `${FRAMES}` }]);
    expect(await readTallied(db)).toEqual(await readTallied(other));
  });

  it('leaves out the secrets of the house, also where it is put back into one that has its own', async () => {
    const store = (into: TestDatabase, secret: string) =>
      into.query((sql) => sql`insert into house_secrets (name, secret) values ('sessions', ${secret})`);
    await fill();
    await store(db, 'the-secret-of-this-house');
    const file = await backUp();
    expect((await readFile(file)).includes('the-secret-of-this-house')).toBe(false);
    const other = await createTestDatabase();
    cleanups.add(other.close);
    await store(other, 'the-secret-of-another');
    await restore(file, other);
    expect(await other.query((sql) => sql`select secret from house_secrets`)).toEqual([{ secret: 'the-secret-of-another' }]); // prettier-ignore
  });

  it('is of one moment, though the house goes on', async () => {
    await fill();
    const queue = await createTestQueue(db);
    cleanups.add(queue.close);
    const { id } = await queue.resolveCamera('Front Door');
    const backingUp = backUp();
    for (let index = 0; index < 20; index++) await queue.record(toArrival(id));
    const other = await emptyDatabase();
    await restore(await backingUp, other);
    // As many frames as messages said so: no row without what belongs to it.
    const [row] = await other.query((sql) => sql<{ frames: number; seq: number; messages: number }[]>`
      select (select count(*) from frames) as frames, (select seq from outbox_head) as seq, (select count(*) from outbox) as messages`); // prettier-ignore
    expect(row?.seq).toBe(row?.messages);
    expect(row?.frames).toBeGreaterThanOrEqual(FRAMES);
  });

  it('keeps others from migrating meanwhile, and nobody from starting who has nothing to migrate', async () => {
    await fill();
    const tried: unknown[] = [];
    const tryLock = () => db.query((sql) => sql`select pg_try_advisory_xact_lock(${MIGRATION_LOCK}) as is_free`);
    await backUp(undefined, async () => {
      await migrateDatabase(db.target);
      if (tried.length === 0) tried.push(...(await tryLock()));
    });
    expect([...tried, ...(await tryLock())]).toEqual([{ isFree: false }, { isFree: true }]);
  });

  it('is waited for by who migrates', async () => {
    const old = await emptyDatabase();
    const sql = connect(old.target, { max: 1 });
    cleanups.add(() => sql.end());
    await sql`select pg_advisory_lock_shared(${MIGRATION_LOCK})`;
    let isMigrated = false;
    const migrating = migrateDatabase(old.target).then(() => (isMigrated = true));
    const isWaiting = () =>
      sql`select from pg_locks where locktype = 'advisory' and objid = ${MIGRATION_LOCK} and not granted`;
    await eventually(async () => (await isWaiting()).length === 1, { what: 'the migration to wait' });
    expect(isMigrated).toBe(false);
    await sql`select pg_advisory_unlock_shared(${MIGRATION_LOCK})`;
    await migrating;
  });

  it('counts files that are missing or damaged, and is made all the same', async () => {
    await fill();
    const [missing = '', damaged = ''] = stored.keys();
    stored.delete(missing);
    stored.set(damaged, Buffer.from('rotten'));
    const file = await backUp();
    const restored = await restore(file, await emptyDatabase());
    expect(restored.media.size).toBe(FRAMES - 2);
  });

  it('of an older schema is restored and brought up to date', async () => {
    const old = await emptyDatabase();
    const hashes = await db.query(
      (sql) => sql<{ hash: string }[]>`select hash from drizzle.__drizzle_migrations order by created_at`,
    );
    await migrateDatabase(old.target, { until: hashes.slice(0, 2).map(({ hash }) => hash) });
    await old.query((sql) => sql`insert into cameras (id, name, folder) values ('yard', 'Yard', 'yard')`);
    await old.query((sql) => sql`
      insert into frames (id, camera_id, state, source_name, bytes, captured_at, processed_at, error_kind, error_message)
      values (${randomUUID()}, 'yard', 'dead', 'a.jpg', 1, now(), now(), 'invalid', 'junk')`); // prettier-ignore
    db = old;
    const other = await emptyDatabase();
    await restore(await backUp(), other);
    expect(await other.query((sql) => sql`select source_name, crashes from frames`)).toEqual([
      { sourceName: 'a.jpg', crashes: 0 },
    ]);
    const tables = await readRows(other);
    expect(Object.keys(tables)).toEqual(Object.keys(await readRows(await createTestDatabase().then((newest) => (cleanups.add(newest.close), newest))))); // prettier-ignore
  });
});

describe('what is no whole backup', () => {
  let file: string;
  let other: TestDatabase;
  beforeEach(async () => {
    await fill();
    file = await backUp();
    other = await emptyDatabase();
  });

  async function expectRefused(message: RegExp): Promise<void> {
    await expect(restore(file, other)).rejects.toMatchObject({ kind: 'invalid', message });
    const tables = await other.query((sql) => sql`select from pg_class where relname = 'frames'`);
    expect(tables).toHaveLength(0);
  }

  it.each([0, 100, 512, 5_000, 20_000, -3_000])('cut at %d bytes, is refused before anything is done', async (at) => {
    const { size } = await stat(file);
    await truncate(file, at < 0 ? size + at : at);
    await expectRefused(/whole|reading/);
  });

  it('with one bit turned is refused', async () => {
    const bytes = await readFile(file);
    const at = bytes.indexOf('picture 7');
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    await writeFile(file, bytes);
    await expectRefused(/not what they were/);
  });

  it('because it is something else is refused', async () => {
    await writeFile(file, 'not a tar at all, but long enough to be read as one'.repeat(100));
    await expectRefused(/reading|whole/);
  });
});

describe('a restore', () => {
  it('is refused where there is something already', async () => {
    await fill();
    const file = await backUp();
    const before = await readRows(db);
    await expect(restore(file, db)).rejects.toMatchObject({ kind: 'conflict', message: /not empty/ });
    expect(await readRows(db)).toEqual(before);
  });

  it('of a backup that a newer Nightjar made is refused', async () => {
    await fill();
    await db.query(
      (sql) => sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('new', ${2 ** 45})`,
    );
    const file = await backUp();
    await expect(restore(file, await emptyDatabase())).rejects.toMatchObject({ kind: 'conflict', message: /newer/ });
  });
});

describe('writing a backup', () => {
  it('leaves nothing behind when it fails, and overwrites nothing', async () => {
    await fill();
    const file = path.join(folder, 'backup.tar');
    const [first = ''] = stored.keys();
    const open = stored;
    stored = new Proxy(open, { get: (map, key) => (key === 'get' ? (name: string) => { if (name === first) throw new Error('disk broken'); return map.get(name); } : Reflect.get(map, key) as unknown) }); // prettier-ignore
    await expect(backUp(file)).rejects.toThrow('disk broken');
    expect((await readdir(folder)).filter((name) => name.startsWith('backup'))).toEqual([]);
    await writeFile(file, 'mine');
    await expect(backUp(file)).rejects.toMatchObject({ kind: 'conflict' });
    expect(await readFile(file, 'utf8')).toBe('mine');
  });
});
