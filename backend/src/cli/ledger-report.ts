/** Frames and clips in words: a table of several, or all the facts of one. */
import path from 'node:path';
import Table from 'cli-table3';
import type { ClipRow, FrameRow } from '../db/rows.ts';
import { toPrintable } from '../lib/printable.ts';
import type { Frame } from '../model/index.ts';
import { toTime } from '../model/wire.ts';

const NAME_CHARS_MAX = 60;
const ERROR_CHARS_MAX = 100;

/** What the table shows of a frame or a clip. */
export type Entry = Pick<Frame, 'id' | 'cameraId' | 'sourceName' | 'state' | 'attempts' | 'error' | 'receivedAt'>;

/** What is not known is null, and gets no line. */
export interface Facts {
  readonly facts: Readonly<Record<string, string | number | null>>;
  readonly inboxPaths: readonly string[];
}

/** What `show` knows of either beyond the row of its ledger. */
interface SharedFacts {
  readonly cameraName: string;
  readonly cameraFolder: string;
  readonly inboxPaths: readonly string[];
  readonly availableAt: Date;
}

export interface FrameFacts extends SharedFacts {
  readonly detectionCount: number;
  readonly crashes: number;
  readonly eventId: string | null;
}

export interface ClipFacts extends SharedFacts {
  /** Of its frames, those in the ledger, and those of them that are dead letters. */
  readonly frameCount: number;
  readonly deadCount: number;
}

export function toLedgerTable(entries: readonly Entry[]): string {
  const table = new Table({
    head: ['id', 'camera', 'name', 'state', 'attempts', 'error', 'received'],
    // No colours: the table may go to a file.
    style: { head: [], border: [], compact: true },
  });
  for (const { id, cameraId, sourceName, state, attempts, error, receivedAt } of entries)
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

/** `kept` is where the media store is. */
export function toFrameFacts(row: FrameRow & FrameFacts, kept: string): Facts {
  const facts = {
    ...toHead(row),
    crashes: row.crashes === 0 ? 0 : `${row.crashes}: examined in a process apart`,
    ...toTimes(row),
    size: `${row.bytes} bytes${toPicture(row)}`,
    ...toPlace(row, kept),
    clip: row.clipId && `${row.clipId}, ${row.clipOffsetMs ?? 0} ms into it`,
    detections: row.detectionCount,
    event: row.eventId,
  };
  return { facts, inboxPaths: row.inboxPaths };
}

/** The same of a clip. */
export function toClipFacts(row: ClipRow & ClipFacts, kept: string): Facts {
  const dead = row.deadCount === 0 ? '' : `, ${row.deadCount} dead among them`;
  const facts = {
    ...toHead(row),
    ...toTimes(row),
    'time from': row.capturedFrom,
    size: `${row.bytes} bytes${toPicture(row)}`,
    ...toPlace(row, kept),
    length: row.durationMs === null ? null : `${row.durationMs} ms`,
    frames: `${row.frameCount} of ${row.framesPlanned ?? '?'}${dead}`,
  };
  return { facts, inboxPaths: row.inboxPaths };
}

type AnyRow = (FrameRow | ClipRow) & SharedFacts;

const toHead = (row: AnyRow) => ({
  id: row.id,
  state: row.state,
  camera: `${row.cameraId} (${row.cameraName}), folder ${row.cameraFolder}`,
  name: row.sourceName,
  error: row.errorKind && `${row.errorKind}: ${row.errorMessage ?? ''}`,
  attempts: row.attempts,
});

const toTimes = (row: AnyRow) => ({
  'not before': row.state === 'pending' ? toTime(row.availableAt) : null,
  captured: toTime(row.capturedAt),
  received: toTime(row.receivedAt),
  processed: row.processedAt && toTime(row.processedAt),
});

const toPlace = (row: AnyRow, kept: string) => ({
  sha256: row.sha256,
  kept: row.mediaPath && `${kept}/${row.mediaPath}`,
});

const toPicture = ({ width, height, mediaType }: AnyRow): string =>
  width === null ? '' : `, ${width} x ${height ?? '?'} pixels, ${mediaType ?? '?'}`;

/** A line for each fact. */
export function toLines({ facts, inboxPaths }: Facts, inbox: string): readonly string[] {
  const lines = Object.entries(facts).flatMap(([name, value]) => (value === null ? [] : [toLine(name, `${value}`)]));
  return [...lines, ...inboxPaths.map((file) => toLine('inbox', path.join(inbox, file)))];
}

const toLine = (name: string, value: string): string => `${name.padEnd(12)}${toPlain(value)}`;

/** Cameras name their files as they like, and servers say what they like. */
function toPlain(text: string, charsMax = Infinity): string {
  const plain = toPrintable(text);
  return plain.length > charsMax ? `${plain.slice(0, charsMax)}…` : plain;
}
