import { and, eq, isNull } from 'drizzle-orm';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { tables, type Tx } from '../db/index.ts';
import { cameraIdSchema } from '../model/wire.ts';
import { toZoneWire, zoneSchema } from '../model/zone-wire.ts';
import { route } from './access.ts';
import { recordChange } from './audit-log.ts';
import { createOnce } from './create-once.ts';
import type { ApiOptions } from './options.ts';
import { readPage } from './lists/read-page.ts';
import { pageOf, pageQuery } from './pagination.ts';
import { bodyOf, cameraParams, conflict, idempotencyHeaders, invalid, json, notFound, otherRequest, type ApiApp, type ApiEnv } from './route-parts.ts'; // prettier-ignore
import { isVisible } from './visible.ts';
import { zoneCreateSchema, zonePatchSchema } from './zone-input.ts';
import { insertZone, lockCamera, readZone, throwNoCamera, throwNoZone, updateZone, ZONES_MAX } from './zone-rows.ts';

const tags = ['zones'];
const one = json(zoneSchema, 'the zone');
const zoneParams = z.strictObject({ id: cameraIdSchema, zone_id: z.uuid() });
const description =
  'Holds for the frames that are examined from now on, in every process. Detections that do not count are kept, marked `suppressed_by`, and belong to no event.';

const list = route('viewer', {
  method: 'get',
  path: '/api/cameras/{id}/zones',
  tags,
  request: { params: cameraParams, query: z.strictObject(pageQuery) },
  responses: { 200: json(pageOf(zoneSchema), 'its zones, newest first'), ...invalid, ...notFound },
});
const get = route('viewer', {
  method: 'get',
  path: '/api/cameras/{id}/zones/{zone_id}',
  tags,
  request: { params: zoneParams },
  responses: { 200: one, ...notFound },
});
const create = route('admin', {
  method: 'post',
  path: '/api/cameras/{id}/zones',
  tags,
  description: `${description} A camera has at most ${ZONES_MAX} zones.`,
  request: { params: cameraParams, headers: idempotencyHeaders, body: bodyOf(zoneCreateSchema) },
  responses: { 201: one, ...invalid, ...notFound, ...conflict, ...otherRequest },
});
const patch = route('admin', {
  method: 'patch',
  path: '/api/cameras/{id}/zones/{zone_id}',
  tags,
  description,
  request: { params: zoneParams, body: bodyOf(zonePatchSchema) },
  responses: { 200: one, ...invalid, ...notFound },
});
const remove = route('admin', {
  method: 'delete',
  path: '/api/cameras/{id}/zones/{zone_id}',
  tags,
  description,
  request: { params: zoneParams, query: z.strictObject({}) },
  responses: { 204: { description: 'deleted' }, ...invalid, ...notFound },
});

/** Zones of cameras; they are read anew for each frame (events/scene/), so nobody needs to be told of a change. */
export function addZones(app: ApiApp, { db, transact }: Pick<ApiOptions, 'db' | 'transact'>): void {
  const { cameras, zones } = tables;

  async function requireCamera(c: Context<ApiEnv>, id: string): Promise<void> {
    const rows = await db.read((orm) =>
      orm
        .select({ id: cameras.id })
        .from(cameras)
        .where(and(eq(cameras.id, id), isNull(cameras.deletedAt))),
    );
    if (rows.length === 0 || !isVisible(c, id)) throwNoCamera(id);
  }

  app.openapi(list, async (c) => {
    const { id } = c.req.valid('param');
    await requireCamera(c, id);
    const source = {
      table: zones,
      at: zones.createdAt,
      id: zones.id,
      held: [{ column: zones.cameraId, values: [id] }],
      span: {},
    };
    const { rows, ...page } = await db.read((orm) => readPage(orm, source, c.req.valid('query')));
    return c.json({ items: rows.map(toZoneWire), ...page }, 200);
  });

  app.openapi(get, async (c) => {
    const { id, zone_id: zoneId } = c.req.valid('param');
    await requireCamera(c, id);
    const [row] = await db.read((orm) =>
      orm
        .select()
        .from(zones)
        .where(and(eq(zones.id, zoneId), eq(zones.cameraId, id))),
    );
    return c.json(toZoneWire(row ?? throwNoZone()), 200);
  });

  app.openapi(create, async (c) => {
    const { id } = c.req.valid('param');
    const { body, headers } = await createOnce(c, {
      transact,
      create: async (tx) => {
        await lockVisible(tx, c, id);
        const wire = toZoneWire(await insertZone(tx, id, c.req.valid('json')));
        await recordChange(tx, c, { action: 'zone.created', targetId: wire.id, before: null, after: wire });
        return { body: wire, location: `/api/cameras/${id}/zones/${wire.id}` };
      },
    });
    return c.json(body, 201, headers);
  });

  app.openapi(patch, async (c) => {
    const { id, zone_id: zoneId } = c.req.valid('param');
    const changed = await transact(async (tx) => {
      await lockVisible(tx, c, id);
      const zone = await readZone(tx, id, zoneId);
      const after = toZoneWire(await updateZone(tx, zone, c.req.valid('json')));
      await recordChange(tx, c, { action: 'zone.updated', targetId: zoneId, before: toZoneWire(zone), after });
      return after;
    });
    return c.json(changed, 200);
  });

  app.openapi(remove, async (c) => {
    const { id, zone_id: zoneId } = c.req.valid('param');
    await transact(async (tx) => {
      await lockVisible(tx, c, id);
      const before = toZoneWire(await readZone(tx, id, zoneId));
      await tx`delete from zones where id = ${zoneId}`;
      await recordChange(tx, c, { action: 'zone.deleted', targetId: zoneId, before, after: null });
    });
    return c.body(null, 204);
  });
}

/** Throws `not_found`, also for a camera that may not be seen. */
async function lockVisible(tx: Tx, c: Context<ApiEnv>, id: string): Promise<void> {
  if (!isVisible(c, id)) throwNoCamera(id);
  await lockCamera(tx, id);
}
