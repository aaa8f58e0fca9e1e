/** The list of detections: of cameras, of a label, of an event. */
import { and, eq, inArray, sql, type SQL } from 'drizzle-orm';
import { tables, type Orm } from '../../db/index.ts';
import { toPage, type Page, type PageQuery } from '../pagination.ts';
import type { DetectionRow } from '../rows.ts';
import { heldCameras, ofCameras } from './seen.ts';
import { inSpan, type Span } from './span.ts';
import { count, countTallied } from './totals.ts';
import { inOrder, toAfter, walk, type Held } from './walks.ts';

const { detections } = tables;

export interface DetectionFilters extends Span {
  /** Null for all. */
  readonly cameraIds: readonly string[] | null;
  readonly label?: string | undefined;
  readonly scoreMin?: number | undefined;
  readonly eventId?: string | undefined;
}

/** Throws `invalid` for a cursor that is not one of this list. */
export async function readDetections(
  orm: Orm,
  filters: DetectionFilters,
  page: PageQuery,
): Promise<Page<DetectionRow>> {
  const after = toAfter(page, detections.id);
  const { keys, next } =
    filters.cameraIds?.length === 0
      ? { keys: [], next: null }
      : await walk(orm, toWalks(filters), { after, limit: page.limit });
  const ids = keys.map(({ id }) => id);
  const rows = ids.length === 0 ? [] : await orm.select().from(detections).where(inArray(detections.id, ids));
  const total = page.count ? await countAll(orm, filters) : undefined;
  return toPage(inOrder(rows, keys), next, total);
}

/** An event has few detections: of those all else is looked at. */
function toWalks({ cameraIds, label, scoreMin, eventId, ...span }: DetectionFilters) {
  const labels: readonly Held[] = label === undefined ? [] : [{ column: detections.label, values: [label] }];
  const held = [...heldCameras(detections.cameraId, cameraIds), ...labels];
  const walks = { table: detections, at: detections.capturedAt, id: detections.id, span }; // prettier-ignore
  if (eventId === undefined) return { ...walks, held, looked: isSure(scoreMin) };
  const ofEvent = { column: detections.eventId, values: [eventId] };
  const looked = and(ofCameras(detections.cameraId, cameraIds), isLabel(label), isSure(scoreMin));
  return { ...walks, held: [ofEvent], looked };
}

/** Stored as 4-byte floats: 0.7 is a little less there, so the limit must be rounded the same way. */
const isSure = (scoreMin: number | undefined): SQL | undefined =>
  scoreMin === undefined ? undefined : sql`${detections.score} >= ${scoreMin}::real`;

const isLabel = (label: string | undefined): SQL | undefined =>
  label === undefined ? undefined : eq(detections.label, label);

function countAll(orm: Orm, filters: DetectionFilters): Promise<number> {
  const { cameraIds, label, scoreMin, eventId, since, until } = filters;
  if ((scoreMin ?? eventId ?? since ?? until) === undefined)
    return countTallied(orm, { kinds: ['detection', 'suppressed'], cameraIds, key: label });
  return count(orm, detections, [
    ofCameras(detections.cameraId, cameraIds),
    isLabel(label),
    isSure(scoreMin),
    eventId === undefined ? undefined : eq(detections.eventId, eventId),
    ...inSpan(detections.capturedAt, filters),
  ]);
}
