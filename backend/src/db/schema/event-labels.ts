/** Each label of each event, with all that lists of events are filtered by: kept by a trigger (migration 0005). */
import { boolean, index, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { events } from './events.ts';
import { time } from './time.ts';

export const eventLabels = pgTable(
  'event_labels',
  {
    eventId: uuid('event_id')
      .notNull()
      .references(() => events.id, { onDelete: 'cascade' }),
    label: text().notNull(),
    cameraId: text('camera_id').notNull(),
    riskLevel: text('risk_level').notNull(),
    reviewed: boolean().notNull(),
    state: text().notNull(),
    startedAt: time('started_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.eventId, table.label] }),
    index('event_labels_newest').on(
      table.label,
      table.riskLevel,
      table.reviewed,
      table.state,
      table.startedAt.desc().nullsFirst(),
      table.eventId.desc().nullsFirst(),
    ),
    index('event_labels_camera_newest').on(
      table.cameraId,
      table.label,
      table.riskLevel,
      table.reviewed,
      table.state,
      table.startedAt.desc().nullsFirst(),
      table.eventId.desc().nullsFirst(),
    ),
  ],
);
