/**
 * Words that are in few events are found by the index of words, all at once. Words that are in many are not: the newest events
 * have them, and walking along those is quicker than to sort all. Which of the two it is, the statistics of PostgreSQL say.
 */
import { and, sql, type SQL } from 'drizzle-orm';
import { tables, type Orm } from '../../db/index.ts';
import { below, type CursorKey } from '../pagination.ts';
import { toQuery, type Search } from './search.ts';
import type { Walked } from './walks.ts';

const { events } = tables;
/** Estimated, to be found by the index of words; and found, after which the estimate was wrong and is not followed. */
const RARE_ROWS_MAX = 6_000;
const FOUND_ROWS_MAX = 12_000;

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
  const where = and(isFound, conditions, after && below({ at: events.startedAt, id: events.id }, after));
  // Materialized and limited: sorted is only what was found, and nothing tempts the planner to walk by time instead.
  const rows = await orm.execute<{ at_ms: number; id: string; found: number }>(sql`
    with found as materialized (select started_at as at, id from events where ${where} limit ${FOUND_ROWS_MAX})
    select (extract(epoch from at) * 1000)::bigint as at_ms, id, (select count(*) from found) as found
    from found order by at desc, id desc limit ${limit + 1}`);
  if ((rows[0]?.found ?? 0) >= FOUND_ROWS_MAX) return undefined;
  const keys = rows.map(({ at_ms: atMs, id }) => ({ atMs, id }));
  const shown = keys.slice(0, limit);
  return { keys: shown, next: keys.length > limit ? (shown.at(-1) ?? null) : null };
}

/**
 * By the index of words; but the events of a beginning that many words have are looked at, among those of all else. Undefined
 * where either would be too many.
 */
async function toCondition(orm: Orm, { words, last, narrowing }: Search): Promise<SQL | undefined> {
  const isFound = (query: string): SQL => sql`${events.search} @@ ${query}::tsquery`;
  const whole = toQuery([...words, last, ...narrowing]);
  if ((await estimate(orm, whole)) > RARE_ROWS_MAX) return undefined;
  if (last === undefined || (await estimate(orm, last)) <= BEGUN_ROWS_MAX) return isFound(whole);
  const others = toQuery([...words, ...narrowing]);
  // All that begin so are few, or nothing else narrows them: a small house, where any way is quick.
  if (others === '') return isFound(whole);
  if ((await estimate(orm, others)) > FOUND_ROWS_MAX) return undefined;
  // The function behind the operator, for which no index is asked.
  return sql`${isFound(others)} and ts_match_vq(${events.search}, ${last}::tsquery)`;
}

interface Plan {
  readonly Plan: { readonly 'Plan Rows': number };
}

async function estimate(orm: Orm, search: string): Promise<number> {
  const [row] = await orm.execute<{ 'QUERY PLAN': string | readonly Plan[] }>(
    sql`explain (format json) select from events where search @@ ${search}::tsquery`,
  );
  const given = row?.['QUERY PLAN'] ?? [];
  const plans = typeof given === 'string' ? (JSON.parse(given) as readonly Plan[]) : given;
  return plans[0]?.Plan['Plan Rows'] ?? 0;
}
