/** What was seen: events, who analyzed them, and the detections that they are made of. */
import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  customType,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  real,
  smallint,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core';
import type { PromptMessage } from '../../model/analysis.ts';
import { cameras } from './cameras.ts';
import { frames } from './ledger.ts';
import { time } from './time.ts';

const tsvector = customType<{ data: string }>({ dataType: () => 'tsvector' });

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
    /** Not to be analyzed before; null when nothing is to be analyzed. Set for every closed event. */
    analysisDueAt: time('analysis_due_at'),
    /** Asked for by a person: first in line, however old. */
    analysisRequested: boolean('analysis_requested').notNull().default(false),
    /** Questions put to an analyst since the event last changed. */
    analysisAttempts: integer('analysis_attempts').notNull().default(0),
    /** Of the question under way: a verdict that names another is about an event that has changed, or comes too late. */
    analysisLeaseId: uuid('analysis_lease_id'),
    analysisLeaseUntil: time('analysis_lease_until'),
    /** The words that it is found by, and `@` with its camera; the function is in migration 0005. */
    search: tsvector().generatedAlwaysAs(sql`event_words(camera_id, labels, summary, notes)`),
  },
  (table) => [
    unique('events_id_camera').on(table.id, table.cameraId),
    index('events_open')
      .on(table.cameraId, table.startedAt)
      .where(sql`state = 'open'`),
    index('events_newest').on(table.startedAt.desc().nullsFirst(), table.id.desc().nullsFirst()),
    index('events_camera_newest').on(table.cameraId, table.startedAt.desc().nullsFirst(), table.id.desc().nullsFirst()),
    // Whatever is asked for, each combination of the rest is a walk down one of these (api/lists/walks.ts).
    index('events_facets_newest').on(
      table.riskLevel,
      table.reviewed,
      table.state,
      table.startedAt.desc().nullsFirst(),
      table.id.desc().nullsFirst(),
    ),
    index('events_camera_facets_newest').on(
      table.cameraId,
      table.riskLevel,
      table.reviewed,
      table.state,
      table.startedAt.desc().nullsFirst(),
      table.id.desc().nullsFirst(),
    ),
    index('events_search').using('gin', table.search).with({ fastupdate: false }),
    index('events_camera_ended').on(table.cameraId, table.endedAt),
    // For the foreign key below: without it, each frame that is deleted would be looked for in all events.
    index('events_best_frame_id').on(table.bestFrameId),
    // What retention deletes, what nobody has reviewed first.
    index('events_oldest').on(table.reviewed, table.lastReceivedAt, table.id),
    index('events_analysis_due')
      .on(table.analysisRequested.desc().nullsFirst(), table.endedAt.desc().nullsFirst(), table.id.desc().nullsFirst())
      .where(sql`analysis_due_at is not null`),
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
    check('events_analysis_lease', sql`(analysis_lease_id is null) = (analysis_lease_until is null)`),
    check('events_analysis_attempts', sql`analysis_attempts >= 0`),
  ],
);

/** Who analyzed an event, when, and what came of it: prompt and answer for audit, the vain attempts too. */
export const analyses = pgTable(
  'analyses',
  {
    id: uuid().primaryKey(),
    eventId: uuid('event_id')
      .notNull()
      .references(() => events.id, { onDelete: 'cascade' }),
    requestedAt: time('requested_at').notNull(),
    finishedAt: time('finished_at').notNull(),
    analyzer: text({ enum: ['rules', 'llm'] }).notNull(),
    model: text(),
    /** Messages without the bytes of pictures; null for the rules. */
    prompt: jsonb().$type<readonly PromptMessage[]>(),
    /** As it came, cut at a limit. */
    answer: text(),
    outcome: text({ enum: ['ok', 'error'] }).notNull(),
    errorKind: text('error_kind'),
    errorMessage: text('error_message'),
    riskScore: smallint('risk_score'),
    durationMs: integer('duration_ms').notNull(),
    tokensIn: integer('tokens_in'),
    tokensOut: integer('tokens_out'),
  },
  (table) => [
    index('analyses_event_newest').on(
      table.eventId,
      table.requestedAt.desc().nullsFirst(),
      table.id.desc().nullsFirst(),
    ),
    check('analyses_analyzer', sql`${table.analyzer} in ('rules', 'llm')`),
    check(
      'analyses_outcome',
      sql`case ${table.outcome} when 'ok' then coalesce(risk_score between 0 and 100, false) and error_kind is null and error_message is null
        when 'error' then risk_score is null and error_kind is not null and error_message is not null else false end`,
    ),
    check('analyses_figures', sql`duration_ms >= 0 and tokens_in >= 0 and tokens_out >= 0`),
  ],
);

export const detections = pgTable(
  'detections',
  {
    id: uuid().primaryKey(),
    frameId: uuid('frame_id').notNull(),
    /** Null for what does not count; `suppressedBy` then says why. */
    eventId: uuid('event_id'),
    cameraId: text('camera_id').notNull(),
    label: text().notNull(),
    score: real().notNull(),
    x: integer().notNull(),
    y: integer().notNull(),
    width: integer().notNull(),
    height: integer().notNull(),
    capturedAt: time('captured_at').notNull(),
    model: text().notNull(),
    /** The zones in which its foot point stood. */
    zoneIds: uuid('zone_ids').array().notNull().default([]),
    suppressedBy: text('suppressed_by', { enum: ['ignore_zone', 'outside_zones', 'stationary'] }),
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
    index('detections_of_event').on(table.eventId, table.capturedAt.desc().nullsFirst(), table.id.desc().nullsFirst()),
    // With what is looked at: in the index alone, not in rows that each lie in a place of their own.
    index('detections_newest').on(
      table.capturedAt.desc().nullsFirst(),
      table.id.desc().nullsFirst(),
      table.score,
      table.suppressedBy,
    ),
    index('detections_camera_newest').on(
      table.cameraId,
      table.capturedAt.desc().nullsFirst(),
      table.id.desc().nullsFirst(),
      table.score,
      table.suppressedBy,
    ),
    index('detections_label_newest').on(
      table.label,
      table.capturedAt.desc().nullsFirst(),
      table.id.desc().nullsFirst(),
      table.score,
      table.suppressedBy,
    ),
    index('detections_camera_label_newest').on(
      table.cameraId,
      table.label,
      table.capturedAt.desc().nullsFirst(),
      table.id.desc().nullsFirst(),
      table.score,
      table.suppressedBy,
    ),
    check('detections_score', sql`score between 0 and 1`),
    check('detections_suppressed', sql`(event_id is null) = (suppressed_by is not null)`),
    check('detections_suppressed_by', sql`suppressed_by in ('ignore_zone', 'outside_zones', 'stationary')`),
    check('detections_bbox', sql`x >= 0 and y >= 0 and width > 0 and height > 0`),
  ],
);
