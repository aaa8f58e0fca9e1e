import { and, eq, type InferSelectModel } from 'drizzle-orm';
import { z } from '@hono/zod-openapi';
import { tables, type Database } from '../../db/index.ts';
import { toTime } from '../../model/wire.ts';
import { route } from '../access.ts';
import { readPage } from '../lists/read-page.ts';
import { pageOf, pageQuery } from '../pagination.ts';
import { invalid, json, seenFilters, text, type ApiApp } from '../route-parts.ts';

const { audit } = tables;
const WORD_CHARS_MAX = 100;

/** What it was done to, as that is shown by its own route. */
const thing = z.record(z.string(), z.unknown()).nullable();

const changeSchema = z
  .object({
    id: z.uuid(),
    at: z.iso.datetime({ precision: 3 }),
    actor_id: z.string().openapi({
      description: "the key's id; `admin` for ADMIN_API_KEY, `cli` for the command line, `system` for Nightjar itself",
    }),
    actor_name: z.string(),
    actor_role: z.string(),
    via: z.enum(['key', 'session', 'cli', 'system']),
    action: z.string().openapi({ description: 'as in `camera.updated`' }),
    target_id: z.string().nullable(),
    before: thing.openapi({ description: 'null for what was not there before' }),
    after: thing.openapi({ description: 'null for what is no more' }),
    address: z.string().nullable(),
    request_id: z.string().nullable(),
  })
  .openapi('Change');

const word = text(1, WORD_CHARS_MAX).optional();
const { since, until } = seenFilters;

const list = route('admin', {
  method: 'get',
  path: '/api/audit',
  tags: ['audit'],
  description: 'Who changed what, when, and from where. Kept for 400 days.',
  request: {
    query: z.strictObject({ ...pageQuery, since, until, action: word, actor_id: word, target_id: word }),
  },
  responses: { 200: json(pageOf(changeSchema), 'changes, newest first'), ...invalid },
});

type AuditRow = InferSelectModel<typeof audit>;

export function addAudit(app: ApiApp, { db }: { db: Database }): void {
  app.openapi(list, async (c) => {
    const { since, until, action, actor_id, target_id, ...page } = c.req.valid('query');
    const { held, looked } = toWalks({ action, actor_id, target_id });
    const source = { table: audit, at: audit.at, id: audit.id, held, span: { since, until }, looked };
    const { rows, ...rest } = await db.read((orm) => readPage(orm, source, page));
    return c.json({ items: rows.map(toChangeWire), ...rest }, 200);
  });
}

/** The one that fewest changes have is walked along, each in an index of its own; the others are looked at. */
function toWalks(asked: {
  target_id?: string | undefined;
  actor_id?: string | undefined;
  action?: string | undefined;
}) {
  const all = [
    { column: audit.targetId, value: asked.target_id },
    { column: audit.actorId, value: asked.actor_id },
    { column: audit.action, value: asked.action },
  ];
  const [first, ...others] = all.flatMap(({ column, value }) => (value === undefined ? [] : [{ column, value }]));
  const looked = and(...others.map(({ column, value }) => eq(column, value)));
  return { held: first ? [{ column: first.column, values: [first.value] }] : [], looked };
}

const toChangeWire = (row: AuditRow): z.infer<typeof changeSchema> => ({
  id: row.id,
  at: toTime(row.at),
  actor_id: row.actorId,
  actor_name: row.actorName,
  actor_role: row.actorRole,
  via: row.via,
  action: row.action,
  target_id: row.targetId,
  before: toThing(row.before),
  after: toThing(row.after),
  address: row.address,
  request_id: row.requestId,
});

const toThing = (value: unknown): Record<string, unknown> | null => thing.parse(value);
