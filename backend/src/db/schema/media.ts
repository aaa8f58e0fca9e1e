/** What is to be removed from the media store. */
import { sql } from 'drizzle-orm';
import { index, pgTable, text } from 'drizzle-orm/pg-core';
import { time } from './time.ts';

/**
 * Written in the transaction that deletes the rows, worked off afterwards: a crash in between leaves no file behind that
 * nobody knows of. A removal stays here for a while after it was done, so that whoever stored the same content again in
 * that very moment finds out before he records it.
 */
export const mediaRemovals = pgTable(
  'media_removals',
  {
    mediaPath: text('media_path').primaryKey(),
    requestedAt: time('requested_at').notNull().defaultNow(),
    removedAt: time('removed_at'),
  },
  (table) => [
    index('media_removals_due')
      .on(table.requestedAt)
      .where(sql`removed_at is null`),
    index('media_removals_done')
      .on(table.removedAt)
      .where(sql`removed_at is not null`),
  ],
);
