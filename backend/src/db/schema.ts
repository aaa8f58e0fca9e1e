/**
 * The declared schema. Migrations are generated from it (`npx drizzle-kit generate`) and then read by a person.
 * Newest-first indexes say NULLS FIRST, which is what a plain `desc` means: written otherwise, a query could not use them.
 */
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  real,
  smallint,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import type { MessageType } from '../model/wire.ts';

const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });

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
  },
  (table) => [
    uniqueIndex('cameras_folder').on(table.folder),
    check('cameras_id_slug', sql`${table.id} ~ '^[a-z0-9][a-z0-9_-]{0,63}$'`),
    check('cameras_status', sql`${table.status} in ('online', 'offline', 'unknown')`),
  ],
);

/** The ledger: the queue is the state of the frame itself. */
export const frames = pgTable(
  'frames',
  {
    id: uuid().primaryKey(),
    cameraId: text('camera_id')
      .notNull()
      .references(() => cameras.id),
    state: text({ enum: ['pending', 'leased', 'done', 'dead'] }).notNull(),
    sourceName: text('source_name').notNull(),
    sha256: text(),
    mediaType: text('media_type'),
    mediaPath: text('media_path'),
    width: integer(),
    height: integer(),
    bytes: bigint({ mode: 'number' }).notNull(),
    capturedAt: time('captured_at').notNull(),
    receivedAt: time('received_at').notNull().defaultNow(),
    processedAt: time('processed_at'),
    /** Raised by each claim: (id, attempts) is the fencing token of a lease. */
    attempts: integer().notNull().default(0),
    /** Not to be claimed before: the back-off after a failed attempt. */
    availableAt: time('available_at').notNull().defaultNow(),
    /** The advisory lock key that the leasing process holds while it lives. */
    leaseOwner: integer('lease_owner'),
    leaseExpiresAt: time('lease_expires_at'),
    errorKind: text('error_kind'),
    errorMessage: text('error_message'),
  },
  (table) => [
    uniqueIndex('frames_identity').on(table.cameraId, table.sha256),
    unique('frames_id_camera').on(table.id, table.cameraId),
    index('frames_pending_newest')
      .on(table.cameraId, table.capturedAt.desc().nullsFirst(), table.id.desc().nullsFirst())
      .where(sql`state = 'pending'`),
    index('frames_pending_oldest')
      .on(table.receivedAt, table.id)
      .where(sql`state = 'pending'`),
    index('frames_leased')
      .on(table.leaseExpiresAt)
      .where(sql`state = 'leased'`),
    index('frames_newest').on(table.capturedAt.desc().nullsFirst(), table.id.desc().nullsFirst()),
    index('frames_camera_newest').on(
      table.cameraId,
      table.capturedAt.desc().nullsFirst(),
      table.id.desc().nullsFirst(),
    ),
    index('frames_state_newest').on(table.state, table.capturedAt.desc().nullsFirst(), table.id.desc().nullsFirst()),
    check('frames_state', sql`${table.state} in ('pending', 'leased', 'done', 'dead')`),
    check(
      'frames_lease',
      sql`(${table.state} = 'leased') = (lease_owner is not null and lease_expires_at is not null)`,
    ),
    check(
      'frames_dead_reason',
      sql`${table.state} <> 'dead' or (error_kind is not null and error_message is not null)`,
    ),
    check('frames_processed', sql`${table.state} not in ('done', 'dead') or processed_at is not null`),
    check(
      'frames_examinable',
      sql`${table.state} = 'dead' or (sha256 is not null and media_path is not null and media_type is not null and width > 0 and height > 0)`,
    ),
    check('frames_counts', sql`bytes >= 0 and attempts >= 0`),
    check('frames_sha256', sql`sha256 ~ '^[0-9a-f]{64}$'`),
  ],
);

export const events = pgTable(
  'events',
  {
    id: uuid().primaryKey(),
    cameraId: text('camera_id')
      .notNull()
      .references(() => cameras.id),
    state: text({ enum: ['open', 'closed', 'analyzed'] }).notNull(),
    startedAt: time('started_at').notNull(),
    endedAt: time('ended_at').notNull(),
    /** When the last of its frames reached us: silence is measured from here too, for clocks of cameras differ. */
    lastReceivedAt: time('last_received_at').notNull(),
    labels: jsonb().$type<Record<string, number>>().notNull(),
    detectionCount: integer('detection_count').notNull(),
    frameCount: integer('frame_count').notNull(),
    bestFrameId: uuid('best_frame_id').notNull(),
    bestScore: real('best_score').notNull(),
    riskScore: smallint('risk_score').notNull(),
    riskLevel: text('risk_level', { enum: ['low', 'medium', 'high', 'critical'] }).notNull(),
    summary: text().notNull(),
    reasoning: text().notNull(),
    analyzer: text({ enum: ['rules', 'llm'] }).notNull(),
    reviewed: boolean().notNull().default(false),
    notes: text(),
  },
  (table) => [
    unique('events_id_camera').on(table.id, table.cameraId),
    index('events_open')
      .on(table.cameraId, table.startedAt)
      .where(sql`state = 'open'`),
    index('events_newest').on(table.startedAt.desc().nullsFirst(), table.id.desc().nullsFirst()),
    index('events_camera_newest').on(table.cameraId, table.startedAt.desc().nullsFirst(), table.id.desc().nullsFirst()),
    index('events_camera_ended').on(table.cameraId, table.endedAt),
    foreignKey({
      name: 'events_best_frame',
      columns: [table.bestFrameId, table.cameraId],
      foreignColumns: [frames.id, frames.cameraId],
    }),
    check('events_state', sql`${table.state} in ('open', 'closed', 'analyzed')`),
    check('events_span', sql`started_at <= ended_at`),
    check('events_risk_score', sql`risk_score between 0 and 100`),
    check('events_risk_level', sql`${table.riskLevel} in ('low', 'medium', 'high', 'critical')`),
    check('events_analyzer', sql`${table.analyzer} in ('rules', 'llm')`),
    check('events_counts', sql`detection_count >= frame_count and frame_count > 0 and best_score between 0 and 1`),
  ],
);

export const detections = pgTable(
  'detections',
  {
    id: uuid().primaryKey(),
    frameId: uuid('frame_id').notNull(),
    eventId: uuid('event_id').notNull(),
    cameraId: text('camera_id').notNull(),
    label: text().notNull(),
    score: real().notNull(),
    x: integer().notNull(),
    y: integer().notNull(),
    width: integer().notNull(),
    height: integer().notNull(),
    capturedAt: time('captured_at').notNull(),
    model: text().notNull(),
  },
  (table) => [
    // One camera for the frame, the event and the detection: the composite keys say so.
    foreignKey({
      name: 'detections_frame',
      columns: [table.frameId, table.cameraId],
      foreignColumns: [frames.id, frames.cameraId],
    }),
    foreignKey({
      name: 'detections_event',
      columns: [table.eventId, table.cameraId],
      foreignColumns: [events.id, events.cameraId],
    }),
    index('detections_frame_id').on(table.frameId),
    index('detections_event_id').on(table.eventId),
    index('detections_newest').on(table.capturedAt.desc().nullsFirst(), table.id.desc().nullsFirst()),
    index('detections_camera_newest').on(
      table.cameraId,
      table.capturedAt.desc().nullsFirst(),
      table.id.desc().nullsFirst(),
    ),
    index('detections_label_newest').on(
      table.label,
      table.capturedAt.desc().nullsFirst(),
      table.id.desc().nullsFirst(),
    ),
    check('detections_score', sql`score between 0 and 1`),
    check('detections_bbox', sql`x >= 0 and y >= 0 and width > 0 and height > 0`),
  ],
);

/** Durable messages in commit order. `seq` is gapless: it is taken from `outbox_head` as the last act of a transaction. */
export const outbox = pgTable(
  'outbox',
  {
    seq: bigint({ mode: 'number' }).primaryKey(),
    type: text().$type<MessageType>().notNull(),
    at: time('at').notNull(),
    data: jsonb().notNull(),
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

/** Files that stay in the inbox (copy mode, junk): recognised by path, size and mtime without reading them again. */
export const inboxFiles = pgTable(
  'inbox_files',
  {
    path: text().notNull(),
    bytes: bigint({ mode: 'number' }).notNull(),
    mtimeNs: text('mtime_ns').notNull(),
    frameId: uuid('frame_id')
      .notNull()
      .references(() => frames.id, { onDelete: 'cascade' }),
  },
  (table) => [primaryKey({ columns: [table.path] }), index('inbox_files_frame').on(table.frameId)],
);
