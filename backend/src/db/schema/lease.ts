/** What every ledger needs to be leased, tried again and buried. */
import { integer, text } from 'drizzle-orm/pg-core';
import { time } from './time.ts';

export const leaseColumns = () => ({
  /** Raised by each claim: (id, attempts) is the fencing token of a lease. */
  attempts: integer().notNull().default(0),
  /** Not to be claimed before: the back-off after a failed attempt. */
  availableAt: time('available_at').notNull().defaultNow(),
  /** The advisory lock key that the leasing process holds while it lives. */
  leaseOwner: integer('lease_owner'),
  leaseExpiresAt: time('lease_expires_at'),
  errorKind: text('error_kind'),
  errorMessage: text('error_message'),
});
