/**
 * Keyset pagination, newest first by (time, id). The cursor is the last row's key and the next page starts below it,
 * by one row comparison that is also the index condition: a page costs the same at any depth, and rows that arrive
 * meanwhile neither shift nor repeat what follows. A row whose own time moves below the cursor meanwhile, as the start of an
 * event does by a frame that comes late, is seen once more.
 */
import { sql, type SQL } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import { z } from '@hono/zod-openapi';
import { NightjarError } from '../lib/errors.ts';
import { flag, isStorableTime } from './route-parts.ts';

const PAGE_ITEMS_DEFAULT = 50;
const PAGE_ITEMS_MAX = 200;
const CURSOR_CHARS_MAX = 200;

export const pageQuery = {
  limit: z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(1).max(PAGE_ITEMS_MAX))
    .default(PAGE_ITEMS_DEFAULT)
    .openapi({ type: 'integer', minimum: 1, maximum: PAGE_ITEMS_MAX, default: PAGE_ITEMS_DEFAULT }),
  cursor: z.string().max(CURSOR_CHARS_MAX).optional().openapi({ description: '`next_cursor` of the page before' }),
  count: flag.default(false).openapi({ type: 'boolean', default: false, description: 'whether to give `total`' }),
};

export interface PageQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly count: boolean;
}

export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    next_cursor: z.string().nullable().openapi({
      description:
        'Follow it until it is null. A page may have fewer items than `limit`, even none, and still a next: what is rare is looked for a while, then the page ends.',
    }),
    total: z
      .int()
      .min(0)
      .optional()
      .openapi({ description: 'how many in all pages; only with `count=true`, which may take a while' }),
  });

export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly next_cursor: string | null;
  readonly total?: number;
}

export const toPage = <Row>(rows: readonly Row[], next: CursorKey | null, total: number | undefined): Page<Row> => ({
  rows,
  next_cursor: next && formatCursor(next),
  ...(total !== undefined && { total }),
});

export interface CursorKey {
  readonly atMs: number;
  readonly id: string;
}

export const newestFirst = (at: PgColumn, id: PgColumn): readonly [SQL, SQL] => [sql`${at} desc`, sql`${id} desc`];

export const below = ({ at, id }: { at: PgColumn; id: PgColumn }, { atMs, id: idValue }: CursorKey): SQL =>
  sql`(${at}, ${id}) < (${new Date(atMs).toISOString()}::timestamptz, ${idValue}::${sql.raw(id.getSQLType())})`;

/** Opaque to clients: what is inside may change. */
export const formatCursor = ({ atMs, id }: CursorKey): string => Buffer.from(`${atMs}~${id}`).toString('base64url');

export function parseCursor(cursor: string, idColumn: PgColumn): CursorKey {
  const [, at, id] = /^(-?\d{1,16})~([0-9a-z_-]{1,64})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  const atMs = Number(at);
  if (id === undefined || !isIdOf(idColumn, id) || !isStorableTime(atMs) || formatCursor({ atMs, id }) !== cursor)
    throw new NightjarError('invalid', 'query.cursor: is not a cursor of this list', {
      faults: [{ path: 'query.cursor', message: 'is not a cursor of this list' }],
    });
  return { atMs, id };
}

const isIdOf = (column: PgColumn, id: string): boolean =>
  column.getSQLType() !== 'uuid' || z.uuid().safeParse(id).success;
