import { MultiBar, Presets } from 'cli-progress';
import type { EventWire, FrameWire, Message } from '../model/wire.ts';

export interface DemoScreen {
  show(message: Message): void;
  progress(done: number): void;
  close(): void;
}

/** A line for each frame and event; on a terminal a progress bar below them. */
export function createDemoScreen(options: {
  total: number;
  terminal: boolean;
  write: (line: string) => void;
}): DemoScreen {
  const { total, terminal } = options;
  const bars = terminal
    ? new MultiBar({ format: '{bar} {value}/{total} frames, {duration_formatted}', barsize: 40 }, Presets.rect)
    : undefined;
  const bar = bars?.create(total, 0);
  const write = bars ? (line: string) => bars.log(`${line}\n`) : options.write;
  return {
    show(message) {
      const line = toLine(message);
      if (line !== undefined) write(line);
    },
    progress: (done) => bar?.update(Math.min(done, total)),
    close: () => bars?.stop(),
  };
}

function toLine(message: Message): string | undefined {
  switch (message.type) {
    case 'camera.created':
      return `camera     ${message.data.id}: new, from the folder "${message.data.folder}"`;
    case 'detection.created':
      return toFrameLine(message.data.frame, message.data.detections);
    case 'frame.dead':
    case 'clip.dead':
      return `dead       ${message.data.camera_id}  ${message.data.source_name}: ${message.data.error?.message ?? ''}`;
    case 'event.opened':
      return toEventLine('event      opened  ', message.data);
    case 'event.closed':
      return toEventLine('event      closed  ', message.data);
    case 'event.analyzed':
      return `${toEventLine('event      analyzed', message.data)} [${message.data.reasoning}]`;
    case 'alert.created':
      return `alert      ${message.data.rule_name}: ${message.data.summary}`;
    case 'event.updated':
    case 'alert.updated':
    case 'camera.status':
      return undefined; // every further frame of an event would be a line: the frame's own is enough
  }
}

function toFrameLine(frame: FrameWire, detections: readonly { label: string; score: number }[]): string {
  const seen = detections.map(({ label, score }) => `${label} ${(score * 100).toFixed(0)}%`).join(', ');
  const tookMs = frame.processed_at === null ? 0 : Date.parse(frame.processed_at) - Date.parse(frame.received_at);
  return `frame      ${frame.camera_id}  ${frame.captured_at}  ${seen}  (${tookMs} ms)`;
}

const toEventLine = (what: string, event: EventWire): string =>
  `${what}  ${event.summary}  risk ${event.risk_score} ${event.risk_level}`;
