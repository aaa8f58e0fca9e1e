/** The list of events, for pages and for the export. */
import { and, eq, getTableColumns, inArray, sql, type SQL } from 'drizzle-orm';
import { tables, type Orm } from '../../db/index.ts';
import { eventStates, riskLevels, type CameraEvent, type EventState, type RiskLevel } from '../../model/index.ts';
import { toPage, type CursorKey, type Page, type PageQuery } from '../pagination.ts';
import { toQuery, toSearch, type Search } from './search.ts';
import { heldCameras, ofCameras } from './seen.ts';
import { inSpan, type Span } from './span.ts';
import { countEvents, type Counted } from './totals.ts';
import { walkRare } from './rare-words.ts';
import { inOrder, isMergeable, toAfter, walk, type Held, type Walked, type WalkSource } from './walks.ts';

const { events, eventLabels } = tables;
/** Of events, whole, and each in a place of its own: they cost twice as much to look at as what is in an index. */
const LOOK_ROWS_MAX = 4_000;
const { search: _words, ...columns } = getTableColumns(events);

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
  const ids = keys.map(({ id }) => id);
  const rows = await orm.select(columns).from(events).where(inArray(events.id, ids));
  return { rows: inOrder(rows, keys), next };
}

async function findKeys(
  orm: Orm,
  filters: EventFilters,
  place: { readonly after: CursorKey | undefined; readonly limit: number },
): Promise<Walked> {
  if (filters.cameraIds?.length === 0) return { keys: [], next: null };
  const search = await readSearch(orm, filters);
  if (search === 'nothing') return { keys: [], next: null };
  if (search === undefined) return walk(orm, toWalks(filters, place.limit), place);
  const conditions = and(...toPlain(filters));
  const rare = await walkRare(orm, { search, conditions, ...place });
  return rare ?? walk(orm, toSearchWalks(filters, search), { ...place, lookRowsMax: LOOK_ROWS_MAX });
}

/** `nothing` where what is asked for has no word at all; undefined where no more is asked for than the filters say. */
async function readSearch(orm: Orm, filters: EventFilters): Promise<Search | 'nothing' | undefined> {
  const { q } = filters;
  if (q === undefined || q.trim() === '') return undefined;
  const search = await toSearch(orm, q, filters);
  if (!search) return 'nothing';
  return search.last === undefined && search.words.length === 0 ? undefined : search;
}

/**
 * Along the labels where one is asked for, else along the events; facets that are not asked for take all their values. Of
 * many cameras, those are too many walks: there all but the camera is looked at. The camera is held always: where a look
 * ends, the cursor says when something was seen, and by a camera that may not be seen it must not.
 */
function toWalks(filters: EventFilters, limit: number): WalkSource {
  const walks = filters.label === undefined ? toEventWalks(filters) : toLabelWalks(filters, filters.label);
  return isMergeable(walks.held, limit) ? walks : toCameraWalks(filters, and(...toPlain(filters)));
}

function toLabelWalks(filters: EventFilters, label: string): WalkSource {
  const along = eventLabels;
  const labels: Held = { column: along.label, values: [label] };
  return {
    table: along,
    at: along.startedAt,
    id: along.eventId,
    held: [...heldCameras(along.cameraId, filters.cameraIds), labels, ...toFacets(filters, along)],
    span: filters,
  };
}

function toEventWalks(filters: EventFilters): WalkSource {
  const { state, riskLevel, reviewed } = filters;
  const isFaceted = state !== undefined || riskLevel !== undefined || reviewed !== undefined;
  return {
    table: events,
    at: events.startedAt,
    id: events.id,
    held: [...heldCameras(events.cameraId, filters.cameraIds), ...(isFaceted ? toFacets(filters, events) : [])],
    span: filters,
  };
}

/** Words are looked at in the events themselves; and a label then, too. */
function toSearchWalks(filters: EventFilters, search: Search): WalkSource {
  const walks = { ...toEventWalks(filters), looked: and(hasLabel(filters.label), isFound(search)) };
  return isMergeable(walks.held, 0) ? walks : toCameraWalks(filters, and(...toPlain(filters), isFound(search)));
}

const toCameraWalks = (filters: EventFilters, looked: SQL | undefined): WalkSource => ({
  table: events,
  at: events.startedAt,
  id: events.id,
  held: heldCameras(events.cameraId, filters.cameraIds),
  span: filters,
  looked,
});

type Along = typeof events | typeof eventLabels;

const toFacets = ({ state, riskLevel, reviewed }: EventFilters, along: Along): readonly Held[] => [
  { column: along.riskLevel, values: riskLevel ? [riskLevel] : riskLevels },
  { column: along.reviewed, values: reviewed === undefined ? [true, false] : [reviewed] },
  { column: along.state, values: state ? [state] : eventStates },
];

const isFound = ({ words, last }: Search): SQL => sql`${events.search} @@ ${toQuery([...words, last])}::tsquery`;

const hasLabel = (label: string | undefined): SQL | undefined =>
  label === undefined ? undefined : sql`${events.labels} ? ${label}`;

/** All but the words, as conditions on events. */
const toPlain = (filters: EventFilters): readonly (SQL | undefined)[] => [
  ...toFaceted(filters, events),
  hasLabel(filters.label),
];

/** As conditions on either table. */
const toFaceted = (filters: EventFilters, along: Along): readonly (SQL | undefined)[] => [
  ofCameras(along.cameraId, filters.cameraIds),
  filters.state && eq(along.state, filters.state),
  filters.riskLevel && eq(along.riskLevel, filters.riskLevel),
  filters.reviewed === undefined ? undefined : eq(along.reviewed, filters.reviewed),
  ...inSpan(along.startedAt, filters),
];

/** What is counted where no tally knows. */
async function toCounted(orm: Orm, filters: EventFilters): Promise<Counted> {
  const search = await readSearch(orm, filters);
  if (search === 'nothing') return { table: events, conditions: [sql`false`] };
  if (search) return { table: events, conditions: [...toPlain(filters), isFound(search)] };
  if (filters.label === undefined) return { table: events, conditions: toPlain(filters) };
  const conditions = [eq(eventLabels.label, filters.label), ...toFaceted(filters, eventLabels)];
  return { table: eventLabels, conditions };
}
