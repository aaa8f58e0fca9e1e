/** Makes a backup: one snapshot of the database, and every file that its rows speak of. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { connect, MIGRATION_LOCK, runTransaction, type DatabaseTarget, type Tx } from '../db/index.ts';
import { RETENTION_LOCK } from '../db/media-removals.ts';
import { toNightjarError } from '../lib/errors.ts';
import { writeArchive, type NewEntry } from './archive.ts';
import { FORMAT, MANIFEST, SETTINGS, SUMMARY, toRowsName, type Manifest, type Summary } from './format.ts';
import { readRows, readShapes } from './tables.ts';

const PATHS_AT_ONCE = 500;

export interface BackupSources {
  readonly target: DatabaseTarget;
  readonly openMedia: (mediaPath: string) => Promise<{ readonly size: number; readonly stream: () => Readable }>;
  /** Imported models: path relative to the models' folder, `/` between names. */
  readonly models: readonly { readonly path: string; readonly file: string }[];
  /** Undefined where there is none. */
  readonly settingsFile: string | undefined;
  readonly version: string;
  readonly nowMs: number;
  readonly onProgress: (progress: BackupProgress) => void;
}

export interface BackupProgress {
  readonly files: number;
  readonly filesTotal: number;
}

/** Resolves to what is in it. Files that are missing or damaged in the store are counted, and do not stop it. */
export async function writeBackup(file: string, sources: BackupSources): Promise<Summary> {
  const sql = connect(sources.target, { max: 1, connection: { statement_timeout: 0 } });
  let summary: Summary | undefined;
  try {
    // Before the snapshot is taken, or it would still show what retention deletes while we wait.
    await sql`select pg_advisory_lock(${RETENTION_LOCK})`;
    // A table that is written anew by a migration looks empty to an older snapshot.
    await sql`select pg_advisory_lock_shared(${MIGRATION_LOCK})`;
    await runTransaction(
      sql,
      async (tx) => {
        await tx`set local idle_in_transaction_session_timeout = 0`;
        await writeArchive(file, async (add) => {
          summary = await addAll(add, tx, sources);
        });
      },
      'isolation level repeatable read read only',
    );
    return summary ?? (await Promise.reject(new Error('the backup ended without a summary')));
  } finally {
    await sql.end({ timeout: 5 });
  }
}

type Add = (entry: NewEntry) => Promise<void>;

async function addAll(add: Add, tx: Tx, sources: BackupSources): Promise<Summary> {
  const manifest = await toManifest(tx, sources);
  await add(toEntry(MANIFEST, toJson(manifest)));
  const media = await addMedia(add, tx, { tables: manifest.tables, ...sources });
  for (const { path, file } of sources.models)
    await add({ name: `models/${path}`, size: (await stat(file)).size, content: createReadStream(file) });
  if (sources.settingsFile !== undefined) await add(toEntry(SETTINGS, await readFile(sources.settingsFile)));
  const tables: Summary['tables'] = {};
  for (const table of manifest.tables) tables[table.name] = await addTable(add, tx, table);
  const summary = { tables, media, models: sources.models.length };
  await add(toEntry(SUMMARY, toJson(summary)));
  return summary;
}

async function toManifest(tx: Tx, { version, nowMs }: BackupSources): Promise<Manifest> {
  const applied = await tx<{ hash: string }[]>`select hash from drizzle.__drizzle_migrations order by created_at`;
  return {
    format: FORMAT,
    nightjar: version,
    created_at: new Date(nowMs).toISOString(),
    migrations: applied.map(({ hash }) => hash),
    tables: [...(await readShapes(tx))],
  };
}

async function addMedia(add: Add, tx: Tx, { tables, openMedia, onProgress }: BackupSources & Pick<Manifest, 'tables'>) {
  const tally = { files: 0, bytes: 0, missing: 0, damaged: 0 };
  const paths = toMediaPaths(tx, tables);
  const [total] = await tx<{ count: number }[]>`select count(*) from (${paths}) as kept`;
  const cursor = tx<{ mediaPath: string }[]>`${paths}`.cursor(PATHS_AT_ONCE);
  for await (const rows of cursor)
    for (const { mediaPath } of rows) {
      const added = await addFile(add, mediaPath, openMedia);
      if (added === undefined) tally.missing++;
      else {
        tally.files++;
        tally.bytes += added.bytes;
        if (!added.isSound) tally.damaged++;
      }
      onProgress({ files: tally.files + tally.missing, filesTotal: total?.count ?? 0 });
    }
  return tally;
}

/** Frames of clips may share a file, hence `union`. A schema from before there were clips has none. */
function toMediaPaths(tx: Tx, tables: Manifest['tables']) {
  const frames = tx`select media_path from frames where media_path is not null`;
  if (!tables.some(({ name }) => name === 'clips')) return tx`${frames} group by media_path`;
  return tx`${frames} union select media_path from clips where media_path is not null`;
}

async function addFile(add: Add, mediaPath: string, openMedia: BackupSources['openMedia']) {
  const media = await openMedia(mediaPath).catch((thrown: unknown) => {
    if (toNightjarError(thrown).kind === 'not_found') return undefined;
    throw thrown;
  });
  if (!media) return undefined;
  const hash = createHash('sha256');
  async function* hashed() {
    for await (const chunk of media?.stream() ?? []) {
      hash.update(chunk as Buffer);
      yield chunk as Buffer;
    }
  }
  await add({ name: `media/${mediaPath}`, size: media.size, content: hashed() });
  return { bytes: media.size, isSound: mediaPath.includes(`/${hash.digest('hex')}.`) };
}

async function addTable(add: Add, tx: Tx, table: Manifest['tables'][number]) {
  const hash = createHash('sha256');
  let rows = 0;
  let part = 0;
  for await (const { piece, rows: more } of readRows(tx, table)) {
    hash.update(piece);
    rows += more;
    part += 1;
    await add(toEntry(toRowsName(table.name, part), piece));
  }
  return { rows, sha256: hash.digest('hex') };
}

const toEntry = (name: string, bytes: Buffer): NewEntry => ({ name, size: bytes.length, content: [bytes] });

const toJson = (value: Manifest | Summary): Buffer => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
