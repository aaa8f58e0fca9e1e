import type { ErrorKind } from '../lib/errors.ts';
import type { Clip } from '../model/clip.ts';
import type { Camera, CameraEvent, Detection, Frame, LeasedFrame } from '../model/index.ts';

/** Rows as raw SQL returns them (camelCase columns); flat where the nouns nest. */
export type FrameRow = Omit<Frame, 'error'> & {
  readonly errorKind: ErrorKind | null;
  readonly errorMessage: string | null;
};
export type EventRow = CameraEvent & {
  readonly lastReceivedAt: Date;
  readonly analysisDueAt: Date | null;
  readonly analysisAttempts: number;
};
export type DetectionRow = Omit<Detection, 'bbox'> & Detection['bbox'];

export const toFrame = (row: FrameRow): Frame => ({
  id: row.id,
  cameraId: row.cameraId,
  state: row.state,
  sourceName: row.sourceName,
  sha256: row.sha256,
  mediaType: row.mediaType,
  mediaPath: row.mediaPath,
  width: row.width,
  height: row.height,
  bytes: row.bytes,
  capturedAt: row.capturedAt,
  receivedAt: row.receivedAt,
  processedAt: row.processedAt,
  attempts: row.attempts,
  error: row.errorKind && { kind: row.errorKind, message: row.errorMessage ?? '' },
  clipId: row.clipId,
  clipOffsetMs: row.clipOffsetMs,
});

/** Of a row in state `leased`: that its picture is known is a constraint of the table. */
export const toLeasedFrame = (row: FrameRow & Pick<LeasedFrame, 'traceParent'>): LeasedFrame =>
  ({ ...toFrame(row), traceParent: row.traceParent }) as LeasedFrame;

export type ClipRow = Omit<Clip, 'error'> & Pick<FrameRow, 'errorKind' | 'errorMessage'>;

export const toClip = (row: ClipRow): Clip => ({
  id: row.id,
  cameraId: row.cameraId,
  state: row.state,
  sourceName: row.sourceName,
  sha256: row.sha256,
  mediaType: row.mediaType,
  mediaPath: row.mediaPath,
  bytes: row.bytes,
  capturedAt: row.capturedAt,
  capturedFrom: row.capturedFrom,
  durationMs: row.durationMs,
  width: row.width,
  height: row.height,
  framesPlanned: row.framesPlanned,
  receivedAt: row.receivedAt,
  processedAt: row.processedAt,
  attempts: row.attempts,
  error: row.errorKind && { kind: row.errorKind, message: row.errorMessage ?? '' },
});

export const toCamera = (row: Camera): Camera => ({
  id: row.id,
  name: row.name,
  folder: row.folder,
  status: row.status,
  enabled: row.enabled,
  createdAt: row.createdAt,
  lastSeenAt: row.lastSeenAt,
});
