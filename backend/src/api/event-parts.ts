import { z } from '@hono/zod-openapi';
import { tables, type Database } from '../db/index.ts';
import { detectionSchema, frameSchema, toDetectionWire, toFrameWire } from '../model/wire.ts';
import { readEvent } from './events.ts';
import { readDetections } from './lists/detection-list.ts';
import { readFramesOf } from './lists/ledger-list.ts';
import { pageOf, pageQuery } from './pagination.ts';
import { invalid, json, notFound, uuidParams, type ApiApp } from './route-parts.ts';
import { toDetection, toFrame } from './rows.ts';
import { route } from './access.ts';

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
    await readEvent(db, c, id);
    const wanted = { cameraIds: null, eventId: id };
    const { rows, ...page } = await db.read((orm) => readDetections(orm, wanted, c.req.valid('query')));
    return c.json({ items: rows.map((row) => toDetectionWire(toDetection(row))), ...page }, 200);
  });

  app.openapi(eventFrames, async (c) => {
    const { id } = c.req.valid('param');
    await readEvent(db, c, id);
    const owner = { column: tables.frames.eventId, id };
    const { rows, ...page } = await db.read((orm) => readFramesOf(orm, owner, c.req.valid('query')));
    return c.json({ items: rows.map((row) => toFrameWire(toFrame(row))), ...page }, 200);
  });
}
