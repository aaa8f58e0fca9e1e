/** How many a list has in all: from the tallies where they know, else counted. */
import { and, type SQL } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Orm } from '../../db/index.ts';
import { readTallies, sumOf, type Tally } from '../stats/tallies.ts';
import type { EventFilters } from './event-list.ts';

export interface Counted {
  readonly table: PgTable;
  readonly conditions: readonly (SQL | undefined)[];
}

export const count = (orm: Orm, table: PgTable, conditions: readonly (SQL | undefined)[]): Promise<number> =>
  orm.$count(table, and(...conditions));

/** Of tallies, those whose key is as asked for. */
export async function countTallied(
  orm: Orm,
  asked: { readonly kinds: readonly string[]; readonly cameraIds: readonly string[] | null; readonly key?: string | undefined },
): Promise<number> {
  const found = await readTallies(orm, asked);
  return sumOf(found.filter(({ key }) => asked.key === undefined || key === asked.key));
} // prettier-ignore

/** The facets of events are tallied together; labels, times and words are not. */
export async function countEvents(orm: Orm, filters: EventFilters, toCounted: () => Promise<Counted>): Promise<number> {
  const { label, q, since, until } = filters;
  if ((label ?? q ?? since ?? until) === undefined) return sumOf((await readFacets(orm, filters)).asked);
  const { table, conditions } = await toCounted();
  return count(orm, table, conditions);
}

/** How many events there are of each combination of facets that is asked for; and of all. */
export async function readFacets(
  orm: Orm,
  { cameraIds, state, riskLevel, reviewed }: EventFilters,
): Promise<{ readonly asked: readonly Tally[]; readonly total: number }> {
  const found = await readTallies(orm, { kinds: ['event_facets'], cameraIds });
  const wanted = [riskLevel, reviewed === undefined ? undefined : reviewed ? 't' : 'f', state];
  const isAsked = (key: string): boolean =>
    key.split('/').every((part, index) => wanted[index] === undefined || wanted[index] === part);
  return { asked: found.filter(({ key }) => isAsked(key)), total: sumOf(found) };
}
