/** Frames in words: a table of several, or all the facts of one. */
import path from 'node:path';
import Table from 'cli-table3';
import type { FrameRow } from '../db/rows.ts';
import { toPrintable } from '../lib/printable.ts';
import type { Frame } from '../model/index.ts';
import { toTime } from '../model/wire.ts';

const NAME_CHARS_MAX = 60;
const ERROR_CHARS_MAX = 100;

/** What `frames show` knows beyond the row itself. */
export interface FrameFacts {
  readonly cameraName: string;
  readonly cameraFolder: string;
  readonly inboxPaths: readonly string[];
  readonly detectionCount: number;
  readonly crashes: number;
  readonly availableAt: Date;
  readonly eventId: string | null;
}

export function toFrameTable(frames: readonly Frame[]): string {
  const table = new Table({
    head: ['id', 'camera', 'name', 'state', 'attempts', 'error', 'received'],
    // No colours: the table may go to a file.
    style: { head: [], border: [], compact: true },
  });
  for (const { id, cameraId, sourceName, state, attempts, error, receivedAt } of frames)
    table.push([
      id,
      cameraId,
      toPlain(sourceName, NAME_CHARS_MAX),
      state,
      attempts,
      error ? toPlain(`${error.kind}: ${error.message}`, ERROR_CHARS_MAX) : '',
      toTime(receivedAt),
    ]);
  return table.toString();
}

/** A line for each fact. `kept` is where the media store is. */
export function toFacts(
  row: FrameRow & FrameFacts,
  { kept, inbox }: { readonly kept: string; readonly inbox: string },
): readonly string[] {
  const facts: Record<string, string | number | null> = {
    id: row.id,
    state: row.state,
    camera: `${row.cameraId} (${row.cameraName}), folder ${row.cameraFolder}`,
    name: row.sourceName,
    error: row.errorKind && `${row.errorKind}: ${row.errorMessage ?? ''}`,
    attempts: row.attempts,
    crashes: row.crashes === 0 ? 0 : `${row.crashes}: examined in a process apart`,
    'not before': row.state === 'pending' ? toTime(row.availableAt) : null,
    captured: toTime(row.capturedAt),
    received: toTime(row.receivedAt),
    processed: row.processedAt && toTime(row.processedAt),
    size: `${row.bytes} bytes${row.width === null ? '' : `, ${row.width} x ${row.height ?? '?'} pixels, ${row.mediaType ?? '?'}`}`,
    sha256: row.sha256,
    kept: row.mediaPath && `${kept}/${row.mediaPath}`,
    clip: row.clipId && `${row.clipId}, ${row.clipOffsetMs ?? 0} ms into it`,
    detections: row.detectionCount,
    event: row.eventId,
  };
  const lines = Object.entries(facts).flatMap(([name, value]) => (value === null ? [] : [toLine(name, `${value}`)]));
  return [...lines, ...row.inboxPaths.map((file) => toLine('inbox', path.join(inbox, file)))];
}

const toLine = (name: string, value: string): string => `${name.padEnd(12)}${toPlain(value)}`;

/** Cameras name their files as they like, and servers say what they like. */
function toPlain(text: string, charsMax = Infinity): string {
  const plain = toPrintable(text);
  return plain.length > charsMax ? `${plain.slice(0, charsMax)}…` : plain;
}
