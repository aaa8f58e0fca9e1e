/** Where past detections would stand by the zones of today, as the pipeline would say of a frame that came now. */
import type { Database } from '../../db/index.ts';
import { groupBy } from '../../lib/group-by.ts';
import type { BBox, CameraEvent } from '../../model/index.ts';
import type { Zone } from '../../model/zone.ts';
import { judgeByZones, toFootPoint } from '../scene/zones.ts';
import type { SeenDetection } from './match.ts';
import { DETECTIONS_READ_MAX } from './rows.ts';

/** The enabled zones by camera: read once for a trial. */
export type ZonesOf = ReadonlyMap<string, readonly Zone[]>;

export async function readZonesOf(db: Database, cameraIds: readonly string[]): Promise<ZonesOf> {
  const zones = await db.query((sql) => {
    const ofCameras = cameraIds.length > 0 ? sql`and camera_id = any(${[...cameraIds]}::text[])` : sql``;
    return sql<Zone[]>`select * from zones where enabled ${ofCameras} order by created_at, id`;
  });
  return groupBy(zones, ({ cameraId }) => cameraId);
}

interface PlacedRow extends Omit<SeenDetection, 'zoneIds' | 'suppressedBy'>, BBox {
  readonly eventId: string;
  readonly cameraId: string;
  readonly frameWidth: number;
  readonly frameHeight: number;
}

/** What counted towards these events, by event, as these zones judge it: the first `DETECTIONS_READ_MAX` of all. */
export async function readPlaced(db: Database, events: readonly CameraEvent[], zonesOf: ZonesOf) {
  const rows = await db.query(
    (sql) => sql<PlacedRow[]>`
      select detections.*, frames.width as frame_width, frames.height as frame_height
      from detections join frames on frames.id = frame_id
      where detections.event_id = any(${events.map(({ id }) => id)}::uuid[])
      order by detections.captured_at, detections.id limit ${DETECTIONS_READ_MAX}`,
  );
  const placed = rows.map((row) => ({ ...row, ...judgeToday(row, zonesOf.get(row.cameraId) ?? []) }));
  return groupBy(placed, ({ eventId }) => eventId);
}

const judgeToday = ({ label, frameWidth, frameHeight, ...bbox }: PlacedRow, zones: readonly Zone[]) =>
  judgeByZones(zones, label, toFootPoint(bbox, { width: frameWidth, height: frameHeight }));
