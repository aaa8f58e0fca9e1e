/**
 * Works off the removals that were asked for: files that no row speaks of any more.
 *
 * A file must not go while a transaction is under way that records it again and has not seen the removal
 * (db/media-removals.ts). Such a transaction had written its row before the removal could be seen. So the removals that are
 * seen are acted upon only when every transaction that had written to the ledger by then has ended: its row is seen then, or
 * never comes. From there until the removal is marked as done it is locked, and whoever records waits for the outcome.
 */
import pLimit from 'p-limit';
import type { Database, Sql, Tx } from '../db/index.ts';
import { findUsed } from '../db/media-removals.ts';
import type { Clock } from '../lib/clock.ts';
import { toNightjarError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';

const REMOVED_AT_ONCE_MAX = 100;
const REMOVALS_IN_FLIGHT_MAX = 8;
/** Transactions of ours take milliseconds. */
const WRITERS_MS_MAX = 2_000;
const WRITERS_STEP_MS = 5;
/** Between two statements: a store may take so long for one file. */
const BATCH_IDLE_MS_MAX = 120_000;
/** A removal that was done is remembered for whoever stored the same content in that moment and records it yet. */
const REMEMBERED_HOURS = 6;
const PRUNED_AT_ONCE_MAX = 5_000;

export interface RemoverOptions {
  readonly db: Database;
  readonly removeMedia: (mediaPath: string) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** `waiting`: a transaction takes so long that nothing may be removed for now. */
export type Removed = { readonly files: number; readonly state: 'done' | 'waiting' };

/** Removes what is due until nothing is, or `signal` says so. Throws when the store takes no removal at all. */
export async function removeDue(options: RemoverOptions, signal: AbortSignal): Promise<Removed> {
  const failed = new Set<string>();
  let files = 0;
  while (!signal.aborted) {
    const due = await readDue(options.db, [...failed]);
    if (due.length === 0) break;
    if (!(await writersHaveEnded(options, signal))) return { files, state: 'waiting' };
    const outcome = await options.db.transaction((tx) => removeBatch(tx, due, options));
    files += outcome.removed;
    for (const mediaPath of outcome.failed) failed.add(mediaPath);
    // Nothing of a whole batch: the store is away, and the loop backs off.
    if (outcome.removed + outcome.kept === 0 && outcome.error) throw outcome.error;
    // All are in the hands of another process.
    if (outcome.removed + outcome.kept + outcome.failed.length === 0) break;
  }
  return { files, state: 'done' };
}

async function readDue(db: Database, except: readonly string[]): Promise<readonly string[]> {
  const rows = await db.query(
    (sql) => sql<{ mediaPath: string }[]>`
      select media_path from media_removals where removed_at is null and not media_path = any(${[...except]}::text[])
      order by requested_at limit ${REMOVED_AT_ONCE_MAX}`,
  );
  return rows.map(({ mediaPath }) => mediaPath);
}

/** Transactions under way that have written to the ledger: each holds this lock until its end. */
const readWriters = (sql: Sql) => sql<{ virtualtransaction: string }[]>`
  select virtualtransaction from pg_locks
  where locktype = 'relation' and database = (select oid from pg_database where datname = current_database())
    and relation in ('frames'::regclass, 'clips'::regclass) and mode = 'RowExclusiveLock' and pid <> pg_backend_pid()`;

/** False if they take too long. */
async function writersHaveEnded({ db, clock, log }: RemoverOptions, signal: AbortSignal): Promise<boolean> {
  const untilMs = clock.nowMs() + WRITERS_MS_MAX;
  let left: ReadonlySet<string> | undefined;
  for (;;) {
    const now = (await db.query(readWriters)).map(({ virtualtransaction }) => virtualtransaction);
    left = new Set(left ? now.filter((one) => left?.has(one)) : now);
    if (left.size === 0) return true;
    if (signal.aborted) return false;
    if (clock.nowMs() > untilMs) {
      log.warn('files are not removed for now: a transaction in the database takes long');
      return false;
    }
    await clock.sleep(WRITERS_STEP_MS, signal);
  }
}

async function removeBatch(tx: Tx, mediaPaths: readonly string[], { removeMedia, log }: RemoverOptions) {
  await tx`select set_config('idle_in_transaction_session_timeout', ${`${BATCH_IDLE_MS_MAX}ms`}, true)`;
  const held = await tx<{ mediaPath: string }[]>`
    select media_path from media_removals where media_path = any(${[...mediaPaths]}::text[]) and removed_at is null
    order by media_path for update skip locked`;
  const ours = held.map(({ mediaPath }) => mediaPath);
  const used = await findUsed(tx, ours);
  const limit = pLimit(REMOVALS_IN_FLIGHT_MAX);
  const removed: string[] = [];
  const failed: string[] = [];
  let error: Error | undefined;
  const removeOne = async (mediaPath: string): Promise<void> => {
    // When the connection is lost so are our locks: the same content may be recorded again by now. Then this throws.
    await tx`select`;
    try {
      await removeMedia(mediaPath);
      removed.push(mediaPath);
    } catch (thrown) {
      error = toNightjarError(thrown);
      failed.push(mediaPath);
      log.warn({ media_path: mediaPath, err: error }, `a file stays in the media store for now: ${error.message}`);
    }
  };
  await Promise.all(ours.filter((path) => !used.has(path)).map((path) => limit(() => removeOne(path))));
  if (used.size > 0) await tx`delete from media_removals where media_path = any(${[...used]}::text[])`;
  if (removed.length > 0)
    await tx`update media_removals set removed_at = now() where media_path = any(${removed}::text[])`;
  return { removed: removed.length, kept: used.size, failed, error };
}

/** Forgets removals that were done long ago. */
export async function pruneRemovals(db: Database): Promise<void> {
  await db.query(
    (sql) => sql`
      delete from media_removals where media_path in (
        select media_path from media_removals where removed_at < now() - ${REMEMBERED_HOURS} * interval '1 h'
        order by removed_at limit ${PRUNED_AT_ONCE_MAX} for update skip locked)`,
  );
}
