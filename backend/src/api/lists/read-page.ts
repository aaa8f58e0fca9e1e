/** One page of a table: its rows in the order of the walk that found them. */
import { getTableColumns, type InferSelectModel } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Orm } from '../../db/index.ts';
import { toPage, type CursorKey, type Page, type PageQuery } from '../pagination.ts';
import { inSpan } from './span.ts';
import { count } from './totals.ts';
import { inOrder, isOneOf, toAfter, walk, type WalkSource } from './walks.ts';

export interface PageSource<Table extends PgTable> extends WalkSource {
  readonly table: Table;
  /** Where somebody keeps count; else they are counted. */
  readonly countTallied?: (() => Promise<number>) | undefined;
}

/** Throws `invalid` for a cursor that is not one of this list. */
export async function readPage<Table extends PgTable>(
  orm: Orm,
  source: PageSource<Table>,
  page: PageQuery,
): Promise<Page<InferSelectModel<Table>>> {
  const { keys, next } = await walk(orm, source, { after: toAfter(page, source.id), limit: page.limit });
  const rows = await readRows(orm, source, keys);
  if (!page.count) return toPage(rows, next, undefined);
  return toPage(rows, next, await (source.countTallied?.() ?? countFound(orm, source)));
}

async function readRows<Table extends PgTable>(
  orm: Orm,
  { table, id }: PageSource<Table>,
  keys: readonly CursorKey[],
): Promise<readonly InferSelectModel<Table>[]> {
  if (keys.length === 0) return [];
  const anyTable: PgTable = table; // drizzle cannot follow a generic table through its builder
  const isShown = isOneOf({ column: id, values: keys.map((key) => key.id) });
  const rows = await orm.select(getTableColumns(anyTable)).from(anyTable).where(isShown);
  return inOrder(rows as (InferSelectModel<Table> & { id: string })[], keys);
}

const countFound = (orm: Orm, { table, at, held, span, looked }: WalkSource): Promise<number> =>
  count(orm, table, [...held.map(isOneOf), ...inSpan(at, span), looked]);
