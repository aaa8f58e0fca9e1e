/** Who may ask, who asked, and what was changed by whom. */
import { sql } from 'drizzle-orm';
import { check, index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { time } from './time.ts';

/** Keys are random 256 bits: a plain hash of one tells nothing of it. The key itself is shown once and kept nowhere. */
export const apiKeys = pgTable(
  'api_keys',
  {
    id: uuid().primaryKey(),
    name: text().notNull(),
    /** Its first characters, for recognising it. */
    prefix: text().notNull(),
    keyHash: text('key_hash').notNull(),
    role: text({ enum: ['admin', 'viewer', 'ingest'] }).notNull(),
    /** The only cameras it may see; null for all. */
    cameraIds: text('camera_ids').array(),
    createdAt: time('created_at').notNull().defaultNow(),
    expiresAt: time('expires_at'),
    revokedAt: time('revoked_at'),
    lastUsedAt: time('last_used_at'),
  },
  (table) => [
    uniqueIndex('api_keys_hash').on(table.keyHash),
    index('api_keys_newest').on(table.createdAt.desc().nullsFirst(), table.id.desc().nullsFirst()),
    check('api_keys_role', sql`${table.role} in ('admin', 'viewer', 'ingest')`),
    check('api_keys_hash_form', sql`key_hash ~ '^[0-9a-f]{64}$'`),
    check('api_keys_admin_sees_all', sql`${table.role} <> 'admin' or camera_ids is null`),
  ],
);

/** Sessions that were ended before their time. All others are good until they expire: their tokens say so themselves. */
export const endedSessions = pgTable(
  'ended_sessions',
  { id: text().primaryKey(), expiresAt: time('expires_at').notNull() },
  (table) => [index('ended_sessions_expires').on(table.expiresAt)],
);

/** Random words of this house that no person chose and no route shows. Not in backups: a house that is restored has new ones. */
export const houseSecrets = pgTable('house_secrets', {
  name: text({ enum: ['sessions'] }).primaryKey(),
  secret: text().notNull(),
  createdAt: time('created_at').notNull().defaultNow(),
});

/** Every change that somebody made: who, what, before, after, from where. Never holds a secret. */
export const audit = pgTable(
  'audit',
  {
    id: uuid().primaryKey(),
    at: time('at').notNull(),
    /** The key's id, `admin` for that of the configuration, `cli` for the command line of this very machine, `system` for Nightjar itself. */
    actorId: text('actor_id').notNull(),
    actorName: text('actor_name').notNull(),
    actorRole: text('actor_role').notNull(),
    via: text({ enum: ['key', 'session', 'cli', 'system'] }).notNull(),
    /** As in `camera.updated`: what it was done to, and what was done. */
    action: text().notNull(),
    targetId: text('target_id'),
    before: jsonb(),
    after: jsonb(),
    address: text(),
    requestId: text('request_id'),
  },
  (table) => [
    index('audit_newest').on(table.at.desc().nullsFirst(), table.id.desc().nullsFirst()),
    index('audit_action_newest').on(table.action, table.at.desc().nullsFirst(), table.id.desc().nullsFirst()),
    index('audit_actor_newest').on(table.actorId, table.at.desc().nullsFirst(), table.id.desc().nullsFirst()),
    index('audit_target_newest').on(table.targetId, table.at.desc().nullsFirst(), table.id.desc().nullsFirst()),
    check('audit_via', sql`${table.via} in ('key', 'session', 'cli', 'system')`),
  ],
);

/** What was answered to a POST with an Idempotency-Key, written in the transaction that did what it asked for. */
export const idempotentAnswers = pgTable(
  'idempotent_answers',
  {
    /** Two keys may choose the same word. */
    actorId: text('actor_id').notNull(),
    keyHash: text('key_hash').notNull(),
    /** Of method, path and body: another request under the same word is a mistake. */
    requestHash: text('request_hash').notNull(),
    status: integer().notNull(),
    body: jsonb().notNull(),
    location: text(),
    createdAt: time('created_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.actorId, table.keyHash] }),
    index('idempotent_answers_oldest').on(table.createdAt),
  ],
);
