import { z } from '@hono/zod-openapi';
import type { Alert } from './alert.ts';
import { riskLevels } from './index.ts';
import { cameraIdSchema, time, toTime, toTimeOrNull, uuid } from './wire-parts.ts';

export const alertSchema = z
  .object({
    id: uuid,
    rule_id: uuid.nullable().openapi({ description: 'null once the rule is gone' }),
    rule_name: z.string(),
    event_id: uuid,
    camera_id: cameraIdSchema,
    frame_id: uuid.openapi({ description: 'the frame that shows it' }),
    captured_at: time,
    created_at: time,
    label: z.string().openapi({ description: 'of the strongest detection that matched' }),
    score: z.number().min(0).max(1),
    zone_ids: z.array(uuid),
    risk_score: z.int().min(0).max(100),
    risk_level: z.enum(riskLevels),
    summary: z.string(),
    acknowledged_at: time.nullable(),
    acknowledged_by: z.string().nullable().openapi({ description: 'the name of the key that did' }),
  })
  .openapi('Alert');
export type AlertWire = z.infer<typeof alertSchema>;

export const toAlertWire = (alert: Alert): AlertWire => ({
  id: alert.id,
  rule_id: alert.ruleId,
  rule_name: alert.ruleName,
  event_id: alert.eventId,
  camera_id: alert.cameraId,
  frame_id: alert.frameId,
  captured_at: toTime(alert.capturedAt),
  created_at: toTime(alert.createdAt),
  label: alert.label,
  score: alert.score,
  zone_ids: [...alert.zoneIds],
  risk_score: alert.riskScore,
  risk_level: alert.riskLevel,
  summary: alert.summary,
  acknowledged_at: toTimeOrNull(alert.acknowledgedAt),
  acknowledged_by: alert.acknowledgedBy,
});
