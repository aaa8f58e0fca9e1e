/** The list of events, for pages and for the export. */
import { and, eq, getTableColumns, sql, type SQL } from 'drizzle-orm';
import { tables, type Orm } from '../../db/index.ts';
import type { CameraEvent, EventState, RiskLevel } from '../../model/index.ts';
import { toPage, type CursorKey, type Page, type PageQuery } from '../pagination.ts';
import { toQuery, toSearch, type Search } from './search.ts';
import { toFaceted, toPlain, toSearchWalks, toWalks } from './event-walks.ts';
import type { Span } from './span.ts';
import { countEvents, type Counted } from './totals.ts';
import { walkRare } from './rare-words.ts';
import { inOrder, isOneOf, toAfter, walk, walkOn, type Walked } from './walks.ts';

const { events, eventLabels } = tables;
/** After so long, milliseconds, what was found of words is the page: no other look begins. */
const SEARCH_MS_MAX = 30;
/** What is told of an event, without what we know besides: of two hundred events, each column takes its time. */
const {
  search: _search,
  lastReceivedAt: _lastReceivedAt,
  analysisDueAt: _analysisDueAt,
  analysisRequested: _analysisRequested,
  analysisAttempts: _analysisAttempts,
  analysisLeaseId: _analysisLeaseId,
  analysisLeaseUntil: _analysisLeaseUntil,
  ...columns
} = getTableColumns(events);

export interface EventFilters extends Span {
  /** Null for all. */
  readonly cameraIds: readonly string[] | null;
  readonly state?: EventState | undefined;
  readonly riskLevel?: RiskLevel | undefined;
  readonly label?: string | undefined;
  readonly reviewed?: boolean | undefined;
  readonly q?: string | undefined;
}

/** Throws `invalid` for a cursor that is not one of this list. */
export async function readEvents(orm: Orm, filters: EventFilters, page: PageQuery): Promise<Page<CameraEvent>> {
  const { rows, next } = await readEventsBelow(orm, filters, { after: toAfter(page, events.id), limit: page.limit });
  const total = page.count ? await countEvents(orm, filters, () => toCounted(orm, filters)) : undefined;
  return toPage(rows, next, total);
}

export async function readEventsBelow(
  orm: Orm,
  filters: EventFilters,
  place: { readonly after: CursorKey | undefined; readonly limit: number },
): Promise<{ readonly rows: readonly CameraEvent[]; readonly next: CursorKey | null }> {
  const { keys, next } = await findKeys(orm, filters, place);
  if (keys.length === 0) return { rows: [], next };
  const values = keys.map(({ id }) => id);
  const rows = await orm
    .select(columns)
    .from(events)
    .where(isOneOf({ column: events.id, values }));
  return { rows: inOrder(rows, keys), next };
}

async function findKeys(
  orm: Orm,
  filters: EventFilters,
  place: { readonly after: CursorKey | undefined; readonly limit: number },
): Promise<Walked> {
  if (filters.cameraIds?.length === 0) return { keys: [], next: null };
  const endsMs = performance.now() + SEARCH_MS_MAX;
  const search = await readSearch(orm, filters);
  if (search === 'nothing') return { keys: [], next: null };
  if (search === undefined) return walk(orm, toWalks(filters), place);
  const conditions = and(...toPlain(filters));
  const rare = await walkRare(orm, { search, conditions, ...place });
  if (rare) return rare;
  const walks = await toSearchWalks(orm, filters, isFound(search));
  return walkOn(orm, walks, place, () => performance.now() >= endsMs);
}

/** `nothing` where what is asked for has no word at all; undefined where no more is asked for than the filters say. */
async function readSearch(orm: Orm, filters: EventFilters): Promise<Search | 'nothing' | undefined> {
  const { q } = filters;
  if (q === undefined || q.trim() === '') return undefined;
  const search = await toSearch(orm, q, filters);
  if (!search) return 'nothing';
  return search.last === undefined && search.words.length === 0 ? undefined : search;
}

const isFound = ({ words, last }: Search): SQL => sql`${events.search} @@ ${toQuery([...words, last])}::tsquery`;

/** What is counted where no tally knows. */
async function toCounted(orm: Orm, filters: EventFilters): Promise<Counted> {
  const search = await readSearch(orm, filters);
  if (search === 'nothing') return { table: events, conditions: [sql`false`] };
  if (search) return { table: events, conditions: [...toPlain(filters), isFound(search)] };
  if (filters.label === undefined) return { table: events, conditions: toPlain(filters) };
  const conditions = [eq(eventLabels.label, filters.label), ...toFaceted(filters, eventLabels)];
  return { table: eventLabels, conditions };
}
