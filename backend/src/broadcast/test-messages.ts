/** Messages for this room's tests. */
import type { NewMessage } from '../model/index.ts';
import type { AlertWire, EventWire, FrameWire } from '../model/wire.ts';

const AT = '2026-03-01T12:00:00.000Z';
const ID = '01890000-0000-7000-8000-000000000000';

export const sampleFrame = (cameraId: string): FrameWire => ({
  id: ID,
  camera_id: cameraId,
  state: 'done',
  source_name: 'a.jpg',
  sha256: null,
  media_type: 'image/jpeg',
  width: 640,
  height: 480,
  bytes: 1,
  captured_at: AT,
  received_at: AT,
  processed_at: AT,
  attempts: 1,
  error: null,
  clip_id: null,
  clip_offset_ms: null,
});

export const sampleEvent = (cameraId: string, summary = 'a person'): EventWire => ({
  id: ID,
  camera_id: cameraId,
  state: 'open',
  started_at: AT,
  ended_at: AT,
  labels: { person: 2, snake_case: 1 },
  detection_count: 2,
  frame_count: 1,
  best_frame_id: ID,
  risk_score: 10,
  risk_level: 'low',
  summary,
  reasoning: '',
  analyzer: 'rules',
  reviewed: false,
  notes: null,
});

const sampleAlert = (cameraId: string): AlertWire => ({
  id: ID,
  rule_id: ID,
  rule_name: 'people at night',
  event_id: ID,
  camera_id: cameraId,
  frame_id: ID,
  captured_at: AT,
  created_at: AT,
  label: 'person',
  score: 0.9,
  zone_ids: [],
  risk_score: 65,
  risk_level: 'high',
  summary: 'a person',
  acknowledged_at: null,
  acknowledged_by: null,
});

export const alertCreated = (cameraId = 'front_door'): NewMessage => ({
  type: 'alert.created',
  data: sampleAlert(cameraId),
});

export const alertUpdated = (cameraId = 'front_door'): NewMessage => ({
  type: 'alert.updated',
  data: { ...sampleAlert(cameraId), acknowledged_at: AT, acknowledged_by: 'Ada' },
});

export const eventOpened = (cameraId = 'front_door', summary?: string): NewMessage => ({
  type: 'event.opened',
  data: sampleEvent(cameraId, summary),
});

export const detectionCreated = (cameraId = 'front_door'): NewMessage => ({
  type: 'detection.created',
  data: { frame: sampleFrame(cameraId), detections: [] },
});

export const cameraCreated = (cameraId = 'front_door'): NewMessage => ({
  type: 'camera.created',
  data: {
    id: cameraId,
    name: 'Front Door',
    folder: 'Front Door',
    status: 'online',
    enabled: true,
    created_at: AT,
    last_seen_at: null,
  },
});

export const frameDead = (cameraId = 'front_door'): NewMessage => ({ type: 'frame.dead', data: sampleFrame(cameraId) });
