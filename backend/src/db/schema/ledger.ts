/** The frames that came, and the files of the inbox that stay there. */
import { sql } from 'drizzle-orm';
import {
  bigint,
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
import { cameras } from './cameras.ts';
import { clips } from './clips.ts';
import { leaseColumns } from './lease.ts';
import { time } from './time.ts';

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
    ...leaseColumns(),
    /** How often a process died with this frame in hand. From the first time on it is examined apart from all others. */
    crashes: integer().notNull().default(0),
    /** The clip that it was cut from, and where in it. */
    clipId: uuid('clip_id').references(() => clips.id),
    clipOffsetMs: integer('clip_offset_ms'),
    /** The event that its detections belong to; null when nothing was found in it. Kept in step by the event's room. */
    eventId: uuid('event_id'),
    /** W3C Trace Context of its way, while traces are on. */
    traceParent: text('trace_parent'),
  },
  (table) => [
    // A frame of a clip is known by its place in the clip: two moments may look the same to the last bit.
    uniqueIndex('frames_identity')
      .on(table.cameraId, table.sha256)
      .where(sql`clip_id is null`),
    uniqueIndex('frames_of_clip')
      .on(table.clipId, table.clipOffsetMs)
      .where(sql`clip_id is not null`),
    index('frames_of_clip_content')
      .on(table.cameraId, table.sha256)
      .where(sql`clip_id is not null`),
    index('frames_of_clip_newest')
      .on(table.clipId, table.capturedAt.desc().nullsFirst(), table.id.desc().nullsFirst())
      .where(sql`clip_id is not null`),
    index('frames_of_event')
      .on(table.eventId, table.capturedAt.desc().nullsFirst(), table.id.desc().nullsFirst())
      .where(sql`event_id is not null`),
    // What retention deletes without looking at events, the first received first.
    index('frames_without_event')
      .on(table.receivedAt, table.id)
      .where(sql`event_id is null and state in ('done', 'dead')`),
    index('frames_suspect')
      .on(table.receivedAt, table.id)
      .where(sql`state = 'pending' and crashes > 0`),
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
    // How many were examined lately.
    index('frames_examined')
      .on(table.processedAt)
      .where(sql`state = 'done'`),
    index('frames_newest').on(table.capturedAt.desc().nullsFirst(), table.id.desc().nullsFirst()),
    index('frames_camera_newest').on(
      table.cameraId,
      table.capturedAt.desc().nullsFirst(),
      table.id.desc().nullsFirst(),
    ),
    index('frames_state_newest').on(table.state, table.capturedAt.desc().nullsFirst(), table.id.desc().nullsFirst()),
    index('frames_camera_state_newest').on(
      table.cameraId,
      table.state,
      table.capturedAt.desc().nullsFirst(),
      table.id.desc().nullsFirst(),
    ),
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
    // The bytes of an examined frame may be lost (a broken disk): what was seen in it stays.
    check(
      'frames_examinable',
      sql`${table.state} = 'dead' or (sha256 is not null and media_type is not null and width > 0 and height > 0
        and (media_path is not null or ${table.state} = 'done'))`,
    ),
    check('frames_clip', sql`(clip_id is null) = (clip_offset_ms is null) and clip_offset_ms >= 0`),
    check('frames_counts', sql`bytes >= 0 and attempts >= 0 and crashes >= 0`),
    check('frames_sha256', sql`sha256 ~ '^[0-9a-f]{64}$'`),
  ],
);

/**
 * Files that stay in the inbox (copy mode, junk): recognised by path, size and mtime without reading them again, also when
 * what they became is no longer kept. A row goes when its file has gone.
 */
export const inboxFiles = pgTable(
  'inbox_files',
  {
    path: text().notNull(),
    bytes: bigint({ mode: 'number' }).notNull(),
    mtimeNs: text('mtime_ns').notNull(),
    /** What it became: a frame or a clip. Neither: it was examined, and that is no longer kept. */
    frameId: uuid('frame_id').references(() => frames.id, { onDelete: 'set null' }),
    clipId: uuid('clip_id').references(() => clips.id, { onDelete: 'set null' }),
  },
  (table) => [
    primaryKey({ columns: [table.path] }),
    index('inbox_files_frame').on(table.frameId),
    index('inbox_files_clip').on(table.clipId),
    // For the look whether their files are still there.
    index('inbox_files_unkept')
      .on(table.path)
      .where(sql`frame_id is null and clip_id is null`),
    check('inbox_files_one', sql`frame_id is null or clip_id is null`),
  ],
);
