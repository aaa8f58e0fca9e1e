import type { IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import type { Database, Transact } from '../db/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { StageLatency } from '../lib/latency.ts';
import type { Logger } from '../lib/log.ts';
import type { AnalystHealth } from '../model/analysis.ts';
import type { DetectedObject } from '../model/index.ts';
import type { Authenticator } from './auth.ts';

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

export interface SystemFacts {
  /** Of the program and what it stands on, as in `{ nightjar, node, postgres, onnxruntime }`. */
  readonly versions: Readonly<Record<string, string>>;
  readonly roles: readonly string[];
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
  /** Null in a process that does not analyze. */
  readonly analyst: AnalystHealth | null;
  readonly startedAt: Date;
}

export interface PipelineFacts {
  readonly queue: {
    readonly pending: number;
    readonly leased: number;
    readonly dead: number;
    /** How long the oldest pending frame has waited; null when none waits. */
    readonly oldestPendingS: number | null;
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

export interface ApiOptions {
  readonly db: Database;
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Who asks: the same one guards the WebSocket. */
  readonly authenticator: Authenticator;
  /** The day of `stats/summary` begins at midnight here; an IANA name. */
  readonly timeZone: string;
  /** Original bytes by their path in the media store, which comes from our rows only. Throws `not_found`. */
  openMedia(mediaPath: string): Promise<OpenedMedia>;
  readMedia(mediaPath: string): Promise<Buffer>;
  /** A JPEG of the picture with the boxes drawn, no wider than `width` pixels; never enlarged. Throws `invalid`. */
  annotate(bytes: Uint8Array, objects: readonly DetectedObject[], options: { width?: number }): Promise<Buffer>;
  readonly transact: Transact;
  health(): { readonly modelLoaded: boolean };
  readiness(): Promise<Readonly<Record<string, PartState>>>;
  system(): Promise<SystemFacts>;
  pipeline(): Promise<PipelineFacts>;
  gpu(): GpuFacts;
  readonly detector: GuestDetector;
  /** Takes over the socket of a WebSocket request on `/ws`, authentication included. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}
