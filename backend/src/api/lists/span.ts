import { gte, lt, type SQL } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';

export interface Span {
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
}

export const inSpan = (at: PgColumn, { since, until }: Span): readonly (SQL | undefined)[] => [
  since && gte(at, since),
  until && lt(at, until),
];
