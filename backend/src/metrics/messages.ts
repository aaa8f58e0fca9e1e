/** What the durable messages of this process tell, as figures: each says what happened exactly once, when it is committed. */
import type { NewMessage } from '../model/index.ts';
import type { MeterRegistry } from './registry.ts';

type Bound = (value: string) => string;

export interface MessageBounds {
  readonly camera: Bound;
  readonly label: Bound;
}

export function countMessage({ count }: MeterRegistry, { camera, label }: MessageBounds, message: NewMessage): void {
  count('messages_total', { type: message.type });
  switch (message.type) {
    case 'detection.created':
      for (const detection of message.data.detections) {
        count('detections_total', { label: label(detection.label) });
        if (detection.suppressed_by) count('detections_suppressed_total', { reason: detection.suppressed_by });
      }
      return;
    case 'event.opened':
      return count('events_opened_total', { camera: camera(message.data.camera_id) });
    case 'event.closed':
      return count('events_closed_total', { camera: camera(message.data.camera_id), risk_level: message.data.risk_level }); // prettier-ignore
    case 'event.analyzed':
      return count('events_analyzed_total', { analyzer: message.data.analyzer, risk_level: message.data.risk_level });
    case 'alert.created':
      return count('alerts_total', { risk_level: message.data.risk_level });
    case 'frame.dead':
      return count('frames_dead_total', toDead(message.data, camera));
    case 'clip.dead':
      return count('clips_dead_total', toDead(message.data, camera));
    case 'camera.created':
    case 'camera.status':
    case 'event.updated':
    case 'alert.updated':
      return; // counted by type
    default:
      message satisfies never;
  }
}

interface DeadLetter {
  readonly camera_id: string;
  readonly error: { readonly kind: string } | null;
}

const toDead = ({ camera_id, error }: DeadLetter, camera: Bound) => ({
  camera: camera(camera_id),
  kind: error?.kind ?? 'internal',
});
