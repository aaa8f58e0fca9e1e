/**
 * Pages of long lists, whatever they are filtered by, at a cost that is bounded by construction.
 *
 * No index answers each combination of filters, but a few hold them as prefixes: `(camera_id, risk_level, reviewed, state,
 * time, id)`. A filter that is not given takes all of its few values, so a list is the merge of some walks, each down one
 * range of an index, newest first; of each no more is read than a page holds.
 *
 * What no index can be walked by (a score, words) is looked at row by row. Such a look ends after `lookRowsMax` rows, wherever
 * it has come to: then the page has fewer items than were asked for, even none, and its cursor is where the look ended.
 */
import { sql, type SQL } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import { toArrayText } from '../../db/array-types.ts';
import type { Orm } from '../../db/index.ts';
import { inSpan, type Span } from './span.ts';
import { below, parseCursor, type CursorKey, type PageQuery } from '../pagination.ts';

/** Rows that one page looks at where each lies in a place of its own: 10 ms at most, as each of the next. */
const LOOK_ROWS_MAX = 2_500;
/** Where all that is looked at stands in the index. */
export const INDEX_LOOK_ROWS_MAX = 4_000;
/** Index entries that are merged. */
const MERGED_ROWS_MAX = 3_000;
/** Of more walks, or walks of larger pages, each goes less far: the page is shorter. To find out where it ends costs more for each. */
const CUT_ROWS_MAX = 1_600;
/** What a page that ends early has at the least. */
const CUT_ITEMS_MIN = 5;

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
  /** What no index can be walked by. */
  readonly looked?: SQL | undefined;
  /** Rows that a page looks at, at most. */
  readonly lookRowsMax?: number | undefined;
}

export interface Walked {
  readonly keys: readonly CursorKey[];
  /** Where the next page begins: after this; null at the end of the list. */
  readonly next: CursorKey | null;
}

export interface Place {
  readonly after: CursorKey | undefined;
  readonly limit: number;
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

/** As `walk`, but where a look did not fill the page, others go on from there; none begins when `isLate`. */
export async function walkOn(orm: Orm, source: WalkSource, place: Place, isLate: () => boolean): Promise<Walked> {
  const keys: CursorKey[] = [];
  let next: CursorKey | null | undefined;
  do {
    const found = await walk(orm, source, { ...place, after: next ?? place.after, limit: place.limit - keys.length });
    keys.push(...found.keys);
    next = found.next;
  } while (next !== null && keys.length < place.limit && !isLate());
  return { keys, next };
}

/** Throws `invalid` for a cursor that is not one of this list. */
export const toAfter = (page: Pick<PageQuery, 'cursor'>, id: PgColumn): CursorKey | undefined =>
  page.cursor === undefined ? undefined : parseCursor(page.cursor, id);

function toStatement(source: WalkSource, { after, limit }: Place): SQL {
  const { held, looked, lookRowsMax = LOOK_ROWS_MAX } = source;
  const wanted = limit + 1;
  const walks = countWalks(held);
  if (!looked && wanted * walks <= MERGED_ROWS_MAX) return toMerge(source, { after, wanted });
  const look = Math.max(1, Math.floor((looked ? lookRowsMax : CUT_ROWS_MAX) / walks));
  return toLook(source, { after, wanted, look });
}

interface Part {
  readonly after: CursorKey | undefined;
  readonly wanted: number;
}

/** Each walk has all that a page could have of it. */
function toMerge(source: WalkSource, { after, wanted }: Part): SQL {
  const { table, at, id, held } = source;
  return sql`
    select (extract(epoch from at) * 1000)::bigint as at_ms, id, true as fits from ${toWalks(held)} cross join lateral (
      select ${at} as at, ${id} as id from ${table} ${toWhere(source, after)}
      order by ${toNewest(source)} limit ${wanted}) as found
    order by at desc, id desc limit ${wanted}`;
}

/**
 * Each walk is of `look` rows. `looked` says of each whether it fits; the one that does not is the edge: nothing below it was
 * looked at.
 */
function toLook(source: WalkSource, { after, wanted, look }: Part & { readonly look: number }): SQL {
  const { table, at, id, held, looked } = source;
  const newest = toNewest(source);
  return sql`
    with looked as materialized (
      select found.* from ${toWalks(held)} cross join lateral (
        select * from (
          select ${at} as at, ${id} as id, ${looked ?? sql`true`} as fits, row_number() over (order by ${newest}) as place
          from ${table} ${toWhere(source, after)}
          order by ${newest} limit ${look}) as seen
        where fits or place = ${look} limit ${wanted}) as found),
    edge as materialized (select at, id from looked where place = ${look} order by at desc, id desc limit 1)
    select (extract(epoch from at) * 1000)::bigint as at_ms, id, fits from (
      (select at, id, true as fits from looked
       where fits and (not exists (select from edge) or (at, id) >= (select at, id from edge)) order by 1 desc, 2 desc limit ${wanted})
      union all select at, id, false from edge) as page
    order by fits desc, at desc, id desc`;
}

const toNewest = ({ at, id }: WalkSource): SQL => sql`${at} desc, ${id} desc`;

/** One walk: what it holds, and from where to where it goes. */
function toWhere(source: WalkSource, after: CursorKey | undefined): SQL {
  const same = source.held.map(({ column }, index) => sql`${column} = walk.${sql.identifier(`c${index}`)}`);
  const conditions = [...same, ...toRange(source, after)].filter((one) => one !== undefined);
  return conditions.length > 0 ? sql`where ${sql.join(conditions, sql` and `)}` : sql``;
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
export const isMergeable = (held: readonly Held[]): boolean => countWalks(held) * CUT_ITEMS_MIN <= CUT_ROWS_MAX;

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
