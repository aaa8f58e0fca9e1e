/**
 * The shared nouns. Everything here is plain data, as the rooms pass it to each other; how it looks on the wire
 * (REST, WebSocket) is `wire.ts`. Words are settled in backend/docs/glossary.md.
 */
import type { ErrorKind } from '../lib/errors.ts';
import type { Message } from './wire.ts';
import type { Suppression } from './zone.ts';

export { toCameraId } from './camera-id.ts';
export { toScore } from './score.ts';

export type CameraStatus = 'online' | 'offline' | 'unknown';

export interface Camera {
  /** A slug of the folder's name: `Front Door` is `front_door`. */
  readonly id: string;
  readonly name: string;
  /** Path of the camera's folder, relative to the inbox. */
  readonly folder: string;
  readonly status: CameraStatus;
  readonly enabled: boolean;
  readonly createdAt: Date;
  readonly lastSeenAt: Date | null;
}

export const frameStates = ['pending', 'leased', 'done', 'dead'] as const;
export type FrameState = (typeof frameStates)[number];

export interface FrameError {
  readonly kind: ErrorKind;
  readonly message: string;
}

/** One picture of one camera: a row of the ledger. Null facts are those of a file that could not be read as a picture. */
export interface Frame {
  readonly id: string;
  readonly cameraId: string;
  readonly state: FrameState;
  /** The file's path inside its camera folder, as the camera named it. */
  readonly sourceName: string;
  readonly sha256: string | null;
  readonly mediaType: string | null;
  /** Path of the original bytes, relative to the media store. */
  readonly mediaPath: string | null;
  /** Pixels, after EXIF orientation: what a viewer sees. */
  readonly width: number | null;
  readonly height: number | null;
  readonly bytes: number;
  readonly capturedAt: Date;
  readonly receivedAt: Date;
  readonly processedAt: Date | null;
  readonly attempts: number;
  readonly error: FrameError | null;
  /** The clip that it was cut from, and where in it; both null for a picture that came as such. */
  readonly clipId: string | null;
  readonly clipOffsetMs: number | null;
}

/** A file of the inbox as the file system knows it; `path` is relative to the inbox. */
export interface InboxFile {
  readonly path: string;
  readonly bytes: number;
  /** Modification time in nanoseconds since 1970, as a decimal string: JavaScript numbers are too small for it. */
  readonly mtimeNs: string;
}

/** What ingest learned of one finished upload, ready to become a row of the ledger. */
export interface Arrival {
  readonly cameraId: string;
  readonly sourceName: string;
  readonly sha256: string | null;
  readonly mediaType: string | null;
  readonly mediaPath: string | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly bytes: number;
  readonly capturedAt: Date;
  /** Set for what cannot be examined: the arrival is a dead letter from the start. */
  readonly error: FrameError | null;
  /** Set when the file stays in the inbox: how to recognise it without reading it again. */
  readonly left: InboxFile | null;
  /** W3C Trace Context; null or absent while traces are off. */
  readonly traceParent?: string | null;
}

/** Whole pixels of the original picture, origin top left, inside the picture, at least 1 x 1. */
export interface BBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What a detector says of one picture; strongest first. */
export interface DetectedObject {
  readonly label: string;
  /** 0..1 */
  readonly score: number;
  readonly bbox: BBox;
}

export interface Detection extends DetectedObject {
  readonly id: string;
  readonly frameId: string;
  /** Null for what does not count; `suppressedBy` then says why. */
  readonly eventId: string | null;
  readonly cameraId: string;
  readonly capturedAt: Date;
  /** The name of the model that saw it. */
  readonly model: string;
  /** The zones in which its foot point (bottom centre of the box) stood. */
  readonly zoneIds: readonly string[];
  readonly suppressedBy: Suppression | null;
}

/** A frame claimed from the ledger. `attempts` was raised by the claim, so (id, attempts) is its fencing token. */
export interface LeasedFrame extends Frame {
  readonly state: 'leased';
  readonly mediaPath: string;
  readonly width: number;
  readonly height: number;
  /** W3C Trace Context, by whoever recorded it; null while traces are off. */
  readonly traceParent: string | null;
}

/** A claimed frame and what the detector found in it. */
export interface ExaminedFrame {
  readonly frame: LeasedFrame;
  readonly objects: readonly DetectedObject[];
  readonly model: string;
  /** W3C Trace Context of its being stored; null or absent while traces are off. */
  readonly traceParent?: string | null;
}

export const eventStates = ['open', 'closed', 'analyzed'] as const;
export type EventState = (typeof eventStates)[number];

export const riskLevels = ['low', 'medium', 'high', 'critical'] as const;
export type RiskLevel = (typeof riskLevels)[number];

/** What an analyst says of an event; the level is never said, it follows from the score by the bands. */
export interface Risk {
  /** 0..100, whole */
  readonly score: number;
  readonly summary: string;
  readonly reasoning: string;
}

/** Highest score of each level; what is above `highMax` is critical. */
export interface RiskBands {
  readonly lowMax: number;
  readonly mediumMax: number;
  readonly highMax: number;
}

export function toRiskLevel(score: number, bands: RiskBands): RiskLevel {
  if (score <= bands.lowMax) return 'low';
  if (score <= bands.mediumMax) return 'medium';
  return score <= bands.highMax ? 'high' : 'critical';
}

/** A run of detections on one camera, by capture time. */
export interface CameraEvent {
  readonly id: string;
  readonly cameraId: string;
  readonly state: EventState;
  /** Capture time of the first detection. */
  readonly startedAt: Date;
  /** Capture time of the last detection so far. */
  readonly endedAt: Date;
  /** The most of each label seen in one frame: two people who stay for a minute are `{person: 2}`. */
  readonly labels: Readonly<Record<string, number>>;
  readonly detectionCount: number;
  readonly frameCount: number;
  readonly bestFrameId: string;
  /** The highest detection score, that of the best frame. */
  readonly bestScore: number;
  readonly riskScore: number;
  readonly riskLevel: RiskLevel;
  readonly summary: string;
  readonly reasoning: string;
  readonly analyzer: 'rules' | 'llm';
  readonly reviewed: boolean;
  readonly notes: string | null;
}

/** Of which trace it is: kept with the message and passed between processes, and never told to clients. */
export interface Traced {
  /** W3C Trace Context; absent while traces are off. */
  readonly traceParent?: string | undefined;
}

/** A durable message on its way to the clients. */
export type TracedMessage = Message & Traced;

type WithoutSeq<M> = M extends Message ? Pick<M, 'type' | 'data'> : never;

/** A durable message before it has its place in the sequence and its time: `type` and `data`. */
export type NewMessage = WithoutSeq<Message> & Traced;
