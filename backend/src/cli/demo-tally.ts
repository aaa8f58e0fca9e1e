import Table from 'cli-table3';
import type { Message } from '../model/wire.ts';
import type { DemoFacts } from './demo.ts';

interface CameraTally {
  framesWithDetections: number;
  detections: number;
  events: Set<string>;
  labels: Map<string, number>;
  riskMax: number;
}

export interface Tally {
  readonly total: number;
  hear(message: Message): void;
  readonly cameras: ReadonlyMap<string, Readonly<CameraTally>>;
}

/** Adds up what was told, camera by camera. */
export function createTally(total: number): Tally {
  const cameras = new Map<string, CameraTally>();
  const of = (id: string): CameraTally => {
    const found = cameras.get(id) ?? {
      framesWithDetections: 0,
      detections: 0,
      events: new Set(),
      labels: new Map(),
      riskMax: 0,
    };
    cameras.set(id, found);
    return found;
  };
  return {
    total,
    cameras,
    hear(message) {
      if (message.type === 'camera.created') of(message.data.id);
      if (message.type === 'detection.created')
        addDetections(of(message.data.frame.camera_id), message.data.detections);
      if (message.type === 'event.opened') of(message.data.camera_id).events.add(message.data.id);
      if (message.type === 'event.analyzed') {
        const camera = of(message.data.camera_id);
        camera.riskMax = Math.max(camera.riskMax, message.data.risk_score);
      }
    },
  };
}

function addDetections(camera: CameraTally, detections: readonly { label: string }[]): void {
  camera.framesWithDetections += 1;
  camera.detections += detections.length;
  for (const { label } of detections) camera.labels.set(label, (camera.labels.get(label) ?? 0) + 1);
}

export function toSummaryTable({ frames, events }: DemoFacts, { cameras, total }: Tally): string[] {
  const head = ['camera', 'frames with detections', 'detections', 'labels', 'events', 'highest risk'];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const [id, { framesWithDetections, detections, labels, events: ids, riskMax }] of [...cameras].sort()) {
    const seen = [...labels].sort(([, a], [, b]) => b - a).map(([label, count]) => `${label} ${count}`);
    table.push([id, framesWithDetections, detections, seen.join(', '), ids.size, riskMax]);
  }
  return [
    '',
    table.toString(),
    `${frames.done} of ${total} frames done, ${frames.dead} dead letters; ${events.analyzed} events closed and analyzed, ${events.open + events.closed} still open.`,
    '',
  ];
}
