/** What somebody wants to be told of, where, what was found, and what became of telling it. */
import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  real,
  smallint,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import type { Schedule } from '../../model/alert.ts';
import { cameras } from './cameras.ts';
import { events } from './events.ts';
import { leaseColumns } from './lease.ts';
import { time } from './time.ts';

/** Empty lists mean all. */
export const rules = pgTable(
  'rules',
  {
    id: uuid().primaryKey(),
    name: text().notNull(),
    enabled: boolean().notNull().default(true),
    labels: text().array().notNull(),
    cameraIds: text('camera_ids').array().notNull(),
    zoneIds: uuid('zone_ids').array().notNull(),
    scoreMin: real('score_min').notNull(),
    riskMin: smallint('risk_min').notNull(),
    /** Null: at all times. */
    schedule: jsonb().$type<Schedule>(),
    /** No second alert of this rule for the same camera within so many seconds. */
    cooldownS: integer('cooldown_s').notNull(),
    channelIds: uuid('channel_ids').array().notNull(),
    createdAt: time('created_at').notNull().defaultNow(),
  },
  (table) => [
    index('rules_newest').on(table.createdAt.desc().nullsFirst(), table.id.desc().nullsFirst()),
    check('rules_score_min', sql`score_min between 0 and 1`),
    check('rules_risk_min', sql`risk_min between 0 and 100`),
    check('rules_cooldown', sql`cooldown_s >= 0`),
  ],
);

/** One rule tells of one event once. Goes with its event. */
export const alerts = pgTable(
  'alerts',
  {
    id: uuid().primaryKey(),
    /** Null once the rule is gone; its name stays. */
    ruleId: uuid('rule_id').references(() => rules.id, { onDelete: 'set null' }),
    ruleName: text('rule_name').notNull(),
    eventId: uuid('event_id')
      .notNull()
      .references(() => events.id, { onDelete: 'cascade' }),
    cameraId: text('camera_id')
      .notNull()
      .references(() => cameras.id),
    /** The frame that shows it. */
    frameId: uuid('frame_id').notNull(),
    /** Capture time of what made it. The cool-down is measured by this. */
    capturedAt: time('captured_at').notNull(),
    createdAt: time('created_at').notNull(),
    label: text().notNull(),
    score: real().notNull(),
    zoneIds: uuid('zone_ids').array().notNull(),
    riskScore: smallint('risk_score').notNull(),
    riskLevel: text('risk_level', { enum: ['low', 'medium', 'high', 'critical'] }).notNull(),
    summary: text().notNull(),
    acknowledgedAt: time('acknowledged_at'),
    /** The name of the key that did. */
    acknowledgedBy: text('acknowledged_by'),
  },
  (table) => [
    uniqueIndex('alerts_once').on(table.ruleId, table.eventId),
    index('alerts_event').on(table.eventId),
    index('alerts_cooldown').on(table.ruleId, table.cameraId, table.capturedAt),
    // With what is looked at, in the index alone.
    index('alerts_newest').on(
      table.createdAt.desc().nullsFirst(),
      table.id.desc().nullsFirst(),
      table.riskLevel,
      table.acknowledgedAt,
      table.ruleId,
    ),
    index('alerts_camera_newest').on(
      table.cameraId,
      table.createdAt.desc().nullsFirst(),
      table.id.desc().nullsFirst(),
      table.riskLevel,
      table.acknowledgedAt,
      table.ruleId,
    ),
    check('alerts_score', sql`score between 0 and 1`),
    check('alerts_risk', sql`risk_score between 0 and 100 and risk_level in ('low', 'medium', 'high', 'critical')`),
    check('alerts_acknowledged', sql`(acknowledged_at is null) = (acknowledged_by is null)`),
  ],
);

/** Where alerts go. */
export const channels = pgTable(
  'channels',
  {
    id: uuid().primaryKey(),
    name: text().notNull(),
    kind: text({ enum: ['webhook', 'email', 'ntfy', 'mqtt'] }).notNull(),
    enabled: boolean().notNull().default(true),
    /** By its kind; with its secrets, which no answer holds. */
    settings: jsonb().notNull(),
    createdAt: time('created_at').notNull().defaultNow(),
    /** Of a channel that keeps a connection: since when there is none, and why. Null while there is. */
    awaySince: time('away_since'),
    awayKind: text('away_kind'),
    awayReason: text('away_reason'),
  },
  (table) => [
    index('channels_newest').on(table.createdAt.desc().nullsFirst(), table.id.desc().nullsFirst()),
    check('channels_kind', sql`${table.kind} in ('webhook', 'email', 'ntfy', 'mqtt')`),
    check('channels_away', sql`num_nulls(away_since, away_kind, away_reason) in (0, 3)`),
  ],
);

/** One alert to one channel: a ledger with the rules of that of the frames. Written with the alert itself. */
export const deliveries = pgTable(
  'deliveries',
  {
    id: uuid().primaryKey(),
    channelId: uuid('channel_id')
      .notNull()
      .references(() => channels.id, { onDelete: 'cascade' }),
    /** Null for a test, and once the alert is gone. */
    alertId: uuid('alert_id').references(() => alerts.id, { onDelete: 'set null' }),
    /** What is sent, whole: it can go out when the alert is long gone. */
    payload: jsonb().notNull(),
    state: text({ enum: ['pending', 'leased', 'done', 'dead'] }).notNull(),
    createdAt: time('created_at').notNull(),
    deliveredAt: time('delivered_at'),
    /** What the other side last said, in a line; cut at a limit. */
    response: text(),
    ...leaseColumns(),
  },
  (table) => [
    // By channel: those of one that is full or away are not walked through to find those of the others.
    index('deliveries_pending')
      .on(table.channelId, table.availableAt, table.id)
      .where(sql`state = 'pending'`),
    index('deliveries_leased')
      .on(table.leaseExpiresAt)
      .where(sql`state = 'leased'`),
    index('deliveries_channel_newest').on(
      table.channelId,
      table.createdAt.desc().nullsFirst(),
      table.id.desc().nullsFirst(),
    ),
    index('deliveries_alert').on(table.alertId),
    index('deliveries_ended')
      .on(table.createdAt)
      .where(sql`state in ('done', 'dead')`),
    check('deliveries_state', sql`${table.state} in ('pending', 'leased', 'done', 'dead')`),
    check(
      'deliveries_lease',
      sql`(${table.state} = 'leased') = (lease_owner is not null and lease_expires_at is not null)`,
    ),
    check(
      'deliveries_dead_reason',
      sql`${table.state} <> 'dead' or (error_kind is not null and error_message is not null)`,
    ),
    check('deliveries_delivered', sql`(${table.state} = 'done') = (delivered_at is not null)`),
  ],
);
