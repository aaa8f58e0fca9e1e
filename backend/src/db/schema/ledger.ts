/** Cameras, the frames that came through them, and the files of the inbox that stay there. */
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
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
