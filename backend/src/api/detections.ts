import { eq } from 'drizzle-orm';
import { z } from '@hono/zod-openapi';
import { tables, type Database } from '../db/index.ts';
import { detectionSchema, toDetectionWire } from '../model/wire.ts';
import { readDetections } from './lists/detection-list.ts';
import { cameraIdsFor } from './lists/seen.ts';
import { pageOf, pageQuery } from './pagination.ts';
import { flag, invalid, json, label, notFound, seenFilters, uuidParams, type ApiApp } from './route-parts.ts';
import { toDetection } from './rows.ts';
import { route } from './access.ts';
import { assertVisible } from './visible.ts';

const { detections } = tables;
const tags = ['detections'];

const scoreMin = z
  .string()
  .regex(/^\d(\.\d{1,17})?$/, 'must be a number from 0 to 1')
  .transform(Number)
  .pipe(z.number().min(0).max(1))
  .optional()
  .openapi({ type: 'number', minimum: 0, maximum: 1 });

const filters = z.strictObject({
  ...pageQuery,
  ...seenFilters,
  label: label.optional(),
  score_min: scoreMin,
  suppressed: flag
    .optional()
    .openapi({ description: 'those that count towards no event (`suppressed_by` says why), or those that do' }),
  event_id: z.uuid().optional(),
});

const list = route('viewer', {
  method: 'get',
  path: '/api/detections',
  tags,
  description: 'With those that count towards no event, unless `suppressed=false`; statistics leave them out.',
  request: { query: filters },
  responses: { 200: json(pageOf(detectionSchema), 'detections, newest first'), ...invalid },
});
const get = route('viewer', {
  method: 'get',
  path: '/api/detections/{id}',
  tags,
  request: { params: uuidParams },
  responses: { 200: json(detectionSchema, 'the detection'), ...notFound },
});

export function addDetections(app: ApiApp, { db }: { db: Database }): void {
  app.openapi(list, async (c) => {
    const { camera_id, score_min: scoreMin, event_id: eventId, label: labelIs, suppressed, since, until, ...page } = c.req.valid('query'); // prettier-ignore
    const cameraIds = cameraIdsFor(c, camera_id);
    const wanted = { cameraIds, label: labelIs, scoreMin, suppressed, eventId, since, until };
    const { rows, ...rest } = await db.read((orm) => readDetections(orm, wanted, page));
    return c.json({ items: rows.map((row) => toDetectionWire(toDetection(row))), ...rest }, 200);
  });

  app.openapi(get, async (c) => {
    const { id } = c.req.valid('param');
    const [row] = await db.read((orm) => orm.select().from(detections).where(eq(detections.id, id)));
    const seen = assertVisible(c, row, 'there is no detection with this id');
    return c.json(toDetectionWire(toDetection(seen)), 200);
  });
}
