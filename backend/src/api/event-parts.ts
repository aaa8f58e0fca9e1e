import { eq } from 'drizzle-orm';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { tables, type Database } from '../db/index.ts';
import { detectionSchema, frameSchema, toDetectionWire, toFrameWire } from '../model/wire.ts';
import { NO_EVENT } from './events.ts';
import { readDetections } from './lists/detection-list.ts';
import { readFramesOf } from './lists/ledger-list.ts';
import { pageOf, pageQuery } from './pagination.ts';
import { invalid, json, notFound, uuidParams, type ApiApp, type ApiEnv } from './route-parts.ts';
import { toDetection, toFrame } from './rows.ts';
import { route } from './access.ts';
import { assertVisible } from './visible.ts';

const { events, frames } = tables;
const request = { params: uuidParams, query: z.strictObject(pageQuery) };
const tags = ['events'];

const eventDetections = route('viewer', {
  method: 'get',
  path: '/api/events/{id}/detections',
  tags,
  request,
  responses: { 200: json(pageOf(detectionSchema), 'its detections, newest first'), ...invalid, ...notFound },
});
const eventFrames = route('viewer', {
  method: 'get',
  path: '/api/events/{id}/frames',
  tags,
  request,
  responses: { 200: json(pageOf(frameSchema), 'its frames, newest first'), ...invalid, ...notFound },
});

/** What an event is made of. */
export function addEventParts(app: ApiApp, { db }: { db: Database }): void {
  app.openapi(eventDetections, async (c) => {
    const { id } = c.req.valid('param');
    await requireEvent(c, db);
    const wanted = { cameraIds: null, eventId: id };
    const { rows, ...page } = await db.read((orm) => readDetections(orm, wanted, c.req.valid('query')));
    return c.json({ items: rows.map((row) => toDetectionWire(toDetection(row))), ...page }, 200);
  });

  app.openapi(eventFrames, async (c) => {
    const { id } = c.req.valid('param');
    await requireEvent(c, db);
    const owner = { column: frames.eventId, id };
    const { rows, ...page } = await db.read((orm) => readFramesOf(orm, owner, c.req.valid('query')));
    return c.json({ items: rows.map((row) => toFrameWire(toFrame(row))), ...page }, 200);
  });
}

/** Throws `not_found` unless there is the event of the path, and it may be seen. */
export async function requireEvent(c: Context<ApiEnv>, db: Database): Promise<void> {
  const id = c.req.param('id') ?? '';
  const { cameraId } = events;
  const [row] = await db.read((orm) => orm.select({ cameraId }).from(events).where(eq(events.id, id)));
  assertVisible(c, row, NO_EVENT);
}
