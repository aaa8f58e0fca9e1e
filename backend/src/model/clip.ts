/** Clips: short films that cameras drop; each is cut into frames, which the ledger of frames then takes over. */
import type { NightjarError } from '../lib/errors.ts';
import type { FrameError, FrameState, InboxFile } from './index.ts';

/** Where the time of a clip's first picture is from: the file's name, the film itself, or the file's time of modification. */
export const captureSources = ['name', 'metadata', 'modified'] as const;
export type CaptureSource = (typeof captureSources)[number];

/** One clip of one camera: a row of the ledger of clips. The figures of the film are null until it was looked into. */
export interface Clip {
  readonly id: string;
  readonly cameraId: string;
  /** `done`: all its frames are in the ledger of frames. Whether they were examined, each says itself. */
  readonly state: FrameState;
  /** The file's path inside its camera folder, as the camera named it. */
  readonly sourceName: string;
  readonly sha256: string;
  readonly mediaType: string;
  /** Path of the original bytes, relative to the media store; null once they are lost. */
  readonly mediaPath: string | null;
  readonly bytes: number;
  /** Of the first picture. */
  readonly capturedAt: Date;
  readonly capturedFrom: CaptureSource;
  readonly durationMs: number | null;
  /** Pixels, as a viewer sees them. */
  readonly width: number | null;
  readonly height: number | null;
  readonly framesPlanned: number | null;
  readonly receivedAt: Date;
  readonly processedAt: Date | null;
  readonly attempts: number;
  readonly error: FrameError | null;
}

/** A clip claimed from the ledger. `attempts` was raised by the claim, so (id, attempts) is its fencing token. */
export interface LeasedClip extends Clip {
  readonly state: 'leased';
  readonly mediaPath: string;
}

/** What was found out about a film, once for all: whoever goes on with it later cuts the same frames. */
export interface ClipPlan {
  readonly durationMs: number;
  readonly width: number;
  readonly height: number;
  readonly capturedAt: Date;
  readonly capturedFrom: CaptureSource;
  readonly framesPlanned: number;
}

/** One picture cut from a clip: a JPEG in the media store. */
export interface ClipFrame {
  /** From the clip's first picture; with the clip, its identity. */
  readonly offsetMs: number;
  readonly sha256: string;
  readonly mediaPath: string;
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
  /** W3C Trace Context of its being cut; null or absent while traces are off. */
  readonly traceParent?: string | null;
}

/** What ingest learned of one finished clip, stored and ready to become a row of the ledger. */
export interface ClipArrival {
  readonly cameraId: string;
  readonly sourceName: string;
  readonly sha256: string;
  readonly mediaType: string;
  readonly mediaPath: string;
  readonly bytes: number;
  readonly capturedAt: Date;
  readonly capturedFrom: 'name' | 'modified';
  /** Set when the file stays in the inbox: how to recognise it without reading it again. */
  readonly left: InboxFile | null;
}

/**
 * The ledger of clips, as those who cut them use it. From `claimClip` to `forgetClip` the lease is renewed by the
 * queue. `false` is the answer to whoever lost the lease all the same (paused for too long, cut off from the
 * database): another has the clip now, nothing was written, and it is to be dropped.
 * Each may fail with `unavailable`.
 */
export interface ClipLedger {
  /** Undefined when no clip waits. */
  claimClip(): Promise<LeasedClip | undefined>;
  /** Keeps the plan if the clip has none yet; a plan that is there is never changed. */
  planClip(clip: LeasedClip, plan: ClipPlan): Promise<boolean>;
  /** Offsets of the frames that are in the ledger already. */
  recordedOffsets(clip: LeasedClip): Promise<ReadonlySet<number>>;
  /** Puts frames into the ledger, `pending`; those that are there already stay as they are. Needs the plan. */
  recordClipFrames(clip: LeasedClip, frames: readonly ClipFrame[]): Promise<boolean>;
  /** All its frames are in the ledger. */
  completeClip(clip: LeasedClip): Promise<boolean>;
  /** Tried again later when waiting may heal it and attempts are left; else a dead letter, its frames kept. */
  failClip(clip: LeasedClip, error: NightjarError): Promise<void>;
  /** Hands the clip back, the attempt uncounted. */
  releaseClip(clip: LeasedClip): Promise<void>;
  /** Nobody works on it any more, whatever came of it: its lease is not renewed again. */
  forgetClip(clip: LeasedClip): void;
}
