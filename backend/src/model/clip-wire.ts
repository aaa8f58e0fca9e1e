/** How a clip looks outside of the house. */
import { z } from '@hono/zod-openapi';
import { captureSources, type Clip } from './clip.ts';
import { frameStates } from './index.ts';
import { cameraIdSchema, count, errorSchema, time, toTime, toTimeOrNull, uuid } from './wire-parts.ts';

export const clipSchema = z
  .object({
    id: uuid,
    camera_id: cameraIdSchema,
    state: z.enum(frameStates).openapi({ description: '`done`: all its frames are in the ledger' }),
    source_name: z.string(),
    sha256: z.string(),
    media_type: z.string(),
    bytes: count,
    captured_at: time.openapi({ description: 'of its first picture' }),
    captured_from: z.enum(captureSources),
    duration_ms: count.nullable().openapi({ description: 'this and the next three: null until it was looked into' }),
    width: count.nullable(),
    height: count.nullable(),
    frames_planned: count.nullable(),
    received_at: time,
    processed_at: time.nullable(),
    attempts: count,
    error: errorSchema.nullable(),
  })
  .openapi('Clip');
export type ClipWire = z.infer<typeof clipSchema>;

export const toClipWire = (clip: Clip): ClipWire => ({
  id: clip.id,
  camera_id: clip.cameraId,
  state: clip.state,
  source_name: clip.sourceName,
  sha256: clip.sha256,
  media_type: clip.mediaType,
  bytes: clip.bytes,
  captured_at: toTime(clip.capturedAt),
  captured_from: clip.capturedFrom,
  duration_ms: clip.durationMs,
  width: clip.width,
  height: clip.height,
  frames_planned: clip.framesPlanned,
  received_at: toTime(clip.receivedAt),
  processed_at: toTimeOrNull(clip.processedAt),
  attempts: clip.attempts,
  error: clip.error,
});
