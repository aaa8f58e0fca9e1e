/** Changes of zones, in the transaction that records them. */
import type { Tx } from '../db/index.ts';
import { NightjarError } from '../lib/errors.ts';
import { newId } from '../lib/id.ts';
import type { Zone } from '../model/zone.ts';
import type { NewZone, ZonePatch } from './zone-input.ts';

/** Of one camera: more than anybody draws, and each is compared with every detection. */
export const ZONES_MAX = 50;

/** One change of a camera's zones at a time; `no key`, for frames that come refer to its row meanwhile. */
export async function lockCamera(tx: Tx, id: string): Promise<void> {
  const rows = await tx`select id from cameras where id = ${id} and deleted_at is null for no key update`;
  if (rows.length === 0) throwNoCamera(id);
}

/** Throws `conflict` when there are as many as there may be. */
export async function insertZone(tx: Tx, cameraId: string, { polygon, ...zone }: NewZone): Promise<Zone> {
  const [row] = await tx<Zone[]>`
    insert into zones (id, camera_id, name, kind, polygon, labels, enabled)
    select ${newId()}::uuid, ${cameraId}, ${zone.name}, ${zone.kind}, ${JSON.stringify(polygon)}::text::jsonb,
      ${zone.labels}::text[], ${zone.enabled}::boolean
    where (select count(*) from zones where camera_id = ${cameraId}) < ${ZONES_MAX}
    returning *`;
  if (!row) throw new NightjarError('conflict', `a camera has at most ${ZONES_MAX} zones`);
  return row;
}

export async function readZone(tx: Tx, cameraId: string, zoneId: string): Promise<Zone> {
  const [row] = await tx<Zone[]>`select * from zones where id = ${zoneId} and camera_id = ${cameraId}`;
  return row ?? throwNoZone();
}

/** Only what is given changes. */
export async function updateZone(tx: Tx, zone: Zone, patch: ZonePatch): Promise<Zone> {
  const { name = zone.name, kind = zone.kind, polygon = zone.polygon } = patch;
  const { labels = zone.labels, enabled = zone.enabled } = patch;
  const [row] = await tx<Zone[]>`
    update zones set name = ${name}, kind = ${kind}, polygon = ${JSON.stringify(polygon)}::text::jsonb,
      labels = ${[...labels]}::text[], enabled = ${enabled}
    where id = ${zone.id} returning *`;
  return row ?? throwNoZone();
}

export const throwNoCamera = (id: string): never => {
  throw new NightjarError('not_found', `there is no camera "${id}"`);
};
export const throwNoZone = (): never => {
  throw new NightjarError('not_found', 'there is no zone with this id on this camera');
};
