import { eq, gte, lt, sql } from 'drizzle-orm';
import { z } from '@hono/zod-openapi';
import { tables } from '../db/index.ts';
import { NightjarError } from '../lib/errors.ts';
import { eventStates, riskLevels, type CameraEvent } from '../model/index.ts';
import { eventSchema, toEventWire } from '../model/wire.ts';
import type { ApiOptions } from './options.ts';
import { pageOf, pageQuery, readPage, type PageSource } from './pagination.ts';
import { bodyOf, flag, invalid, json, label, notFound, seenFilters, text, uuidParams, type ApiApp } from './route-parts.ts'; // prettier-ignore
import { route } from './access.ts';
import { recordChange } from './audit-log.ts';
import { assertVisible } from './visible.ts';

const { events } = tables;
const NOTES_CHARS_MAX = 10_000;
const tags = ['events'];

const filters = z.strictObject({
  ...pageQuery,
  ...seenFilters,
  state: z.enum(eventStates).optional(),
  risk_level: z.enum(riskLevels).optional(),
  label: label.optional(),
  reviewed: flag.optional(),
});
const patchSchema = z
  .strictObject({ reviewed: z.boolean().optional(), notes: text(0, NOTES_CHARS_MAX).nullable().optional() })
  .refine((patch) => Object.keys(patch).length > 0, 'must change something')
  .openapi('EventPatch');

const list = route('viewer', {
  method: 'get',
  path: '/api/events',
  tags,
  description: '`since` and `until` are about the start of an event.',
  request: { query: filters },
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
    const { camera_id, state, risk_level, reviewed, since, until, label: labelIs, ...page } = c.req.valid('query');
    const source = eventsWhere([
      camera_id === undefined ? undefined : eq(events.cameraId, camera_id),
      state && eq(events.state, state),
      risk_level && eq(events.riskLevel, risk_level),
      labelIs === undefined ? undefined : sql`${events.labels} ? ${labelIs}`,
      reviewed === undefined ? undefined : eq(events.reviewed, reviewed),
      since && gte(events.startedAt, since),
      until && lt(events.startedAt, until),
    ]);
    const { rows, ...rest } = await db.read((orm) => readPage(orm, source, page));
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

const eventsWhere = (all: PageSource<typeof events>['filters']): PageSource<typeof events> => ({
  table: events,
  at: events.startedAt,
  id: events.id,
  filters: all,
  keyOf: (row) => ({ atMs: row.startedAt.getTime(), id: row.id }),
});

export const NO_EVENT = 'there is no event with this id';
