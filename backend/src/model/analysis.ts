/** What an analyst is told of an event, what it answers, and what is kept of that. */
import type { CameraEvent, FrameError, Risk } from './index.ts';

/** PostgreSQL's channel on which processes tell each other that an event may be due for analysis. */
export const DUE_CHANNEL = 'nightjar_analyses';

/** A detection as an analyst sees it. The box is in fractions (0..1) of the picture, origin top left. */
export interface Sighting {
  readonly atMs: number;
  readonly label: string;
  readonly score: number;
  readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** All detections of one label, also those that `sightings` leaves out. */
export interface LabelTally {
  readonly label: string;
  readonly detections: number;
  readonly bestScore: number;
}

export interface EventPicture {
  readonly frameId: string;
  readonly mediaPath: string;
  /** Pixels, after EXIF orientation. */
  readonly width: number;
  readonly height: number;
}

/** An earlier event of the same camera; the summary is the rules', whoever scored it. */
export interface PastEvent {
  readonly startedMs: number;
  readonly endedMs: number;
  readonly labels: Readonly<Record<string, number>>;
  readonly riskScore: number;
  readonly summary: string;
}

/** Everything that an analyst is told of an event. Strings in it come from cameras and users, and may say anything. */
export interface Dossier {
  readonly event: CameraEvent;
  readonly cameraName: string;
  readonly tallies: readonly LabelTally[];
  /** By time; of a long event, frames picked evenly. */
  readonly sightings: readonly Sighting[];
  /** Best first. */
  readonly pictures: readonly EventPicture[];
  /** Newest first. */
  readonly past: readonly PastEvent[];
  readonly zones: readonly string[];
}

/** A part of a prompt as it is kept: of a picture only which frame it was. */
export type PromptPart =
  { readonly type: 'text'; readonly text: string } | { readonly type: 'image'; readonly frame_id: string };

export interface PromptMessage {
  readonly role: 'system' | 'user';
  readonly content: readonly PromptPart[];
}

/** One question to a model and what came of it: either a risk, or an error. */
export interface AnalystCall {
  readonly requestedAt: Date;
  readonly finishedAt: Date;
  /** As the server named it, or as it was asked for; null when neither is known. */
  readonly model: string | null;
  readonly prompt: readonly PromptMessage[];
  /** As it came, cut at a limit; null when none came. */
  readonly answer: string | null;
  readonly risk: Risk | null;
  readonly error: FrameError | null;
  /** Null where the server did not tell. */
  readonly tokensIn: number | null;
  readonly tokensOut: number | null;
}

/**
 * What came of asking an analyst about an event, and every call that was made for it.
 * - `away`: nobody took the question (refused, overloaded, budget spent): it costs the event no attempt.
 * - `failed`: it was taken, and no usable answer came.
 * - `cancelled`: we are closing.
 */
export type Verdict =
  | { readonly outcome: 'scored'; readonly risk: Risk; readonly calls: readonly AnalystCall[] }
  | {
      readonly outcome: 'away' | 'failed' | 'cancelled';
      readonly reason: string;
      readonly calls: readonly AnalystCall[];
    };

export interface AnalystState {
  readonly state: 'ready' | 'unavailable';
  /** Why it is unavailable, in words that help; null when ready. */
  readonly reason: string | null;
}

/** Someone other than the rules who scores events. */
export interface Analyst {
  /** How many questions it would take right now; 0 while it is away. */
  capacity(): number;
  /** Never throws: what goes wrong is part of the verdict. Takes as long as the model does. */
  analyze(dossier: Dossier, signal: AbortSignal): Promise<Verdict>;
  state(): AnalystState;
}

/** What the program says of its analyst. */
export interface AnalystHealth extends AnalystState {
  readonly analyzer: CameraEvent['analyzer'];
  /** Events that are due, those in hand included. */
  readonly queue: number;
}

/** A row of `analyses`: one analysis of an event, by whom, and what came of it. */
export interface Analysis {
  readonly id: string;
  readonly eventId: string;
  readonly requestedAt: Date;
  readonly finishedAt: Date;
  readonly analyzer: CameraEvent['analyzer'];
  readonly model: string | null;
  readonly prompt: readonly PromptMessage[] | null;
  readonly answer: string | null;
  readonly outcome: 'ok' | 'error';
  readonly errorKind: string | null;
  readonly errorMessage: string | null;
  readonly riskScore: number | null;
  readonly durationMs: number;
  readonly tokensIn: number | null;
  readonly tokensOut: number | null;
}
