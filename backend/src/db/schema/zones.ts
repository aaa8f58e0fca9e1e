/** Where in a camera's picture things count, and what has stood there for so long that it is news no more. */
import { sql } from 'drizzle-orm';
import { boolean, check, index, integer, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { cameras } from './cameras.ts';
import { time } from './time.ts';

export const zones = pgTable(
  'zones',
  {
    id: uuid().primaryKey(),
    cameraId: text('camera_id')
      .notNull()
      .references(() => cameras.id, { onDelete: 'cascade' }),
    name: text().notNull(),
    /** `watch`: only what stands in one of these counts. `ignore`: what stands here does not. */
    kind: text({ enum: ['watch', 'ignore'] }).notNull(),
    /** Corners, as shares of the picture's width and height. */
    polygon: jsonb().$type<readonly (readonly [number, number])[]>().notNull(),
    /** The labels that it is about; none means all. */
    labels: text().array().notNull(),
    enabled: boolean().notNull().default(true),
    createdAt: time('created_at').notNull().defaultNow(),
  },
  (table) => [
    index('zones_camera_newest').on(table.cameraId, table.createdAt.desc().nullsFirst(), table.id.desc().nullsFirst()),
    check('zones_kind', sql`${table.kind} in ('watch', 'ignore')`),
  ],
);

/** What stands still before a camera: the box where it was first seen, and for how long. */
export const stationaryObjects = pgTable(
  'stationary_objects',
  {
    id: uuid().primaryKey(),
    cameraId: text('camera_id')
      .notNull()
      .references(() => cameras.id, { onDelete: 'cascade' }),
    label: text().notNull(),
    /** Shares of the picture's width and height: a camera may change the size of its pictures. */
    box: jsonb()
      .$type<{ readonly x: number; readonly y: number; readonly width: number; readonly height: number }>()
      .notNull(),
    firstSeenAt: time('first_seen_at').notNull(),
    lastSeenAt: time('last_seen_at').notNull(),
    sightings: integer().notNull(),
  },
  (table) => [
    index('stationary_objects_camera').on(table.cameraId),
    check('stationary_objects_span', sql`first_seen_at <= last_seen_at and sightings > 0`),
  ],
);
