/** What the shapes that leave the house are made of. */
import { z } from '@hono/zod-openapi';
import { errorKinds } from '../lib/errors.ts';

export const time = z.iso.datetime({ precision: 3 }).openapi({ description: 'ISO 8601, UTC, milliseconds' });
export const uuid = z.uuid();
export const count = z.int().min(0);

export const cameraIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/)
  .openapi({ example: 'front_door' });

export const errorSchema = z.object({ kind: z.enum(errorKinds), message: z.string() });

export const toTime = (date: Date): string => date.toISOString();
export const toTimeOrNull = (date: Date | null): string | null => date && toTime(date);
