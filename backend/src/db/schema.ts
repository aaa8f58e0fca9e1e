/**
 * The declared schema. Migrations are generated from it (`npx drizzle-kit generate`) and then read by a person.
 * Newest-first indexes say NULLS FIRST, which is what a plain `desc` means: written otherwise, a query could not use them.
 */
export { cameras } from './schema/cameras.ts';
export { frames, inboxFiles } from './schema/ledger.ts';
export { clips } from './schema/clips.ts';
export { mediaRemovals } from './schema/media.ts';
export { analyses, detections, events } from './schema/events.ts';
export { eventLabels } from './schema/event-labels.ts';
export { tallies, tallyDeltas } from './schema/tallies.ts';
export { outbox, outboxHead } from './schema/outbox.ts';
export { apiKeys, audit, endedSessions, houseSecrets, idempotentAnswers } from './schema/identity.ts';
export { stationaryObjects, zones } from './schema/zones.ts';
export { alerts, channels, deliveries, rules } from './schema/alerts.ts';
