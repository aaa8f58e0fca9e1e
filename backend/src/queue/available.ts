import type { Sql } from '../db/index.ts';
import { BACKOFF_S_LONGEST } from './leases.ts';

/**
 * A SQL condition on frames and clips: held back no longer. A time that lies further off than any back-off was written
 * while the server's clock ran ahead of what it says now; nobody waits for it, or that might take hours.
 */
export const isAvailable = (sql: Sql) => sql`
  (available_at <= now() or available_at > now() + ${BACKOFF_S_LONGEST} * interval '1 s')`;
