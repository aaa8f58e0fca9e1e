/** Where pictures and clips come from. */
import { sql } from 'drizzle-orm';
import { boolean, check, index, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { time } from './time.ts';

export const cameras = pgTable(
  'cameras',
  {
    id: text().primaryKey(),
    name: text().notNull(),
    folder: text().notNull(),
    status: text({ enum: ['online', 'offline', 'unknown'] })
      .notNull()
      .default('unknown'),
    enabled: boolean().notNull().default(true),
    createdAt: time('created_at').notNull().defaultNow(),
    lastSeenAt: time('last_seen_at'),
    deletedAt: time('deleted_at'),
    /** All that came through it is to go, and in the end this row. */
    purgeRequestedAt: time('purge_requested_at'),
  },
  (table) => [
    uniqueIndex('cameras_folder').on(table.folder),
    check('cameras_purged', sql`purge_requested_at is null or deleted_at is not null`),
    index('cameras_newest')
      .on(table.createdAt.desc().nullsFirst(), table.id.desc().nullsFirst())
      .where(sql`deleted_at is null`),
    check('cameras_id_slug', sql`${table.id} ~ '^[a-z0-9][a-z0-9_-]{0,63}$'`),
    check('cameras_status', sql`${table.status} in ('online', 'offline', 'unknown')`),
  ],
);
