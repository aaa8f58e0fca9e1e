/** How many there are of what: kept by triggers (at the end of migration 0005), so that nobody has to count. */
import { bigint, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';

const tallyColumns = () => ({
  /** `frame`, `frame_state`, `clip_state`, `detection`, `suppressed`, `event`, `event_facets` or `alert`; in `tallies` also with `.h`. */
  kind: text().notNull(),
  /** A state, a label, a risk level; '' where the kind says it all. */
  key: text().notNull(),
  /** In `tallies` also '': all cameras. */
  cameraId: text('camera_id').notNull(),
  /**
   * The quarter of an hour in which it was captured, for time zones differ by no less; the hour, where the kind ends with `.h`;
   * `-infinity`: of all times.
   */
  bucket: timestamp({ withTimezone: true, precision: 0 }).notNull(),
  count: bigint({ mode: 'number' }).notNull(),
});

/** What was added up so far. */
export const tallies = pgTable('tallies', tallyColumns(), (table) => [
  primaryKey({ columns: [table.kind, table.cameraId, table.bucket, table.key] }),
]);

/** What is yet to be added. Rows are only inserted here, so that no two writers wait for each other. */
export const tallyDeltas = pgTable('tally_deltas', tallyColumns());
