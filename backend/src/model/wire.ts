/** The shapes that leave the house, over REST and WebSocket alike: snake_case, ISO 8601 UTC with milliseconds. */
import { z } from '@hono/zod-openapi';
import { errorKinds, type ErrorKind } from '../lib/errors.ts';
import type { Analysis } from './analysis.ts';
import { alertSchema } from './alert-wire.ts';
import { clipSchema } from './clip-wire.ts';
import {
  eventStates,
  frameStates,
  riskLevels,
  type Camera,
  type CameraEvent,
  type Detection,
  type Frame,
} from './index.ts';
import { suppressions } from './zone.ts';
import { cameraIdSchema, count, errorSchema, time, toTime, toTimeOrNull, uuid } from './wire-parts.ts';

export { alertSchema, toAlertWire, type AlertWire } from './alert-wire.ts';
export { clipSchema, toClipWire, type ClipWire } from './clip-wire.ts';
export { cameraIdSchema, toTime } from './wire-parts.ts';

export const cameraSchema = z
  .object({
    id: cameraIdSchema,
    name: z.string(),
    folder: z.string(),
    status: z.enum(['online', 'offline', 'unknown']),
    enabled: z.boolean(),
    created_at: time,
    last_seen_at: time.nullable(),
  })
  .openapi('Camera');
export type CameraWire = z.infer<typeof cameraSchema>;

export const frameSchema = z
  .object({
    id: uuid,
    camera_id: cameraIdSchema,
    state: z.enum(frameStates),
    source_name: z.string(),
    sha256: z.string().nullable(),
    media_type: z.string().nullable(),
    width: count.nullable(),
    height: count.nullable(),
    bytes: count,
    captured_at: time,
    received_at: time,
    processed_at: time.nullable(),
    attempts: count,
    error: errorSchema.nullable(),
    clip_id: uuid.nullable().openapi({ description: 'the clip that it was cut from; null for a picture of its own' }),
    clip_offset_ms: count.nullable(),
  })
  .openapi('Frame');
export type FrameWire = z.infer<typeof frameSchema>;

export const bboxSchema = z
  .object({ x: count, y: count, width: z.int().min(1), height: z.int().min(1) })
  .openapi('BBox', { description: 'Whole pixels of the original picture, origin top left, inside the picture' });

export const detectionSchema = z
  .object({
    id: uuid,
    frame_id: uuid,
    event_id: uuid.nullable().openapi({ description: 'null for what does not count; `suppressed_by` says why' }),
    camera_id: cameraIdSchema,
    label: z.string(),
    score: z.number().min(0).max(1),
    bbox: bboxSchema,
    captured_at: time,
    model: z.string(),
    zone_ids: z
      .array(uuid)
      .openapi({ description: 'the zones in which its foot point (bottom centre of the box) stood' }),
    suppressed_by: z
      .enum(suppressions)
      .nullable()
      .openapi({ description: 'why it does not count towards an event; null when it does' }),
  })
  .openapi('Detection');
export type DetectionWire = z.infer<typeof detectionSchema>;

export const eventSchema = z
  .object({
    id: uuid,
    camera_id: cameraIdSchema,
    state: z.enum(eventStates),
    started_at: time,
    ended_at: time,
    labels: z.record(z.string(), count).openapi({ description: 'the most of each label seen in one frame' }),
    detection_count: count,
    frame_count: count,
    best_frame_id: uuid,
    risk_score: z.int().min(0).max(100),
    risk_level: z.enum(riskLevels),
    summary: z.string(),
    reasoning: z.string(),
    analyzer: z.enum(['rules', 'llm']),
    reviewed: z.boolean(),
    notes: z.string().nullable(),
  })
  .openapi('Event');
export type EventWire = z.infer<typeof eventSchema>;

const promptPartSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('image'), frame_id: uuid }),
]);

export const analysisSchema = z
  .object({
    id: uuid,
    event_id: uuid,
    requested_at: time,
    finished_at: time,
    analyzer: z.enum(['rules', 'llm']),
    model: z.string().nullable(),
    prompt: z
      .array(z.object({ role: z.enum(['system', 'user']), content: z.array(promptPartSchema) }))
      .nullable()
      .openapi({ description: 'as it was sent, with the frame in the place of each picture; null for the rules' }),
    answer: z.string().nullable().openapi({ description: 'as it came, cut at 20,000 characters' }),
    outcome: z.enum(['ok', 'error']),
    error: errorSchema.nullable(),
    risk_score: z.int().min(0).max(100).nullable(),
    duration_ms: count,
    tokens_in: count.nullable().openapi({ description: 'null where the server did not tell' }),
    tokens_out: count.nullable(),
  })
  .openapi('Analysis');
export type AnalysisWire = z.infer<typeof analysisSchema>;

const message = <Type extends string, Data extends z.ZodType>(type: Type, data: Data) =>
  z.object({ seq: z.int().min(1), type: z.literal(type), at: time, data });

/** Every durable message; `seq` is gapless and strictly increasing in commit order. */
export const messageSchema = z.discriminatedUnion('type', [
  message('camera.created', cameraSchema),
  message('camera.status', cameraSchema),
  message('detection.created', z.object({ frame: frameSchema, detections: z.array(detectionSchema) })),
  message('event.opened', eventSchema),
  message('event.updated', eventSchema),
  message('event.closed', eventSchema),
  message('event.analyzed', eventSchema),
  message('alert.created', alertSchema),
  message('alert.updated', alertSchema),
  message('frame.dead', frameSchema),
  message('clip.dead', clipSchema),
]);
export type Message = z.infer<typeof messageSchema>;
export type MessageType = Message['type'];

export const toCameraWire = (camera: Camera): CameraWire => ({
  id: camera.id,
  name: camera.name,
  folder: camera.folder,
  status: camera.status,
  enabled: camera.enabled,
  created_at: toTime(camera.createdAt),
  last_seen_at: toTimeOrNull(camera.lastSeenAt),
});

export const toFrameWire = (frame: Frame): FrameWire => ({
  id: frame.id,
  camera_id: frame.cameraId,
  state: frame.state,
  source_name: frame.sourceName,
  sha256: frame.sha256,
  media_type: frame.mediaType,
  width: frame.width,
  height: frame.height,
  bytes: frame.bytes,
  captured_at: toTime(frame.capturedAt),
  received_at: toTime(frame.receivedAt),
  processed_at: toTimeOrNull(frame.processedAt),
  attempts: frame.attempts,
  error: frame.error,
  clip_id: frame.clipId,
  clip_offset_ms: frame.clipOffsetMs,
});

export const toDetectionWire = (detection: Detection): DetectionWire => ({
  id: detection.id,
  frame_id: detection.frameId,
  event_id: detection.eventId,
  camera_id: detection.cameraId,
  label: detection.label,
  score: detection.score,
  bbox: detection.bbox,
  captured_at: toTime(detection.capturedAt),
  model: detection.model,
  zone_ids: [...detection.zoneIds],
  suppressed_by: detection.suppressedBy,
});

export const toEventWire = (event: CameraEvent): EventWire => ({
  id: event.id,
  camera_id: event.cameraId,
  state: event.state,
  started_at: toTime(event.startedAt),
  ended_at: toTime(event.endedAt),
  labels: { ...event.labels },
  detection_count: event.detectionCount,
  frame_count: event.frameCount,
  best_frame_id: event.bestFrameId,
  risk_score: event.riskScore,
  risk_level: event.riskLevel,
  summary: event.summary,
  reasoning: event.reasoning,
  analyzer: event.analyzer,
  reviewed: event.reviewed,
  notes: event.notes,
});

export const toAnalysisWire = (analysis: Analysis): AnalysisWire => ({
  id: analysis.id,
  event_id: analysis.eventId,
  requested_at: toTime(analysis.requestedAt),
  finished_at: toTime(analysis.finishedAt),
  analyzer: analysis.analyzer,
  model: analysis.model,
  prompt: analysis.prompt && analysis.prompt.map(({ role, content }) => ({ role, content: [...content] })),
  answer: analysis.answer,
  outcome: analysis.outcome,
  error:
    analysis.errorKind === null ? null : { kind: toKind(analysis.errorKind), message: analysis.errorMessage ?? '' },
  risk_score: analysis.riskScore,
  duration_ms: analysis.durationMs,
  tokens_in: analysis.tokensIn,
  tokens_out: analysis.tokensOut,
});

/** A kind that an older or newer Nightjar wrote is shown as `internal`, not refused. */
const toKind = (kind: string): ErrorKind => errorKinds.find((known) => known === kind) ?? 'internal';
