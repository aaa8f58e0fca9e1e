import { timestamp } from 'drizzle-orm/pg-core';

/** With time zone, to the millisecond: what JavaScript can hold. */
export const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });
