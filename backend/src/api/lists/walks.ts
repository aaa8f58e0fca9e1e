/**
 * Pages of long lists, whatever they are filtered by, at a cost that is bounded by construction.
 *
 * No index answers each combination of filters, but a few hold them as prefixes: `(camera_id, risk_level, reviewed, state,
 * time, id)`. A filter that is not given takes all of its few values, so a list is the merge of some walks, each down one
 * range of an index, newest first; of each no more is read than a page holds.
 *
 * What no index knows (a score, words) is looked at row by row. Such a look ends after `LOOK_ROWS_MAX` rows, wherever it has
 * come to: then the page has fewer items than were asked for, even none, and its cursor is where the look ended.
 */
import { sql, type SQL } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import { toArrayText } from '../../db/array-types.ts';
import type { Orm } from '../../db/index.ts';
import { inSpan, type Span } from './span.ts';
import { below, parseCursor, type CursorKey, type PageQuery } from '../pagination.ts';

/** Rows that one page looks at: 10 ms or so. */
const LOOK_ROWS_MAX = 8_000;
/** Index entries that are read to be merged. Of more walks, or walks of larger pages, each goes less far: the page is shorter. */
const MERGED_ROWS_MAX = 7_300;
/** What a page that ends early has at the least. */
const MERGED_ITEMS_MIN = 10;

/** A column that a walk holds at one value, and the values that the list asks for. */
export interface Held {
  readonly column: PgColumn;
  readonly values: readonly (string | boolean)[];
}

export interface WalkSource {
  /** What is walked: a table with the key of the order, which need not be the table of the items. */
  readonly table: PgTable;
  readonly at: PgColumn;
  readonly id: PgColumn;
  readonly held: readonly Held[];
  readonly span: Span;
  /** What no index knows. */
  readonly looked?: SQL | undefined;
}

export interface Walked {
  readonly keys: readonly CursorKey[];
  /** Where the next page begins: after this; null at the end of the list. */
  readonly next: CursorKey | null;
}

export interface Place {
  readonly after: CursorKey | undefined;
  readonly limit: number;
  readonly lookRowsMax?: number;
}

/** The keys of one page below `after`. */
export async function walk(orm: Orm, source: WalkSource, place: Place): Promise<Walked> {
  const { limit } = place;
  if (source.held.some(({ values }) => values.length === 0)) return { keys: [], next: null };
  const rows = await orm.execute<{ at_ms: number; id: string; fits: boolean }>(toStatement(source, place));
  const keys = rows.filter(({ fits }) => fits).map(({ at_ms: atMs, id }) => ({ atMs, id }));
  const edge = rows.find(({ fits }) => !fits);
  const shown = keys.slice(0, limit);
  if (keys.length > limit) return { keys: shown, next: shown.at(-1) ?? null };
  return { keys: shown, next: edge ? { atMs: edge.at_ms, id: edge.id } : null };
}

/** As `walk`, but where a look did not fill the page, others go on from there, so many in all. */
export async function walkOn(
  orm: Orm,
  source: WalkSource,
  place: Place & { readonly looksMax: number },
): Promise<Walked> {
  const keys: CursorKey[] = [];
  let next: CursorKey | null | undefined;
  for (let look = 0; look < place.looksMax && keys.length < place.limit && next !== null; look++) {
    const found = await walk(orm, source, { ...place, after: next ?? place.after, limit: place.limit - keys.length });
    keys.push(...found.keys);
    next = found.next;
  }
  return { keys, next: next ?? null };
}

/** Throws `invalid` for a cursor that is not one of this list. */
export const toAfter = (page: Pick<PageQuery, 'cursor'>, id: PgColumn): CursorKey | undefined =>
  page.cursor === undefined ? undefined : parseCursor(page.cursor, id);

/** `looked` says of each key whether it fits; the one that does not is the edge: nothing below it was looked at. */
function toStatement(source: WalkSource, { after, limit, lookRowsMax = LOOK_ROWS_MAX }: Place): SQL {
  const { table, at, id, held, looked } = source;
  const wanted = limit + 1;
  const rowsEach = (looked ? lookRowsMax : MERGED_ROWS_MAX) / countWalks(held);
  const look = Math.max(1, Math.floor(looked ? rowsEach : Math.min(wanted, rowsEach)));
  const same = held.map(({ column }, index) => sql`${column} = walk.${sql.identifier(`c${index}`)}`);
  const conditions = [...same, ...toRange(source, after)].filter((one) => one !== undefined);
  const newest = sql`${at} desc, ${id} desc`;
  return sql`
    with looked as materialized (
      select found.* from ${toWalks(held)} cross join lateral (
        select * from (
          select ${at} as at, ${id} as id, ${looked ?? sql`true`} as fits, row_number() over (order by ${newest}) as place
          from ${table} ${conditions.length > 0 ? sql`where ${sql.join(conditions, sql` and `)}` : sql``}
          order by ${newest} limit ${look}) as seen
        where fits or place = ${look} limit ${wanted}) as found),
    edge as (select at, id from looked where place = ${look} order by at desc, id desc limit 1)
    select (extract(epoch from at) * 1000)::bigint as at_ms, id, fits from (
      (select looked.at, looked.id, true as fits from looked left join edge on true
       where fits and (edge.id is null or (looked.at, looked.id) >= (edge.at, edge.id)) order by 1 desc, 2 desc limit ${wanted})
      union all select at, id, false from edge) as page
    order by fits desc, at desc, id desc`;
}

/**
 * From where a walk begins to where it ends. Only the lower of `until` and the cursor is told: of two such bounds PostgreSQL
 * may begin at the upper one, and read all that is between them.
 */
function toRange({ at, id, span: { since, until } }: WalkSource, after: CursorKey | undefined) {
  const isBelowUntil = after !== undefined && (until === undefined || after.atMs < until.getTime());
  return isBelowUntil ? [...inSpan(at, { since }), below({ at, id }, after)] : inSpan(at, { since, until });
}

export const countWalks = (held: readonly Held[]): number =>
  held.reduce((product, { values }) => product * values.length, 1);

/** Whether pages worth their while can be merged from so many walks; else fewer columns should be held, and the rest looked at. */
export const isMergeable = (held: readonly Held[]): boolean => countWalks(held) * MERGED_ITEMS_MIN <= MERGED_ROWS_MAX;

/** One row for each combination of values. */
function toWalks(held: readonly Held[]): SQL {
  const lists = held.map(({ column, values }, index) => {
    const name = sql.identifier(`c${index}`);
    return sql`unnest(${toArray(column, values)}) as ${sql.identifier(`w${index}`)}(${name})`;
  });
  const from = lists.length > 0 ? sql`from ${sql.join(lists, sql` cross join `)}` : sql``;
  return sql`(select ${lists.length > 0 ? sql`*` : sql`1`} ${from}) as walk`;
}

const toArray = (column: PgColumn, values: readonly (string | boolean)[]): SQL =>
  sql`${toArrayText(values)}::${sql.raw(column.getSQLType())}[]`;

export const isOneOf = ({ column, values }: Held): SQL => sql`${column} = any(${toArray(column, values)})`;

/** The rows of these keys, in their order; one that is deleted meanwhile is left out. */
export function inOrder<Row extends { readonly id: string }>(
  rows: readonly Row[],
  keys: readonly CursorKey[],
): readonly Row[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  return keys.flatMap(({ id }) => byId.get(id) ?? []);
}
