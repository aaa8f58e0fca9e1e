/**
 * Which walks a list of events is. Facets that are not asked for take all their values. The camera is held always: where a
 * look ends, the cursor says when something was seen, and by a camera that may not be seen it must not.
 */
import { and, eq, sql, type SQL } from 'drizzle-orm';
import { tables, type Orm } from '../../db/index.ts';
import { eventStates, riskLevels } from '../../model/index.ts';
import type { EventFilters } from './event-list.ts';
import { heldCameras, ofCameras } from './seen.ts';
import { inSpan } from './span.ts';
import { readFacets } from './totals.ts';
import { countWalks, isMergeable, type Held, type WalkSource } from './walks.ts';

const { events, eventLabels } = tables;
type Along = typeof events | typeof eventLabels;
/** Few, for the time that a search may take is looked at between the looks. */
const SEARCH_ROWS_MAX = 1_500;

/** Along the labels where one is asked for, else along the events; of many cameras, all but the camera is looked at. */
export function toWalks(filters: EventFilters): WalkSource {
  const walks = filters.label === undefined ? toEventWalks(filters) : toLabelWalks(filters, filters.label);
  return isMergeable(walks.held) ? walks : toCameraWalks(filters, and(...toPlain(filters)));
}

/**
 * What no index knows is looked at in the events themselves; and a label then, too. So are facets, in one walk of each camera,
 * unless they are so rare that the walks of theirs alone come further with as many rows.
 */
export async function toSearchWalks(orm: Orm, filters: EventFilters, isFound: SQL): Promise<WalkSource> {
  const looked = { ...toCameraWalks(filters, and(...toPlain(filters), isFound)), lookRowsMax: SEARCH_ROWS_MAX };
  if (!isFaceted(filters) || !(await isRare(orm, filters))) return looked;
  return { ...looked, ...toEventWalks(filters), looked: and(hasLabel(filters.label), isFound) };
}

/** The rows of a look are dealt out to the walks; it has come as far as the walk that came least far: that of most events. */
async function isRare(orm: Orm, filters: EventFilters): Promise<boolean> {
  const { asked, total } = await readFacets(orm, filters);
  const most = asked.reduce((max, { count }) => Math.max(max, count), 0);
  return countWalks(toFacets(filters, events)) * most < total;
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

const toEventWalks = (filters: EventFilters): WalkSource => ({
  table: events,
  at: events.startedAt,
  id: events.id,
  held: [...heldCameras(events.cameraId, filters.cameraIds), ...(isFaceted(filters) ? toFacets(filters, events) : [])],
  span: filters,
});

const toCameraWalks = (filters: EventFilters, looked: SQL | undefined): WalkSource => ({
  table: events,
  at: events.startedAt,
  id: events.id,
  held: heldCameras(events.cameraId, filters.cameraIds),
  span: filters,
  looked,
});

const isFaceted = ({ state, riskLevel, reviewed }: EventFilters): boolean =>
  state !== undefined || riskLevel !== undefined || reviewed !== undefined;

const toFacets = ({ state, riskLevel, reviewed }: EventFilters, along: Along): readonly Held[] => [
  { column: along.riskLevel, values: riskLevel ? [riskLevel] : riskLevels },
  { column: along.reviewed, values: reviewed === undefined ? [true, false] : [reviewed] },
  { column: along.state, values: state ? [state] : eventStates },
];

const hasLabel = (label: string | undefined): SQL | undefined =>
  label === undefined ? undefined : sql`${events.labels} ? ${label}`;

/** All but the words, as conditions on events. */
export const toPlain = (filters: EventFilters): readonly (SQL | undefined)[] => [
  ...toFaceted(filters, events),
  hasLabel(filters.label),
];

/** As conditions on either table. */
export const toFaceted = (filters: EventFilters, along: Along): readonly (SQL | undefined)[] => [
  ofCameras(along.cameraId, filters.cameraIds),
  filters.state && eq(along.state, filters.state),
  filters.riskLevel && eq(along.riskLevel, filters.riskLevel),
  filters.reviewed === undefined ? undefined : eq(along.reviewed, filters.reviewed),
  ...inSpan(along.startedAt, filters),
];
