/** Keys as the API shows them: never the key itself, nor its hash. */
import { z } from '@hono/zod-openapi';
import { cameraIdSchema, toTime } from '../../model/wire.ts';
import { keyRoles } from '../access.ts';
import { shownName } from '../camera-input.ts';
import { isStorableTime } from '../route-parts.ts';
import type { KeyRow, KeyWanted } from './key-rows.ts';

const CAMERAS_MAX = 200;
const time = z.iso.datetime({ precision: 3 });

export const keySchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    prefix: z.string().openapi({ description: 'the first characters of the key' }),
    role: z.enum(keyRoles),
    camera_ids: z
      .array(cameraIdSchema)
      .nullable()
      .openapi({ description: 'the only cameras it may see; null for all' }),
    created_at: time,
    expires_at: time.nullable(),
    last_used_at: time.nullable().openapi({ description: 'to the minute' }),
    revoked_at: time.nullable(),
  })
  .openapi('Key');
type KeyWire = z.infer<typeof keySchema>;

export const newKeySchema = keySchema
  .extend({ key: z.string().openapi({ description: 'the key itself: shown this once, and kept nowhere' }) })
  .openapi('NewKey');

const expiresAt = z.iso
  .datetime({ offset: true, error: 'must be a time such as 2030-06-01T12:00:00Z' })
  .transform((value) => new Date(value))
  .refine((date) => isStorableTime(date.getTime()), 'must be in the years 0001 to 9999')
  .openapi({ type: 'string', format: 'date-time', description: 'in the future' });

export const keyCreateSchema = z
  .strictObject({
    name: shownName,
    role: z.enum(keyRoles),
    camera_ids: z
      .array(cameraIdSchema)
      .min(1, 'must name a camera; leave it out for all')
      .max(CAMERAS_MAX)
      .nullable()
      .optional()
      .openapi({ description: 'the only cameras it may see; not for `admin`' }),
    expires_at: expiresAt.nullable().optional(),
  })
  .refine(({ role, camera_ids }) => role !== 'admin' || !camera_ids, {
    path: ['camera_ids'],
    message: 'must be left out: an admin sees all cameras',
  })
  .openapi('KeyCreate');

export const toKeyWanted = (input: z.infer<typeof keyCreateSchema>): KeyWanted => ({
  name: input.name,
  role: input.role,
  cameraIds: input.camera_ids ? [...new Set(input.camera_ids)] : null,
  expiresAt: input.expires_at ?? null,
});

const toTimeOrNull = (date: Date | null): string | null => date && toTime(date);

export const toKeyWire = (row: KeyRow): KeyWire => ({
  id: row.id,
  name: row.name,
  prefix: row.prefix,
  role: row.role,
  camera_ids: row.cameraIds,
  created_at: toTime(row.createdAt),
  expires_at: toTimeOrNull(row.expiresAt),
  last_used_at: toTimeOrNull(row.lastUsedAt),
  revoked_at: toTimeOrNull(row.revokedAt),
});
