import { eq } from 'drizzle-orm';
import { z } from '@hono/zod-openapi';
import { tables, type Database } from '../db/index.ts';
import { detectionSchema, frameSchema, toDetectionWire, toFrameWire } from '../model/wire.ts';
import { detectionsWhere } from './detections.ts';
import { throwNoEvent } from './events.ts';
import { framesWhere } from './frames.ts';
import { pageOf, pageQuery, readPage } from './pagination.ts';
import { invalid, json, notFound, uuidParams, type ApiApp } from './route-parts.ts';
import { toDetection, toFrame } from './rows.ts';
import { route } from './access.ts';

const { detections, events, frames } = tables;
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
    await requireEvent(db, id);
    const source = detectionsWhere([eq(detections.eventId, id)]);
    const { rows, ...page } = await db.read((orm) => readPage(orm, source, c.req.valid('query')));
    return c.json({ items: rows.map((row) => toDetectionWire(toDetection(row))), ...page }, 200);
  });

  app.openapi(eventFrames, async (c) => {
    const { id } = c.req.valid('param');
    await requireEvent(db, id);
    const { rows, ...page } = await db.read((orm) =>
      readPage(orm, framesWhere([eq(frames.eventId, id)]), c.req.valid('query')),
    );
    return c.json({ items: rows.map((row) => toFrameWire(toFrame(row))), ...page }, 200);
  });
}

async function requireEvent(db: Database, id: string): Promise<void> {
  const rows = await db.read((orm) => orm.select({ id: events.id }).from(events).where(eq(events.id, id)));
  if (rows.length === 0) throwNoEvent();
}
