import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { NightjarError } from '../lib/errors.ts';

/**
 * A folder of migrations that ends with the last of `hashes`, for as long as it is used: the migrator has no such option.
 * Throws `conflict` unless they are the first of ours, in our order.
 */
export async function withMigrationsUntil<T>(
  migrationsFolder: string,
  hashes: readonly string[],
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const ours = readMigrationFiles({ migrationsFolder }).map(({ hash }) => hash);
  if (hashes.some((hash, index) => ours[index] !== hash))
    throw new NightjarError(
      'conflict',
      'this is of a newer Nightjar, or of another line of it: update the program first',
    );
  const folder = await mkdtemp(path.join(tmpdir(), 'nightjar-migrations-'));
  try {
    await cp(migrationsFolder, folder, { recursive: true });
    const journalFile = path.join(folder, 'meta', '_journal.json');
    const journal = JSON.parse(await readFile(journalFile, 'utf8')) as { entries: unknown[] };
    await writeFile(journalFile, JSON.stringify({ ...journal, entries: journal.entries.slice(0, hashes.length) }));
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
