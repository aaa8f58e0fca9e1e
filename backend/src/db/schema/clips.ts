/** Clips: short films, cut into frames. A ledger of its own, with the rules of that of the frames. */
import { sql } from 'drizzle-orm';
import { bigint, check, index, integer, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { cameras } from './cameras.ts';
import { leaseColumns } from './lease.ts';
import { time } from './time.ts';

export const clips = pgTable(
  'clips',
  {
    id: uuid().primaryKey(),
    cameraId: text('camera_id')
      .notNull()
      .references(() => cameras.id),
    /** `pending`: to be cut. `done`: all its frames are in the ledger; whether they were examined, each says itself. */
    state: text({ enum: ['pending', 'leased', 'done', 'dead'] }).notNull(),
    sourceName: text('source_name').notNull(),
    sha256: text().notNull(),
    mediaType: text('media_type').notNull(),
    /** Null once the bytes are lost (a broken disk). */
    mediaPath: text('media_path'),
    bytes: bigint({ mode: 'number' }).notNull(),
    /** Of its first picture. Until the clip is planned, where its name tells no time, the file's time of modification. */
    capturedAt: time('captured_at').notNull(),
    capturedFrom: text('captured_from', { enum: ['name', 'metadata', 'modified'] }).notNull(),
    /** The plan: length, picture size and number of frames to cut. Null until it was looked into; never changed then. */
    durationMs: integer('duration_ms'),
    width: integer(),
    height: integer(),
    framesPlanned: integer('frames_planned'),
    receivedAt: time('received_at').notNull().defaultNow(),
    processedAt: time('processed_at'),
    ...leaseColumns(),
  },
  (table) => [
    uniqueIndex('clips_identity').on(table.cameraId, table.sha256),
    index('clips_pending')
      .on(table.receivedAt, table.id)
      .where(sql`state = 'pending'`),
    index('clips_leased')
      .on(table.leaseExpiresAt)
      .where(sql`state = 'leased'`),
    index('clips_ended')
      .on(table.receivedAt, table.id)
      .where(sql`state in ('done', 'dead')`),
    index('clips_newest').on(table.capturedAt.desc().nullsFirst(), table.id.desc().nullsFirst()),
    index('clips_camera_newest').on(table.cameraId, table.capturedAt.desc().nullsFirst(), table.id.desc().nullsFirst()),
    index('clips_state_newest').on(table.state, table.capturedAt.desc().nullsFirst(), table.id.desc().nullsFirst()),
    index('clips_camera_state_newest').on(
      table.cameraId,
      table.state,
      table.capturedAt.desc().nullsFirst(),
      table.id.desc().nullsFirst(),
    ),
    check('clips_state', sql`${table.state} in ('pending', 'leased', 'done', 'dead')`),
    check('clips_captured_from', sql`${table.capturedFrom} in ('name', 'metadata', 'modified')`),
    check('clips_lease', sql`(${table.state} = 'leased') = (lease_owner is not null and lease_expires_at is not null)`),
    check('clips_dead_reason', sql`${table.state} <> 'dead' or (error_kind is not null and error_message is not null)`),
    check('clips_processed', sql`${table.state} not in ('done', 'dead') or processed_at is not null`),
    check('clips_plan', sql`num_nulls(duration_ms, width, height, frames_planned) in (0, 4)`),
    check('clips_counts', sql`bytes >= 0 and attempts >= 0 and duration_ms >= 0 and frames_planned >= 0`),
    check('clips_sha256', sql`sha256 ~ '^[0-9a-f]{64}$'`),
  ],
);
