/** Reads a backup through: is it one of ours, whole, and are all bytes what they were? Nothing is held but its tables of contents. */
import { createHash, type Hash } from 'node:crypto';
import { NightjarError } from '../lib/errors.ts';
import { readArchive, type ArchiveEntry } from './archive.ts';
import { manifestSchema, PIECE_BYTES_MAX, summarySchema, toPlace, type Manifest, type Summary } from './format.ts';
import { readPiece } from './tables.ts';

export interface Verified {
  readonly manifest: Manifest;
  readonly summary: Summary;
}

/** Throws `invalid` with the reason. Files that were damaged when the backup was made are counted in it and let pass. */
export async function verifyBackup(file: string, onFiles: (files: number) => void): Promise<Verified> {
  const seen = { manifest: undefined as Manifest | undefined, summary: undefined as Summary | undefined };
  const tables = new Map<string, Hash>();
  const media = { files: 0, damaged: 0 };

  async function look(entry: ArchiveEntry): Promise<void> {
    const place = toPlace(entry.name);
    if (!place) throw broken(`an entry that no backup of Nightjar has: ${JSON.stringify(entry.name)}`);
    if (seen.summary) throw broken('something after its end');
    if ((place.kind === 'manifest') !== (seen.manifest === undefined)) throw broken('no manifest at its beginning');
    if (place.kind === 'manifest') seen.manifest = manifestSchema.parse(await readJson(entry));
    else if (place.kind === 'summary') seen.summary = summarySchema.parse(await readJson(entry));
    else if (place.kind === 'rows') await addTo(hashOf(tables, place.table), entry);
    else if (place.kind === 'media') {
      const hash = createHash('sha256');
      await addTo(hash, entry);
      media.files += 1;
      if (hash.digest('hex') !== place.sha256) media.damaged += 1;
      onFiles(media.files);
    }
  }

  await readArchive(file, (entry) => look(entry).catch(toBroken));
  const { manifest, summary } = seen;
  if (!manifest || !summary) throw broken('no end: it was cut off');
  if (media.files !== summary.media.files) throw broken(`${media.files} files where ${summary.media.files} were`);
  if (media.damaged !== summary.media.damaged) throw broken('files that are not what they were');
  for (const [name, { sha256 }] of Object.entries(summary.tables))
    if (hashOf(tables, name).digest('hex') !== sha256) throw broken(`a table that is not what it was: ${name}`);
  return { manifest, summary };
}

function hashOf(tables: Map<string, Hash>, name: string): Hash {
  const hash = tables.get(name) ?? createHash('sha256');
  tables.set(name, hash);
  return hash;
}

async function addTo(hash: Hash, { content }: ArchiveEntry): Promise<void> {
  for await (const chunk of content) hash.update(chunk);
}

async function readJson({ content }: ArchiveEntry): Promise<unknown> {
  return JSON.parse((await readPiece(content, PIECE_BYTES_MAX)).toString('utf8')) as unknown;
}

const broken = (what: string, cause?: unknown): NightjarError =>
  new NightjarError('invalid', `this is no whole backup of Nightjar: it has ${what}`, { cause });

function toBroken(thrown: unknown): never {
  if (thrown instanceof NightjarError) throw thrown;
  throw broken('a table of contents that cannot be read', thrown);
}
