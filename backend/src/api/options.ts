import type { IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import type { Database, Transact, Tx } from '../db/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { ErrorKind } from '../lib/errors.ts';
import type { StageLatency } from '../lib/latency.ts';
import type { Logger } from '../lib/log.ts';
import type { AnalystHealth } from '../model/analysis.ts';
import type { Rule, RuleTrial, TrialSpan } from '../model/alert.ts';
import type { Clip } from '../model/clip.ts';
import type { DetectedObject, Frame } from '../model/index.ts';
import type { Authenticator } from './auth.ts';
import type { ServerLimits } from './limits/server-limits.ts';
import type { TlsOptions } from './tls.ts';
import type { RateLimiter } from './limits/rate-limiter.ts';

/** First and last byte, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface OpenedMedia {
  readonly size: number;
  /** Opens the bytes only when called; the caller reads to the end or destroys it. */
  stream(range?: ByteRange): Readable;
}

/** One part of the program and whether it can do its work; `detail` must be fit for anyone's eyes. */
export interface PartState {
  readonly ok: boolean;
  readonly detail?: string;
}

/** How the house is, by its trackers. Reasons are fit for any eyes. */
export interface HealthFacts {
  readonly database: AwayState & { readonly version: string | null };
  /** Null where Redis is not configured. */
  readonly redis: AwayState | null;
  readonly media: AwayState & { readonly freeBytes: number | null };
  /** Of a process that ingests: files that wait, and whether they do because something is away. */
  readonly ingest: { readonly waiting: number; readonly outage: boolean } | null;
  /** Of a process that tends what is kept. */
  readonly retention?: RetentionFacts | undefined;
  readonly detectors: readonly {
    readonly name: string;
    readonly model: string;
    /** What computes: `cpu`, `cuda`, ..., or the address of a remote server. */
    readonly provider: string;
    readonly state: 'ready' | 'unavailable';
    readonly reason: string | null;
    readonly backends: readonly {
      readonly name: string;
      readonly state: 'in_use' | 'standby' | 'unavailable';
      readonly reason: string | null;
    }[];
  }[];
  /** Those who cut clips; null in a process that does not. Without ffmpeg clips wait, and the reason says what to do. */
  readonly clips: { readonly state: 'ready' | 'unavailable'; readonly reason: string | null } | null;
  /** Null in a process that does not analyze. */
  readonly analyst: AnalystHealth | null;
  /** Of each part that may be away: how often it was, and for how long it has been now. */
  readonly outages: readonly { readonly part: string; readonly count: number; readonly seconds: number }[];
}

/** What was deleted since the start of the process. */
interface RetentionFacts {
  /** In words, why there is too little room; null when there is enough. */
  readonly trouble: string | null;
  readonly frames: number;
  readonly events: number;
  readonly clips: number;
  readonly bytes: number;
}

export interface AwayState {
  readonly ok: boolean;
  /** Since when it is as it is. */
  readonly since: Date;
  readonly reason: string | null;
}

export interface SystemFacts extends HealthFacts {
  /** Of the program and what it stands on, as in `{ nightjar, node, postgresql }`, as far as they are known. */
  readonly versions: Readonly<Record<string, string>>;
  readonly roles: readonly string[];
  readonly startedAt: Date;
}

export interface PipelineFacts {
  readonly queue: {
    readonly pending: number;
    readonly leased: number;
    readonly dead: number;
    /** How long the oldest pending frame has waited; null when none waits. */
    readonly oldestPendingS: number | null;
    readonly clips: { readonly pending: number; readonly leased: number; readonly dead: number };
  };
  readonly stages: Readonly<Record<string, StageLatency>>;
}

/** The detector as guests may use it. */
export interface GuestDetector {
  readonly imageBytesMax: number;
  /** Guests' pictures in the works at once: more would crowd out the pipeline's frames. */
  readonly picturesAtOnceMax: number;
  /** Reads the size of the upright picture from its header. Throws `invalid`. */
  measure(bytes: Uint8Array): Promise<{ readonly width: number; readonly height: number }>;
  /** Strongest first. Throws `invalid` for what is no whole picture; `unavailable` and `overloaded`, which heal. */
  examine(image: {
    readonly bytes: Uint8Array;
    readonly width: number;
    readonly height: number;
  }): Promise<readonly DetectedObject[]>;
}

/** One name of the configuration; a secret has no value here. */
export interface SettingFacts {
  readonly name: string;
  readonly source: 'default' | 'environment' | '.env' | 'file' | 'command';
  /** Null where nothing is set; undefined for a secret. */
  readonly value?: unknown;
  readonly isSet: boolean;
}

/** Another chance for dead letters. */
export interface RequeueActions<Noun, Outcome> {
  /** Throws `not_found`; `conflict` for what cannot be examined (or cut) again. `also` is part of the transaction. */
  one(id: string, also: (tx: Tx, change: { before: Noun; after: Noun | null }) => Promise<void>): Promise<Outcome>;
  /** Resolves to how many are pending again. `also` is part of the transaction of each step, with how many it takes. */
  dead(filter: DeadFilter, also: (tx: Tx, count: number) => Promise<void>): Promise<number>;
}

interface DeadFilter {
  readonly cameraId?: string | undefined;
  readonly kind?: ErrorKind | undefined;
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
}

export interface AnsweredRequest {
  readonly method: string;
  /** The pattern of its path, as in `/api/frames/{id}`. */
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
}

/** Figures of one GPU; null for what it does not tell. */
export interface GpuFigures {
  readonly uuid: string;
  readonly utilizationPercent: number | null;
  readonly memoryUtilizationPercent: number | null;
  readonly memoryUsedMb: number | null;
  readonly temperatureC: number | null;
  readonly powerW: number | null;
}

export interface GpuFacts {
  /** As last sampled; null where there is no GPU, or none that tells of itself. */
  readonly gpus:
    | readonly (GpuFigures & {
        readonly index: number;
        readonly name: string;
        readonly driverVersion: string | null;
        readonly memoryTotalMb: number | null;
        readonly powerLimitW: number | null;
        readonly sampledAt: Date;
      })[]
    | null;
  /** Oldest first. */
  readonly history: readonly { readonly at: Date; readonly gpus: readonly GpuFigures[] }[];
}

/** What became of a test message. */
export interface ChannelTest {
  readonly deliveryId: string;
  readonly isDelivered: boolean;
  /** What the other side said. */
  readonly response: string | null;
  readonly error: { readonly kind: ErrorKind; readonly message: string } | null;
  readonly durationMs: number;
}

export interface ApiOptions {
  readonly db: Database;
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Who asks: the same one guards the WebSocket. */
  readonly authenticator: Authenticator;
  /** Undefined: plain HTTP. */
  readonly tls?: TlsOptions | undefined;
  readonly serverLimits?: Partial<ServerLimits> | undefined;
  /** Undefined: everybody may ask as often as they like. */
  readonly rateLimiter?: RateLimiter | undefined;
  /** Of pages that may ask, with a key. */
  readonly corsOrigins?: readonly string[] | undefined;
  /** Whose word counts on whom they ask for: addresses, networks, `loopback`. */
  readonly trustedProxies?: readonly string[] | undefined;
  /** The day of `stats/summary` begins at midnight here; an IANA name. */
  readonly timeZone: string;
  /** Original bytes by their path in the media store, which comes from our rows only. Throws `not_found`. */
  openMedia(mediaPath: string): Promise<OpenedMedia>;
  readMedia(mediaPath: string): Promise<Buffer>;
  /** A JPEG of the picture with the boxes drawn, no wider than `width` pixels; never enlarged. Throws `invalid`. */
  annotate(bytes: Uint8Array, objects: readonly DetectedObject[], options: { width?: number }): Promise<Buffer>;
  readonly transact: Transact;
  health(): { readonly modelLoaded: boolean };
  readiness(): Promise<Readonly<Record<string, PartState>>> | Readonly<Record<string, PartState>>;
  /** Asks nobody: it must answer while everything else is away. */
  system(): SystemFacts | Promise<SystemFacts>;
  pipeline(): Promise<PipelineFacts>;
  gpu(): GpuFacts;
  /** What was counted and measured in this process, in the text format of Prometheus; goes out with `/metrics`. */
  readonly figures?: () => Promise<string>;
  /** Told of each answer. */
  readonly onRequest?: (answered: AnsweredRequest) => void;
  readonly detector: GuestDetector;
  /**
   * Looks into a picture, stores and records it, as those of the inbox. Throws `invalid` for what cannot be examined, and
   * has kept nothing of it then; `unavailable`.
   */
  receivePicture(picture: {
    readonly cameraId: string;
    /** As the sender calls it; never a path. */
    readonly name: string;
    readonly bytes: Buffer;
    readonly capturedAt?: Date | undefined;
    /** When the request began. */
    readonly firstSeenMs: number;
  }): Promise<{ readonly sha256: string }>;
  /** What is configured, without secrets. */
  readonly settings: readonly SettingFacts[];
  readonly requeue: RequeueActions<Frame, { readonly outcome: 'pending' | 'forgotten'; readonly frame: Frame }>;
  readonly requeueClips: RequeueActions<Clip, Clip>;
  /** Sends a test message now. Undefined when there is no such channel. */
  testChannel(channelId: string): Promise<ChannelTest | undefined>;
  /** What a rule would have made of past events. Throws `overloaded` while others are being tried. */
  tryRule(rule: Rule, span: TrialSpan): Promise<RuleTrial>;
  /** Takes over the socket of a WebSocket request on `/ws`, authentication included. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}
