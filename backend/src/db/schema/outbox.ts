/** What is told. */
import { sql } from 'drizzle-orm';
import { bigint, boolean, check, index, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import type { MessageType } from '../../model/wire.ts';
import { time } from './time.ts';

/** Durable messages in commit order. `seq` is gapless: it is taken from `outbox_head` as the last act of a transaction. */
export const outbox = pgTable(
  'outbox',
  {
    seq: bigint({ mode: 'number' }).primaryKey(),
    type: text().$type<MessageType>().notNull(),
    at: time('at').notNull(),
    data: jsonb().notNull(),
    /** W3C Trace Context of the frame that it tells of, while traces are on. */
    traceParent: text('trace_parent'),
  },
  (table) => [index('outbox_at').on(table.at), check('outbox_seq', sql`seq > 0`)],
);

/** One row: the last `seq` given. Its row lock is what makes sequence order commit order. */
export const outboxHead = pgTable(
  'outbox_head',
  {
    one: boolean().primaryKey().default(true),
    seq: bigint({ mode: 'number' }).notNull(),
    /** Which house this is: Redis may serve several, and their messages must not mix. */
    houseId: uuid('house_id').notNull().defaultRandom(),
  },
  () => [check('outbox_head_one', sql`one`)],
);
