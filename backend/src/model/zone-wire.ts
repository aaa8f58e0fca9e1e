import { z } from '@hono/zod-openapi';
import { cameraIdSchema, time, toTime, uuid } from './wire-parts.ts';
import { zoneKinds, type Zone } from './zone.ts';

/** Enough for the outline of a street or a garden; and each is compared with every detection. */
export const CORNERS_MIN = 3;
export const CORNERS_MAX = 100;

const share = z.number().min(0).max(1);

export const polygonSchema = z
  .array(z.tuple([share, share]).openapi({ minItems: 2, maxItems: 2 }))
  .min(CORNERS_MIN)
  .max(CORNERS_MAX)
  .openapi({
    description:
      'Corners [x, y] in shares of the picture, 0..1, origin top left, in order around a polygon whose sides do not cross. It closes by itself; its border belongs to it.',
    example: [[0, 0.5], [1, 0.5], [1, 1], [0, 1]], // prettier-ignore
  });

export const kindSchema = z.enum(zoneKinds).openapi({
  description:
    '`ignore`: what stands in it does not count. `watch`: as soon as a camera has enabled watch zones about a label, things of that label count only in one of them; labels that none is about count everywhere. What stands in both kinds does not count.',
});

export const zoneSchema = z
  .object({
    id: uuid,
    camera_id: cameraIdSchema,
    name: z.string(),
    kind: kindSchema,
    polygon: polygonSchema,
    labels: z.array(z.string()).openapi({ description: 'the labels that it is about; none means all' }),
    enabled: z.boolean(),
    created_at: time,
  })
  .openapi('Zone', {
    description:
      'A part of a camera’s picture. Where a thing stands is judged by the foot point of its box: the middle of its lower edge.',
  });
export type ZoneWire = z.infer<typeof zoneSchema>;

export const toZoneWire = (zone: Zone): ZoneWire => ({
  id: zone.id,
  camera_id: zone.cameraId,
  name: zone.name,
  kind: zone.kind,
  polygon: zone.polygon.map(([x, y]) => [x, y]),
  labels: [...zone.labels],
  enabled: zone.enabled,
  created_at: toTime(zone.createdAt),
});
