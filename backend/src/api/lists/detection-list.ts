/** The list of detections: of cameras, of a label, of an event. */
import { and, eq, isNotNull, isNull, sql, type SQL } from 'drizzle-orm';
import { tables, type Orm } from '../../db/index.ts';
import type { Page, PageQuery } from '../pagination.ts';
import type { DetectionRow } from '../rows.ts';
import { readPage, type PageSource } from './read-page.ts';
import { heldCameras, ofCameras } from './seen.ts';
import type { Span } from './span.ts';
import { countTallied } from './totals.ts';
import { INDEX_LOOK_ROWS_MAX, type Held } from './walks.ts';

const { detections } = tables;

export interface DetectionFilters extends Span {
  /** Null for all. */
  readonly cameraIds: readonly string[] | null;
  readonly label?: string | undefined;
  readonly scoreMin?: number | undefined;
  /** Whether they count towards no event. */
  readonly suppressed?: boolean | undefined;
  readonly eventId?: string | undefined;
}

/** Throws `invalid` for a cursor that is not one of this list. */
export function readDetections(orm: Orm, filters: DetectionFilters, page: PageQuery): Promise<Page<DetectionRow>> {
  const { scoreMin, eventId, since, until, suppressed, label: key, cameraIds } = filters;
  const isTallied = (scoreMin ?? eventId ?? since ?? until) === undefined;
  const counting = () => countTallied(orm, { kinds: toKinds(suppressed), cameraIds, key });
  return readPage(orm, { ...toWalks(filters), countTallied: isTallied ? counting : undefined }, page);
}

/** An event has few detections: of those all else is looked at. */
function toWalks(filters: DetectionFilters): PageSource<typeof detections> {
  const { cameraIds, label, eventId, ...rest } = filters;
  const walks = { table: detections, at: detections.capturedAt, id: detections.id, span: rest };
  if (eventId === undefined) {
    const labels: readonly Held[] = label === undefined ? [] : [{ column: detections.label, values: [label] }];
    return {
      ...walks,
      held: [...heldCameras(detections.cameraId, cameraIds), ...labels],
      looked: and(...toFacets(rest)),
      lookRowsMax: INDEX_LOOK_ROWS_MAX,
    };
  }
  const looked = and(ofCameras(detections.cameraId, cameraIds), isLabel(label), ...toFacets(rest));
  return { ...walks, held: [{ column: detections.eventId, values: [eventId] }], looked };
}

const toFacets = ({ scoreMin, suppressed }: Pick<DetectionFilters, 'scoreMin' | 'suppressed'>) => [
  isSure(scoreMin),
  suppressed === undefined ? undefined : (suppressed ? isNotNull : isNull)(detections.suppressedBy),
];

/** Stored as 4-byte floats: 0.7 is a little less there, so the limit must be rounded the same way. */
const isSure = (scoreMin: number | undefined): SQL | undefined =>
  scoreMin === undefined ? undefined : sql`${detections.score} >= ${scoreMin}::real`;

const isLabel = (label: string | undefined): SQL | undefined =>
  label === undefined ? undefined : eq(detections.label, label);

/** As they are tallied. */
const toKinds = (suppressed: boolean | undefined): readonly string[] => [
  ...(suppressed === true ? [] : ['detection']),
  ...(suppressed === false ? [] : ['suppressed']),
];
