/** Puts a backup back: into an empty database and a media store, after it was read through once and found whole. */
import { connect, migrateDatabase, runTransaction, type DatabaseTarget, type Sql, type Tx } from '../db/index.ts';
import { NightjarError, toNightjarError } from '../lib/errors.ts';
import { readArchive } from './archive.ts';
import { PIECE_BYTES_MAX, toPlace, type Manifest, type Summary, type TableShape } from './format.ts';
import { insertRows, readPiece, readShapes } from './tables.ts';
import { verifyBackup } from './verify.ts';

export interface RestoreTargets {
  readonly target: DatabaseTarget;
  /** Durable once resolved. `content` can be read once; what is stored already need not be read. Throws `invalid` for other bytes than the path names. */
  readonly storeMedia: (media: RestoredMedia) => Promise<void>;
  readonly storeModel: (path: string, content: AsyncIterable<Uint8Array>) => Promise<void>;
  readonly storeSettings: (bytes: Buffer) => Promise<void>;
  readonly onProgress: (progress: RestoreProgress) => void;
}

export interface RestoredMedia {
  readonly mediaPath: string;
  readonly size: number;
  readonly content: AsyncIterable<Uint8Array>;
}

export interface RestoreProgress {
  readonly phase: 'verify' | 'restore';
  readonly files: number;
  /** Unknown until the archive was read through. */
  readonly filesTotal: number | undefined;
}

/**
 * Resolves to what was restored. Throws `invalid` when the archive is not whole or not ours, and `conflict` when the
 * database is not empty, in use, or older than the backup can be put into; nothing was changed then.
 */
export async function restoreBackup(file: string, targets: RestoreTargets): Promise<Summary> {
  const { manifest, summary } = await verifyBackup(file, (files) =>
    targets.onProgress({ phase: 'verify', files, filesTotal: undefined }),
  );
  const sql = connect(targets.target, { max: 1, connection: { statement_timeout: 0 } });
  try {
    await assertEmpty(sql);
    // To where the backup was, so that its rows fit; then to where we are.
    await migrateDatabase(targets.target, { until: manifest.migrations });
    await assertNotBeyond(sql, manifest);
    await restoreFiles(file, summary, targets);
    await runTransaction(sql, (tx) => fillTables(tx, file, manifest));
    await migrateDatabase(targets.target);
    await analyze(sql);
    return summary;
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** Tables without a row in them are as good as none; those of others are none of our business, but a sign of a mistake. */
async function assertEmpty(sql: Sql): Promise<void> {
  const shapes = await runTransaction(sql, readShapes);
  for (const { name } of shapes) {
    const rows = await sql`select from ${sql(name)} limit 2`;
    if (rows.length > (name === SEQUENCE_HEAD ? 1 : 0))
      throw new NightjarError('conflict', `the database is not empty (${name} has rows): restore into a new one`);
  }
}

/** A database that is empty but of a later schema: rows of the backup may not fit into it. */
async function assertNotBeyond(sql: Sql, { migrations }: Manifest): Promise<void> {
  const rows = await sql`select from drizzle.__drizzle_migrations`;
  if (rows.length > migrations.length)
    throw new NightjarError('conflict', 'the empty database was migrated further than the backup: give it a new one');
}

/** The one table that is born with a row. */
const SEQUENCE_HEAD = 'outbox_head';

/** Files first: no row ever speaks of a file that is not there yet. */
async function restoreFiles(file: string, summary: Summary, targets: RestoreTargets): Promise<void> {
  let files = 0;
  await readArchive(file, async ({ name, size, content }) => {
    const place = toPlace(name);
    if (place?.kind === 'model') return targets.storeModel(place.path, content);
    if (place?.kind === 'settings') return targets.storeSettings(await readPiece(content, PIECE_BYTES_MAX));
    if (place?.kind !== 'media') return;
    await targets.storeMedia({ mediaPath: place.mediaPath, size, content }).catch(passDamaged);
    files += 1;
    targets.onProgress({ phase: 'restore', files, filesTotal: summary.media.files });
  });
}

/** It was damaged in the store that the backup was made of, and its summary says so: `nightjar check` finds its row. */
function passDamaged(thrown: unknown): void {
  if (toNightjarError(thrown).kind !== 'invalid') throw thrown;
}

async function fillTables(tx: Tx, file: string, { tables }: Manifest): Promise<void> {
  await tx`set local idle_in_transaction_session_timeout = 0`;
  await tx`delete from ${tx(SEQUENCE_HEAD)}`;
  const shapes = new Map(tables.map((shape) => [shape.name, shape]));
  await readArchive(file, async ({ name, content }) => {
    const place = toPlace(name);
    if (place?.kind !== 'rows') return;
    await insertRows(tx, toShape(shapes, place.table), await readPiece(content, PIECE_BYTES_MAX));
  });
  await handBack(tx);
}

function toShape(shapes: ReadonlyMap<string, TableShape>, table: string): TableShape {
  const shape = shapes.get(table);
  if (!shape) throw new NightjarError('invalid', `the backup does not say what the table ${table} is`);
  return shape;
}

/** Until PostgreSQL does so by itself, in a minute or an hour, it plans as for tables of which nothing is known. */
async function analyze(sql: Sql): Promise<void> {
  const tables = await sql<{ name: string }[]>`
    select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`;
  for (const { name } of tables) await sql`analyze ${sql(name)}`;
}

/** Whoever had leased them is not here: they wait again, the attempt uncounted. */
async function handBack(tx: Tx): Promise<void> {
  for (const table of ['frames', 'clips']) {
    const [found] = await tx<{ exists: boolean }[]>`select to_regclass(${`public.${table}`}) is not null as exists`;
    if (found?.exists)
      await tx`
        update ${tx(table)} set state = 'pending', attempts = greatest(attempts - 1, 0), lease_owner = null, lease_expires_at = null
        where state = 'leased'`;
  }
}
