import { eq } from 'drizzle-orm';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { tables } from '../db/index.ts';
import { NightjarError } from '../lib/errors.ts';
import { eventStates, riskLevels, type CameraEvent } from '../model/index.ts';
import { eventSchema, toEventWire } from '../model/wire.ts';
import type { ApiOptions } from './options.ts';
import { cameraIdsFor } from './lists/seen.ts';
import { readEvents, type EventFilters } from './lists/event-list.ts';
import { pageOf, pageQuery } from './pagination.ts';
import { bodyOf, flag, invalid, json, label, notFound, seenFilters, text, uuidParams, type ApiApp, type ApiEnv } from './route-parts.ts'; // prettier-ignore
import { route } from './access.ts';
import { recordChange } from './audit-log.ts';
import { assertVisible } from './visible.ts';

const { events } = tables;
const NOTES_CHARS_MAX = 10_000;
const QUERY_CHARS_MAX = 200;
const tags = ['events'];

export const eventFilters = {
  ...seenFilters,
  q: text(0, QUERY_CHARS_MAX).optional().openapi({
    description:
      'words of summary, notes, labels and camera, in any order; all must be there, the last may be the beginning of a word',
  }),
  state: z.enum(eventStates).optional(),
  risk_level: z.enum(riskLevels).optional(),
  label: label.optional(),
  reviewed: flag.optional(),
};
const patchSchema = z
  .strictObject({ reviewed: z.boolean().optional(), notes: text(0, NOTES_CHARS_MAX).nullable().optional() })
  .refine((patch) => Object.keys(patch).length > 0, 'must change something')
  .openapi('EventPatch');

const list = route('viewer', {
  method: 'get',
  path: '/api/events',
  tags,
  description: '`since` and `until` are about the start of an event.',
  request: { query: z.strictObject({ ...pageQuery, ...eventFilters }) },
  responses: { 200: json(pageOf(eventSchema), 'events, newest first'), ...invalid },
});
const get = route('viewer', {
  method: 'get',
  path: '/api/events/{id}',
  tags,
  request: { params: uuidParams },
  responses: { 200: json(eventSchema, 'the event'), ...notFound },
});
const patch = route('admin', {
  method: 'patch',
  path: '/api/events/{id}',
  tags,
  request: { params: uuidParams, body: bodyOf(patchSchema) },
  responses: { 200: json(eventSchema, 'the event as it is now'), ...invalid, ...notFound },
});

export function addEvents(app: ApiApp, { db, transact }: Pick<ApiOptions, 'db' | 'transact'>): void {
  app.openapi(list, async (c) => {
    const query = c.req.valid('query');
    const { rows, ...rest } = await db.read((orm) => readEvents(orm, toFilters(c, query), query));
    return c.json({ items: rows.map(toEventWire), ...rest }, 200);
  });

  app.openapi(get, async (c) => {
    const { id } = c.req.valid('param');
    const [row] = await db.read((orm) => orm.select().from(events).where(eq(events.id, id)));
    return c.json(toEventWire(assertVisible(c, row, NO_EVENT)), 200);
  });

  app.openapi(patch, async (c) => {
    const { id } = c.req.valid('param');
    const changes = c.req.valid('json');
    // The row stays locked until the message has its place, so the last message always shows the last state.
    const changed = await transact(async (tx, say) => {
      const [before] = await tx<CameraEvent[]>`select * from events where id = ${id} for no key update`;
      const [row] = await tx<CameraEvent[]>`update events set ${tx(changes)} where id = ${id} returning *`;
      if (!before || !row) throw new NightjarError('not_found', NO_EVENT);
      const wire = toEventWire(row);
      await recordChange(tx, c, { action: 'event.updated', targetId: id, before: toEventWire(before), after: wire });
      say({ type: 'event.updated', data: wire });
      return wire;
    });
    return c.json(changed, 200);
  });
}

type EventQuery = Omit<EventFilters, 'cameraIds' | 'riskLevel'> & {
  readonly camera_id?: string | undefined;
  readonly risk_level?: EventFilters['riskLevel'];
};

export function toFilters(c: Context<ApiEnv>, query: EventQuery): EventFilters {
  const { camera_id, risk_level, state, label: labelIs, reviewed, q, since, until } = query;
  const cameraIds = cameraIdsFor(c, camera_id);
  return { cameraIds, riskLevel: risk_level, state, label: labelIs, reviewed, q, since, until };
}

export const NO_EVENT = 'there is no event with this id';
