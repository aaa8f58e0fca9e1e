import { z } from '@hono/zod-openapi';
import { findPolygonFault } from '../lib/polygon.ts';
import { isPrintable } from '../lib/printable.ts';
import { CORNERS_MAX, CORNERS_MIN, kindSchema, polygonSchema } from '../model/zone-wire.ts';
import { shownName } from './camera-input.ts';
import { label } from './route-parts.ts';

const LABELS_MAX = 100;
/** A hundredth of the width times a hundredth of the height: what is smaller was drawn by a slip of the hand. */
const AREA_MIN = 0.0001;

const labels = z
  .array(label.refine(isPrintable, 'must not hold control characters'))
  .max(LABELS_MAX)
  .refine((given) => new Set(given).size === given.length, 'must not name a label twice')
  .openapi({ description: 'the labels that it is about; none means all' });

const polygon = polygonSchema.superRefine((corners, context) => {
  // Its cost grows with the square of their number, and too many are refused already.
  if (corners.length < CORNERS_MIN || corners.length > CORNERS_MAX) return;
  const fault = findPolygonFault(corners, AREA_MIN);
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
});

export const zoneCreateSchema = z
  .strictObject({
    name: shownName,
    kind: kindSchema,
    polygon,
    labels: labels.default([]),
    enabled: z.boolean().default(true),
  })
  .openapi('ZoneCreate');

export const zonePatchSchema = z
  .strictObject({
    name: shownName.optional(),
    kind: kindSchema.optional(),
    polygon: polygon.optional(),
    labels: labels.optional(),
    enabled: z.boolean().optional(),
  })
  .refine((patch) => Object.keys(patch).length > 0, 'must change something')
  .openapi('ZonePatch');

export type NewZone = z.infer<typeof zoneCreateSchema>;
export type ZonePatch = z.infer<typeof zonePatchSchema>;
