import { z } from '@hono/zod-openapi';
import type { Orm } from '../db/index.ts';
import { NightjarError, toNightjarError } from '../lib/errors.ts';
import { eventSchema, toEventWire, type EventWire } from '../model/wire.ts';
import { toBody, type MakePieces } from './body-pieces.ts';
import { toCsv } from './csv.ts';
import { eventFilters, toFilters } from './events.ts';
import { readEventsBelow } from './lists/event-list.ts';
import type { ApiOptions } from './options.ts';
import type { CursorKey } from './pagination.ts';
import { invalid, type ApiApp } from './route-parts.ts';
import { route } from './access.ts';

/** Read and sent in one piece: what an export holds in memory, however long it is. */
const EVENTS_PER_PIECE = 200;
const formats = ['csv', 'ndjson'] as const;
type Format = (typeof formats)[number];
const mediaTypes = { csv: 'text/csv; charset=utf-8', ndjson: 'application/x-ndjson' } as const;
const columns = Object.keys(eventSchema.shape);

const exportRoute = route('viewer', {
  method: 'get',
  path: '/api/events/export',
  tags: ['events'],
  description:
    'All events that pass the filters, newest first, as a file. In CSV, text is quoted, `labels` is JSON, and before what a spreadsheet would take for a formula stands an apostrophe, within a text too. A file that is cut off half-way ends with a broken connection: so ends that of a key which is revoked meanwhile.',
  request: { query: z.strictObject({ ...eventFilters, format: z.enum(formats).default('csv') }) },
  responses: {
    200: {
      description: 'a line for each event; in CSV one with the names before',
      content: { 'text/csv': { schema: z.string() }, 'application/x-ndjson': { schema: z.string() } },
    },
    ...invalid,
  },
});

/**
 * The list as a file, a page at a time, each by a statement of its own: no transaction lives as long as the slowest client.
 * A page is read when the client has taken the one before; none after it has gone, or may not stay.
 */
export function addEventExport(app: ApiApp, options: Pick<ApiOptions, 'db' | 'log' | 'clock' | 'authenticator'>): void {
  const { db, log, clock, authenticator } = options;
  app.openapi(exportRoute, async (c) => {
    const { format, ...query } = c.req.valid('query');
    const filters = toFilters(c, query);
    const identity = c.get('identity');
    const day = new Date(clock.nowMs()).toISOString().slice(0, 10);
    const readNext = (after: CursorKey | undefined) => {
      // As sockets are asked: an export may be under way for longer than the key is good.
      const reason = authenticator.reasonToLeave(identity);
      if (reason !== null) throw new NightjarError('unauthorized', reason);
      return db.read((orm: Orm) => readEventsBelow(orm, filters, { after, limit: EVENTS_PER_PIECE }));
    };
    const body = toBody(toPieces(readNext, format), (cause) => {
      const level = toNightjarError(cause).kind === 'unauthorized' ? 'info' : 'error';
      log[level]({ request_id: c.get('requestId'), err: cause }, 'an export was cut off half-way');
      // The status is sent: only a broken connection still tells the client that this is not all.
      c.env.outgoing.destroy();
    });
    return c.body(body, 200, {
      'Content-Type': mediaTypes[format],
      'Content-Disposition': `attachment; filename="nightjar-events-${day}.${format}"`,
      'Cache-Control': 'no-store',
    });
  });
}

type ReadNext = (after: CursorKey | undefined) => ReturnType<typeof readEventsBelow>;

const toPieces = (readNext: ReadNext, format: Format): MakePieces =>
  async function* (isWanted) {
    const encoder = new TextEncoder();
    if (format === 'csv') yield encoder.encode(toCsv([columns]));
    let after: CursorKey | undefined;
    do {
      const { rows, next } = await readNext(after);
      if (rows.length > 0) yield encoder.encode(toLines(rows.map(toEventWire), format));
      after = next ?? undefined;
    } while (after !== undefined && isWanted());
  };

const toLines = (events: readonly EventWire[], format: Format): string =>
  format === 'ndjson'
    ? events.map((event) => `${JSON.stringify(event)}\n`).join('')
    : toCsv(events.map((event) => Object.values({ ...event, labels: JSON.stringify(event.labels) })));
