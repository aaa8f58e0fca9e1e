/**
 * Words that are in few events are found by the index of words, all at once. Words that are in many are not: the newest events
 * have them, and walking along those is quicker than to sort all. Which of the two it is, is tried: unless the statistics of
 * PostgreSQL say of its most frequent words that they are in many, the index is asked, and left where it finds too much. The
 * planner's own estimate will not do: of a beginning it never says less than 2 %, however rare the words that begin so.
 */
import { and, sql, type SQL } from 'drizzle-orm';
import { tables, type Orm } from '../../db/index.ts';
import { toArrayText } from '../../db/array-types.ts';
import { below, type CursorKey } from '../pagination.ts';
import { toQuery, type Alternatives, type Search } from './search.ts';
import type { Walked } from './walks.ts';

const { events } = tables;
/** Estimated, to be found by the index of words; and found, after which the estimate was wrong and is not followed: 40 ms. */
const RARE_ROWS_MAX = 1_500;
const FOUND_ROWS_MAX = 2_000;

/** Estimated of a beginning such as `p`: the index would have to gather the events of all words that begin so. */
const BEGUN_ROWS_MAX = 50_000;

export interface RareSearch {
  readonly search: Search;
  readonly conditions: SQL | undefined;
  readonly after: CursorKey | undefined;
  readonly limit: number;
}

/** The keys of one page; undefined where the words are not rare. */
export async function walkRare(
  orm: Orm,
  { search, conditions, after, limit }: RareSearch,
): Promise<Walked | undefined> {
  const isFound = await toCondition(orm, search);
  if (!isFound) return undefined;
  const fits = and(conditions, after && below({ at: events.startedAt, id: events.id }, after)) ?? sql`true`;
  // Materialized and limited: sorted is only what was found, and nothing tempts the planner to walk by time instead. All that
  // has the words counts, and not what fits: else few that fit were looked for among many that do not.
  const rows = await orm.execute<{ at_ms: number; id: string | null; found: number }>(sql`
    with found as materialized (select started_at as at, id, ${fits} as fits from events where ${isFound} limit ${FOUND_ROWS_MAX})
    select (extract(epoch from at) * 1000)::bigint as at_ms, id, size.found
    from (select count(*) as found from found) as size left join found on fits order by at desc, id desc limit ${limit + 1}`);
  if ((rows[0]?.found ?? 0) >= FOUND_ROWS_MAX) return undefined;
  const keys = rows.flatMap(({ at_ms: atMs, id }) => (id === null ? [] : [{ atMs, id }]));
  const shown = keys.slice(0, limit);
  return { keys: shown, next: keys.length > limit ? (shown.at(-1) ?? null) : null };
}

/**
 * By the index of words; but the events of a beginning that many words have are looked at, among those of all else. Undefined
 * where either would be too many.
 */
async function toCondition(orm: Orm, { words, last, narrowing }: Search): Promise<SQL | undefined> {
  const isFound = (query: string): SQL => sql`${events.search} @@ ${query}::tsquery`;
  const others = [...words, ...narrowing];
  const estimate = await readEstimate(orm, [...others, ...(last ? [last] : [])]);
  if (estimate(others, last) > RARE_ROWS_MAX) return undefined;
  if (last === undefined || estimate([], last) <= BEGUN_ROWS_MAX) return isFound(toQuery([...others, last]));
  if (estimate(others) > FOUND_ROWS_MAX) return undefined;
  // The function behind the operator, for which no index is asked.
  return sql`${isFound(toQuery(others))} and ts_match_vq(${events.search}, ${toQuery([last])}::tsquery)`;
}

interface Share extends Record<string, unknown> {
  readonly place: number;
  readonly share: number;
}

/**
 * How many events there are with all of these, as if none had to do with another. Words that are not among the most
 * frequent ones (1,000, as they are sampled) count as none, as do all in a table of which nothing is known yet.
 */
async function readEstimate(orm: Orm, parts: readonly Alternatives[]) {
  const lexemes = parts.flatMap((part, place) => part.map((lexeme) => ({ ...lexeme, place })));
  const column = <T>(values: readonly T[], type: string): SQL => sql`${toArrayText(values)}::${sql.raw(type)}[]`;
  const shares = await orm.execute<Share>(sql`
    select place, sum(freq)::float8 as share
    from unnest(${column(lexemes.map(({ text }) => text), 'text')}, ${column(lexemes.map(({ isBeginning }) => isBeginning), 'bool')},
      ${column(lexemes.map(({ place }) => place), 'int')}) as asked(word, is_beginning, place)
    join (
      select elem, freq from pg_stats cross join unnest(most_common_elems::text::text[], most_common_elem_freqs) as known(elem, freq)
      where schemaname = 'public' and tablename = 'events' and attname = 'search') as frequent
    on elem = word or (is_beginning and starts_with(elem, word)) group by place`); // prettier-ignore
  const [table] = await orm.execute<{ rows: number }>(
    sql`select greatest(reltuples, 0)::float8 as rows from pg_class where oid = 'public.events'::regclass`,
  );
  const shareOf = (part: Alternatives): number =>
    Math.min(1, shares.find(({ place }) => parts[place] === part)?.share ?? 0);
  return (others: readonly Alternatives[], last?: Alternatives): number =>
    [...others, ...(last ? [last] : [])].reduce((rows, part) => rows * shareOf(part), table?.rows ?? 0);
}
