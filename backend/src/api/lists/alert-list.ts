/** The list of alerts: of cameras, of an event, of a rule; of those that nobody has seen to. */
import { and, eq, isNotNull, isNull } from 'drizzle-orm';
import { tables, type Orm } from '../../db/index.ts';
import type { Alert } from '../../model/alert.ts';
import type { RiskLevel } from '../../model/index.ts';
import type { Page, PageQuery } from '../pagination.ts';
import { readPage, type PageSource } from './read-page.ts';
import { heldCameras, ofCameras } from './seen.ts';
import type { Span } from './span.ts';
import { INDEX_LOOK_ROWS_MAX } from './walks.ts';

const { alerts } = tables;

export interface AlertFilters extends Span {
  /** Null for all. */
  readonly cameraIds: readonly string[] | null;
  readonly ruleId?: string | undefined;
  readonly eventId?: string | undefined;
  readonly acknowledged?: boolean | undefined;
  readonly riskLevel?: RiskLevel | undefined;
}

/** Throws `invalid` for a cursor that is not one of this list. */
export const readAlerts = (orm: Orm, filters: AlertFilters, page: PageQuery): Promise<Page<Alert>> =>
  readPage(orm, toWalks(filters), page);

/** One event has an alert of each rule at most: of those all else is looked at. */
function toWalks(filters: AlertFilters): PageSource<typeof alerts> {
  const { cameraIds, eventId } = filters;
  const walks = { table: alerts, at: alerts.createdAt, id: alerts.id, span: filters };
  const facets = toFacets(filters);
  if (eventId === undefined)
    return {
      ...walks,
      held: heldCameras(alerts.cameraId, cameraIds),
      looked: and(...facets),
      lookRowsMax: INDEX_LOOK_ROWS_MAX,
    };
  const looked = and(ofCameras(alerts.cameraId, cameraIds), ...facets);
  return { ...walks, held: [{ column: alerts.eventId, values: [eventId] }], looked };
}

const toFacets = ({ ruleId, acknowledged, riskLevel }: AlertFilters) => [
  ruleId === undefined ? undefined : eq(alerts.ruleId, ruleId),
  acknowledged === undefined ? undefined : (acknowledged ? isNotNull : isNull)(alerts.acknowledgedAt),
  riskLevel && eq(alerts.riskLevel, riskLevel),
];
