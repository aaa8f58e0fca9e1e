/** Every file of the media store, against the rows. */
import type { Sql } from '../../db/index.ts';
import { findUsed } from '../../db/media-removals.ts';
import { GRACE_MS, type CheckOptions } from './finding.ts';
import { repairFile } from './repair-file.ts';

const FILES_AT_ONCE = 500;

export interface StoredFile {
  readonly mediaPath: string;
  /** Bytes */
  readonly size: number;
  readonly modifiedAt: Date;
}

/** Resolves to how many files there are. */
export async function checkFiles(options: CheckOptions, filesExpected: number): Promise<number> {
  let done = 0;
  for await (const batch of inBatches(options.media.list())) {
    if (options.signal.aborted) break;
    await checkBatch(batch, options);
    done += batch.length;
    options.onProgress('files', done, Math.max(done, filesExpected));
  }
  return done;
}

async function* inBatches(files: AsyncIterable<StoredFile>): AsyncGenerator<readonly StoredFile[]> {
  let batch: StoredFile[] = [];
  for await (const file of files) {
    batch.push(file);
    if (batch.length < FILES_AT_ONCE) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function checkBatch(batch: readonly StoredFile[], options: CheckOptions): Promise<void> {
  const { db, clock, repair, onFinding } = options;
  const isOld = ({ modifiedAt }: StoredFile): boolean => clock.nowMs() - modifiedAt.getTime() >= GRACE_MS;
  for (const file of await findUnknown(batch.filter(isOld), options)) {
    const repaired = repair ? await repairFile(file, { ...options, repair }) : null;
    const detail = `${file.size} bytes, of ${file.modifiedAt.toISOString()}`;
    onFinding({ fault: 'stray', mediaPath: file.mediaPath, owner: '', detail, repair: repaired });
  }

  async function findUnknown(files: readonly StoredFile[], { media }: CheckOptions): Promise<StoredFile[]> {
    const suspects = await db.query((sql) => leaveOutKnown(sql, files));
    const there = await Promise.all(suspects.map(({ mediaPath }) => media.has(mediaPath)));
    // Once more: it may have been recorded, or removed, while we looked.
    return db.query((sql) => leaveOutKnown(sql, suspects.filter((_, index) => there[index]))); // prettier-ignore
  }
}

/** Not those either whose removal is under way. */
async function leaveOutKnown(sql: Sql, files: readonly StoredFile[]): Promise<StoredFile[]> {
  if (files.length === 0) return [];
  const paths = files.map(({ mediaPath }) => mediaPath);
  const used = await findUsed(sql, paths);
  const due = await sql<{ mediaPath: string }[]>`
    select media_path from media_removals where media_path = any(${paths}::text[]) and removed_at is null`;
  const removals = new Set(due.map(({ mediaPath }) => mediaPath));
  return files.filter(({ mediaPath }) => !used.has(mediaPath) && !removals.has(mediaPath));
}
