import { z } from '@hono/zod-openapi';
import { tables } from '../db/index.ts';
import { NightjarError } from '../lib/errors.ts';
import { DUE_CHANNEL } from '../model/analysis.ts';
import type { CameraEvent } from '../model/index.ts';
import { analysisSchema, eventSchema, toAnalysisWire, toEventWire } from '../model/wire.ts';
import { requireEvent } from './event-parts.ts';
import type { ApiOptions } from './options.ts';
import { readPage, type PageSource } from './lists/read-page.ts';
import { pageOf, pageQuery } from './pagination.ts';
import { conflict, invalid, json, notFound, uuidParams, type ApiApp } from './route-parts.ts';
import { route } from './access.ts';
import { recordChange } from './audit-log.ts';

const { analyses } = tables;
const tags = ['events'];

const list = route('viewer', {
  method: 'get',
  path: '/api/events/{id}/analyses',
  tags,
  description:
    'Who analyzed the event, and what came of it: prompts and answers of a language model, vain attempts too.',
  request: { params: uuidParams, query: z.strictObject(pageQuery) },
  responses: { 200: json(pageOf(analysisSchema), 'its analyses, newest first'), ...invalid, ...notFound },
});
const again = route('admin', {
  method: 'post',
  path: '/api/events/{id}/analyze',
  tags,
  description: 'Asks for one more analysis, first in line. Its result is told as `event.analyzed`.',
  request: { params: uuidParams },
  responses: {
    202: json(eventSchema, 'the event as it is until then'),
    ...notFound,
    409: { ...conflict[409], description: 'the event is still open' },
  },
});

/** How the risk of an event came about, and asking for it again. */
export function addEventAnalysis(app: ApiApp, { db, transact }: Pick<ApiOptions, 'db' | 'transact'>): void {
  app.openapi(list, async (c) => {
    const { id } = c.req.valid('param');
    await requireEvent(c, db);
    const { rows, ...page } = await db.read((orm) => readPage(orm, analysesOf(id), c.req.valid('query')));
    return c.json({ items: rows.map(toAnalysisWire), ...page }, 200);
  });

  app.openapi(again, async (c) => {
    const { id } = c.req.valid('param');
    // A question that is under way keeps its lease: its answer is the answer to this request, too.
    const event = await transact(async (tx) => {
      const [row] = await tx<CameraEvent[]>`
        update events set analysis_due_at = now(), analysis_requested = true, analysis_attempts = 0
        where id = ${id} and state <> 'open' returning *`;
      if (!row) return undefined;
      await tx`select pg_notify(${DUE_CHANNEL}, '')`;
      const asked = { action: 'event.analysis_requested', targetId: id, before: null, after: null };
      await recordChange(tx, c, asked);
      return row;
    });
    if (event) return c.json(toEventWire(event), 202);
    await requireEvent(c, db);
    throw new NightjarError('conflict', 'the event is still open: it is analyzed when it closes');
  });
}

const analysesOf = (eventId: string): PageSource<typeof analyses> => ({
  table: analyses,
  at: analyses.requestedAt,
  id: analyses.id,
  held: [{ column: analyses.eventId, values: [eventId] }],
  span: {},
});
