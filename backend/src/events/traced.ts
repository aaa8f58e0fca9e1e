import type { Say } from '../db/index.ts';
import type { ExaminedFrame } from '../model/index.ts';

/**
 * What is said because of examined frames says of which trace it is: that of its frame, and what is of no single frame
 * (events, alerts) that of the camera's last one. While traces are off it is `say` itself.
 */
export function withTraces(say: Say, examined: readonly ExaminedFrame[]): Say {
  const traces = new Map<string, string>();
  for (const { frame, traceParent } of examined)
    if (traceParent != null) traces.set(frame.id, traceParent).set(frame.cameraId, traceParent);
  if (traces.size === 0) return say;
  return (message) => {
    const { data } = message;
    const traceParent = 'frame' in data ? traces.get(data.frame.id) : 'camera_id' in data && traces.get(data.camera_id);
    say(traceParent ? { traceParent, ...message } : message);
  };
}
