import { and, eq, isNull } from 'drizzle-orm';
import { z } from '@hono/zod-openapi';
import { tables, type Tx } from '../db/index.ts';
import { NightjarError } from '../lib/errors.ts';
import type { Camera } from '../model/index.ts';
import { cameraSchema, toCameraWire } from '../model/wire.ts';
import { cameraCreateSchema, cameraPatchSchema, toNewCamera, type NewCamera } from './camera-input.ts';
import { createOnce } from './create-once.ts';
import { purgeSchema, requestPurge } from './camera-purge.ts';
import { recordChange } from './audit-log.ts';
import type { ApiOptions } from './options.ts';
import { readPage } from './lists/read-page.ts';
import { ofCameras } from './lists/seen.ts';
import { pageOf, pageQuery } from './pagination.ts';
import { bodyOf, cameraParams, conflict, flag, idempotencyHeaders, invalid, json, notFound, otherRequest, type ApiApp } from './route-parts.ts'; // prettier-ignore
import { route } from './access.ts';
import { camerasOf, isVisible } from './visible.ts';

const tags = ['cameras'];
const one = json(cameraSchema, 'the camera');

const list = route('viewer', {
  method: 'get',
  path: '/api/cameras',
  tags,
  request: { query: z.strictObject(pageQuery) },
  responses: { 200: json(pageOf(cameraSchema), 'cameras, newest first'), ...invalid },
});
const get = route('viewer', {
  method: 'get',
  path: '/api/cameras/{id}',
  tags,
  request: { params: cameraParams },
  responses: { 200: one, ...notFound },
});
const create = route('admin', {
  method: 'post',
  path: '/api/cameras',
  tags,
  description: 'Also brings back a deleted camera of this id.',
  request: { body: bodyOf(cameraCreateSchema), headers: idempotencyHeaders },
  responses: { 201: one, ...invalid, ...conflict, ...otherRequest },
});
const patch = route('admin', {
  method: 'patch',
  path: '/api/cameras/{id}',
  tags,
  request: { params: cameraParams, body: bodyOf(cameraPatchSchema) },
  responses: { 200: one, ...invalid, ...notFound, ...conflict },
});
const remove = route('admin', {
  method: 'delete',
  path: '/api/cameras/{id}',
  tags,
  description:
    'The camera is gone from the lists; its frames, detections and events are kept, unless it is purged: then they go in the background, and asking again tells what is left.',
  request: { params: cameraParams, query: z.strictObject({ purge: flag.optional() }) },
  responses: {
    204: { description: 'deleted' },
    202: json(purgeSchema, 'it is being purged; 404 once nothing is left'),
    ...invalid,
    ...notFound,
  },
});

/** Cameras: rows of `cameras`; a deleted one keeps its row, and its history. */
export function addCameras(app: ApiApp, { db, transact }: Pick<ApiOptions, 'db' | 'transact'>): void {
  const { cameras } = tables;

  app.openapi(list, async (c) => {
    const cameraIds = camerasOf(c);
    const source = {
      table: cameras,
      at: cameras.createdAt,
      id: cameras.id,
      held: [],
      span: {},
      looked: and(isNull(cameras.deletedAt), ofCameras(cameras.id, cameraIds)),
    };
    const { rows, ...page } = await db.read((orm) => readPage(orm, source, c.req.valid('query')));
    return c.json({ items: rows.map(toCameraWire), ...page }, 200);
  });

  app.openapi(get, async (c) => {
    const { id } = c.req.valid('param');
    const [row] = await db.read((orm) =>
      orm
        .select()
        .from(cameras)
        .where(and(eq(cameras.id, id), isNull(cameras.deletedAt))),
    );
    return c.json(toCameraWire(row && isVisible(c, row.id) ? row : throwNoCamera(id)), 200);
  });

  app.openapi(create, async (c) => {
    const camera = toNewCamera(c.req.valid('json'));
    const { body, headers } = await createOnce(c, {
      transact,
      create: async (tx, say) => {
        const wire = toCameraWire(await insertCamera(tx, camera));
        await recordChange(tx, c, { action: 'camera.created', targetId: wire.id, before: null, after: wire });
        say({ type: 'camera.created', data: wire });
        return { body: wire, location: `/api/cameras/${camera.id}` };
      },
    }).catch(nameTheConflict(`the folder "${camera.folder}" belongs to another camera`));
    return c.json(body, 201, headers);
  });

  app.openapi(patch, async (c) => {
    const { id } = c.req.valid('param');
    const changes = c.req.valid('json');
    const changed = await transact(async (tx) => {
      const before = await lockCamera(tx, id);
      const [row] = await tx<Camera[]>`update cameras set ${tx(changes)} where id = ${id} returning *`;
      const after = toCameraWire(row ?? throwNoCamera(id));
      await recordChange(tx, c, { action: 'camera.updated', targetId: id, before: toCameraWire(before), after });
      return after;
    }).catch(nameTheConflict(`the folder "${changes.folder ?? ''}" belongs to another camera`));
    return c.json(changed, 200);
  });

  app.openapi(remove, async (c) => {
    const { id } = c.req.valid('param');
    if (c.req.valid('query').purge === true) return c.json(await requestPurge(c, { db, transact, id }), 202);
    await transact(async (tx) => {
      const before = toCameraWire(await lockCamera(tx, id));
      await tx`update cameras set deleted_at = now() where id = ${id}`;
      await recordChange(tx, c, { action: 'camera.deleted', targetId: id, before, after: null });
    });
    return c.body(null, 204);
  });
}

/** As it is before it is changed. Throws `not_found`. */
async function lockCamera(tx: Tx, id: string): Promise<Camera> {
  const [row] = await tx<Camera[]>`select * from cameras where id = ${id} and deleted_at is null for no key update`;
  return row ?? throwNoCamera(id);
}

/** A new row, or a deleted one brought back; throws `conflict` when the camera is there already. */
async function insertCamera(tx: Tx, { id, name, folder }: NewCamera): Promise<Camera> {
  const [row] = await tx<Camera[]>`
    insert into cameras (id, name, folder) values (${id}, ${name}, ${folder})
    on conflict (id) do update set name = excluded.name, folder = excluded.folder, enabled = true, deleted_at = null
      where cameras.deleted_at is not null and cameras.purge_requested_at is null
    returning *`;
  if (!row) throw new NightjarError('conflict', `there is a camera "${id}" already`);
  return row;
}

const throwNoCamera = (id: string): never => {
  throw new NightjarError('not_found', `there is no camera "${id}"`);
};

/** The database only says that a key was taken; which one, follows from what was being done. */
const nameTheConflict = (message: string) => (thrown: unknown) => {
  const byDatabase = thrown instanceof NightjarError && thrown.kind === 'conflict' && thrown.cause !== undefined;
  throw byDatabase ? new NightjarError('conflict', message, { cause: thrown }) : thrown;
};
