import { and, eq, isNull } from 'drizzle-orm';
import { z } from '@hono/zod-openapi';
import { tables, type Database } from '../db/index.ts';
import { NightjarError } from '../lib/errors.ts';
import { frameStates } from '../model/index.ts';
import { frameSchema, toFrameWire } from '../model/wire.ts';
import { readFrames } from './lists/ledger-list.ts';
import { cameraIdsFor } from './lists/seen.ts';
import { newestFirst, pageOf, pageQuery } from './pagination.ts';
import { invalid, json, notFound, seenFilters, uuidParams, type ApiApp } from './route-parts.ts';
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
    const row = await readFrame(db, c.req.valid('param').id);
    return c.json(toFrameWire(toFrame(assertVisible(c, row, NO_FRAME))), 200);
  });
}

const NO_FRAME = 'there is no frame with this id';

/** Throws `not_found`. */
export async function readFrame(db: Database, id: string): Promise<FrameRow> {
  const [row] = await db.read((orm) => orm.select().from(frames).where(eq(frames.id, id)));
  if (!row) throw new NightjarError('not_found', NO_FRAME);
  return row;
}

/** The newest picture of a camera that was examined. Throws `not_found` when there is none. */
export async function readLatestFrame(db: Database, cameraId: string): Promise<FrameRow> {
  const { cameras } = tables;
  const [row] = await db.read((orm) =>
    orm
      .select({ frame: frames })
      .from(frames)
      .innerJoin(cameras, eq(cameras.id, frames.cameraId))
      .where(and(eq(frames.cameraId, cameraId), eq(frames.state, 'done'), isNull(cameras.deletedAt)))
      .orderBy(...newestFirst(frames.capturedAt, frames.id))
      .limit(1),
  );
  if (!row) throw new NightjarError('not_found', `there is no picture of a camera "${cameraId}"`);
  return row.frame;
}
