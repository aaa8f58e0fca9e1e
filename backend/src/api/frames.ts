import { and, eq, isNull } from 'drizzle-orm';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { tables, type Database } from '../db/index.ts';
import { frameStates } from '../model/index.ts';
import { frameSchema, toFrameWire } from '../model/wire.ts';
import { readFrames } from './lists/ledger-list.ts';
import { cameraIdsFor } from './lists/seen.ts';
import { newestFirst, pageOf, pageQuery } from './pagination.ts';
import { invalid, json, notFound, seenFilters, uuidParams, type ApiApp, type ApiEnv } from './route-parts.ts';
import { toFrame, type FrameRow } from './rows.ts';
import { route } from './access.ts';
import { assertVisible } from './visible.ts';

const { frames } = tables;
const tags = ['frames'];

const filters = z.strictObject({ ...pageQuery, ...seenFilters, state: z.enum(frameStates).optional() });

const list = route('viewer', {
  method: 'get',
  path: '/api/frames',
  tags,
  request: { query: filters },
  responses: { 200: json(pageOf(frameSchema), 'frames, newest first'), ...invalid },
});
const get = route('viewer', {
  method: 'get',
  path: '/api/frames/{id}',
  tags,
  request: { params: uuidParams },
  responses: { 200: json(frameSchema, 'the frame'), ...notFound },
});

/** Frames: the ledger as it is, dead letters included. */
export function addFrames(app: ApiApp, { db }: { db: Database }): void {
  app.openapi(list, async (c) => {
    const { camera_id, state, since, until, ...page } = c.req.valid('query');
    const wanted = { cameraIds: cameraIdsFor(c, camera_id), state, since, until };
    const { rows, ...rest } = await db.read((orm) => readFrames(orm, wanted, page));
    return c.json({ items: rows.map((row) => toFrameWire(toFrame(row))), ...rest }, 200);
  });

  app.openapi(get, async (c) => {
    const row = await readFrame(c, db);
    return c.json(toFrameWire(toFrame(row)), 200);
  });
}

/** The frame of the path. Throws `not_found`, also when it may not be seen. */
export async function readFrame(c: Context<ApiEnv>, db: Database): Promise<FrameRow> {
  const id = c.req.param('id') ?? '';
  const [row] = await db.read((orm) => orm.select().from(frames).where(eq(frames.id, id)));
  return assertVisible(c, row, 'there is no frame with this id');
}

/** The newest picture of the camera of the path that was examined. Throws `not_found` when there is none to be seen. */
export async function readLatestFrame(c: Context<ApiEnv>, db: Database): Promise<FrameRow> {
  const { cameras } = tables;
  const cameraId = c.req.param('id') ?? '';
  const [row] = await db.read((orm) =>
    orm
      .select({ frame: frames })
      .from(frames)
      .innerJoin(cameras, eq(cameras.id, frames.cameraId))
      .where(and(eq(frames.cameraId, cameraId), eq(frames.state, 'done'), isNull(cameras.deletedAt)))
      .orderBy(...newestFirst(frames.capturedAt, frames.id))
      .limit(1),
  );
  return assertVisible(c, row?.frame, `there is no picture of a camera "${cameraId}"`);
}
