/** Every row that speaks of a file, against the file. */
import pLimit from 'p-limit';
import type { Sql } from '../../db/index.ts';
import { NightjarError } from '../../lib/errors.ts';
import { findFlaw, type Flaw } from './content.ts';
import { tableOf, type CheckedRow, type CheckOptions } from './finding.ts';
import { repairRow } from './repair-row.ts';

const ROWS_AT_ONCE = 500;
const FILES_AT_ONCE = 4;
/** So many in a row that cannot be read: the store is away, and nothing can be said. */
const UNREADABLE_MAX = 50;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** Resolves to how many rows were compared. Throws `unavailable` when the store does not let itself be read. */
export async function checkRows(options: CheckOptions): Promise<number> {
  const { db, onProgress, signal } = options;
  const startedAt = await readNow(options);
  const total = await db.query(countRows);
  const limit = pLimit(FILES_AT_ONCE);
  let [done, unreadable] = [0, 0];

  async function check(row: CheckedRow): Promise<void> {
    if (signal.aborted) return;
    const fault = await checkRow(row, options);
    unreadable = fault === 'unreadable' ? unreadable + 1 : 0;
    if (unreadable >= UNREADABLE_MAX) throw new NightjarError('unavailable', 'the media store cannot be read');
    onProgress('rows', ++done, total);
  }

  for (const kind of ['frame', 'clip'] as const)
    for (let after = FIRST_ID; ;) {
      const rows = await db.query((sql) => readRows(sql, kind, after, startedAt));
      await Promise.all(rows.map((row) => limit(() => check(row))));
      const last = rows.at(-1);
      if (!last || signal.aborted) break;
      after = last.id;
    }
  return done;
}

async function readNow({ db }: CheckOptions): Promise<Date> {
  const [row] = await db.query((sql) => sql<{ now: Date }[]>`select now()`);
  return row?.now ?? new Date(0);
}

async function countRows(sql: Sql): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select (select count(*) from frames where media_path is not null) + (select count(*) from clips where media_path is not null) as count`;
  return row?.count ?? 0;
}

/** What comes after the start is not looked at: else cameras could keep a check going for ever. */
const readRows = (sql: Sql, kind: CheckedRow['kind'], after: string, startedAt: Date) =>
  sql<CheckedRow[]>`
    select ${kind} as kind, id, state, bytes, sha256, media_path from ${sql(tableOf({ kind }))}
    where id > ${after} and media_path is not null and received_at <= ${startedAt}
    order by id limit ${ROWS_AT_ONCE}`;

async function checkRow(row: CheckedRow, options: CheckOptions): Promise<Flaw['fault'] | undefined> {
  const { media, isQuick, repair, onFinding } = options;
  if (!(await findFlaw(media, row, isQuick))) return undefined;
  // Once more: the row may have been deleted in this moment, and its file with it.
  const [still] = await options.db.query((sql) => readAgain(sql, row));
  const flaw = still && (await findFlaw(media, still, isQuick));
  if (!flaw) return undefined;
  const repaired = repair ? await repairRow(still, flaw, { ...options, repair }) : null;
  onFinding({ ...flaw, mediaPath: row.mediaPath, owner: `${row.kind} ${row.id} (${still.state})`, repair: repaired });
  return flaw.fault;
}

const readAgain = (sql: Sql, { kind, id, mediaPath }: CheckedRow) =>
  sql<CheckedRow[]>`
    select ${kind} as kind, id, state, bytes, sha256, media_path from ${sql(tableOf({ kind }))}
    where id = ${id} and media_path = ${mediaPath}`;
