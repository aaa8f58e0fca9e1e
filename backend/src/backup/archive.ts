/** The archive as a file: written beside and renamed into place when whole, read entry by entry. */
import { createReadStream } from 'node:fs';
import { lstat, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { extract, pack, type Extract, type Pack } from 'tar-stream';
import { errorCode, NightjarError, toMessage } from '../lib/errors.ts';

export type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface NewEntry {
  readonly name: string;
  /** Bytes; `content` must give exactly as many. */
  readonly size: number;
  readonly content: Chunks;
}

export interface ArchiveEntry extends NewEntry {
  readonly content: AsyncIterable<Uint8Array>;
}

/**
 * Resolves once the archive would survive a power cut; when `use` rejects, nothing is left behind. Throws `conflict` when
 * the file is there already. Readable by its owner alone: there are secrets in it.
 */
export async function writeArchive(
  file: string,
  use: (add: (entry: NewEntry) => Promise<void>) => Promise<void>,
): Promise<void> {
  await assertFree(file);
  const partial = `${file}.partial`;
  const tar = pack();
  try {
    await Promise.all([writeDurably(partial, tar as AsyncIterable<Uint8Array>), fill(tar, use)]);
    await rename(partial, file);
    await syncFolder(dirname(file));
  } catch (thrown) {
    await rm(partial, { force: true });
    throw toArchiveError(`writing ${file}`, thrown);
  }
}

async function fill(tar: Pack, use: (add: (entry: NewEntry) => Promise<void>) => Promise<void>): Promise<void> {
  try {
    await use((entry) => addEntry(tar, entry));
    tar.finalize();
  } catch (thrown) {
    tar.destroy(thrown instanceof Error ? thrown : new Error(String(thrown)));
    throw thrown;
  }
}

async function addEntry(tar: Pack, { name, size, content }: NewEntry): Promise<void> {
  let sink: Sink | undefined;
  const ended = new Promise<void>((resolve, reject) => {
    const header = { name, size, mode: 0o600, mtime: new Date(0), type: 'file' } as const;
    sink = tar.entry(header, (error) => (error ? reject(error) : resolve()));
  });
  // Together: when the archive breaks off, the entry ends and what is being sent is waited for no longer.
  if (sink) await Promise.race([Promise.all([ended, send(sink, content)]), ended]);
}

type Sink = ReturnType<Pack['entry']> | Extract;

/** Waits for a slow reader at the other end: memory does not grow with what is sent. */
async function send(sink: Sink, chunks: Chunks): Promise<void> {
  try {
    for await (const chunk of chunks) {
      if (sink.destroying) return;
      if (!sink.write(chunk)) await untilDrained(sink);
    }
    sink.end(null);
  } catch (thrown) {
    sink.destroy(thrown instanceof Error ? thrown : new Error(String(thrown)));
    throw thrown;
  }
}

const untilDrained = (sink: Sink): Promise<void> =>
  new Promise((resolve) => void sink.once('drain', () => resolve()).once('close', () => resolve()));

async function writeDurably(file: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  // What a backup that was killed left behind is no use to anyone.
  const handle = await open(file, 'w', 0o600);
  try {
    for await (const chunk of chunks) await handle.writeFile(chunk);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

/** Entries in their order; what `use` leaves unread is passed over. Throws `invalid` for what is no whole tar. */
export async function readArchive(file: string, use: (entry: ArchiveEntry) => Promise<void>): Promise<void> {
  const tar = extract();
  const fed = send(tar, createReadStream(file) as AsyncIterable<Uint8Array>);
  // Reported below: by then the archive's own iterator has ended with the same error.
  fed.catch(() => undefined);
  try {
    await readEntries(tar, use);
    await fed;
  } catch (thrown) {
    tar.destroy();
    throw toArchiveError(`reading ${file}`, thrown);
  }
}

async function readEntries(tar: Extract, use: (entry: ArchiveEntry) => Promise<void>): Promise<void> {
  for await (const entry of tar) {
    const { name, size, type } = entry.header;
    if (type !== 'file') throw new NightjarError('invalid', `the archive has an entry that is no file: ${name}`);
    await use({ name, size, content: entry as AsyncIterable<Uint8Array> });
    entry.resume();
  }
}

async function assertFree(file: string): Promise<void> {
  const found = await lstat(file).catch((thrown: unknown) => {
    if (errorCode(thrown) === 'ENOENT') return undefined;
    throw toArchiveError(`writing ${file}`, thrown);
  });
  if (found) throw new NightjarError('conflict', `${file} is there already: choose another name, or remove it`);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

/** What tar-stream says has no code: that is a fault of the archive. */
function toArchiveError(doing: string, thrown: unknown): NightjarError {
  if (thrown instanceof NightjarError) return thrown;
  const code = errorCode(thrown);
  const kind = code === 'ENOENT' ? 'not_found' : code === undefined ? 'invalid' : 'unavailable';
  return new NightjarError(kind, `${doing}: ${toMessage(thrown)}`, { cause: thrown });
}
