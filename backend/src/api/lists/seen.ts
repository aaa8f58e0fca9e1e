/** What all lists of things seen by cameras have in common: whose they are. */
import { inArray, type SQL } from 'drizzle-orm';
import type { Context } from 'hono';
import type { PgColumn } from 'drizzle-orm/pg-core';
import type { ApiEnv } from '../route-parts.ts';
import { camerasOf } from '../visible.ts';
import type { Held } from './walks.ts';

/** The cameras that are asked for, among those that may be seen: null for all. */
export function cameraIdsFor(c: Context<ApiEnv>, asked: string | undefined): readonly string[] | null {
  const visible = camerasOf(c);
  if (asked === undefined) return visible && [...new Set(visible)];
  return visible === null || visible.includes(asked) ? [asked] : [];
}

export const heldCameras = (column: PgColumn, cameraIds: readonly string[] | null): readonly Held[] =>
  cameraIds === null ? [] : [{ column, values: cameraIds }];

export const ofCameras = (column: PgColumn, cameraIds: readonly string[] | null): SQL | undefined =>
  cameraIds === null ? undefined : inArray(column, [...cameraIds]);
