/**
 * Metrics: what happens in this process, counted where it happens. In come plain calls from whoever joins the rooms; out goes
 * the text that Prometheus reads. families.ts lists all of them. Nothing here can fail, nothing waits, and nothing is
 * shared between two sets of meters but the figures of the process itself.
 *
 * Limits: 500 cameras and 200 labels are told apart, all others are `other`; routes and methods are those of the program.
 */
import type { ErrorKind } from '../lib/errors.ts';
import type { Verdict } from '../model/analysis.ts';
import type { Frame, NewMessage } from '../model/index.ts';
import { createBound } from './bound.ts';
import { countMessage } from './messages.ts';
import { watchProcess } from './process.ts';
import { createMeterRegistry } from './registry.ts';
import { toMethod } from './methods.ts';
import { createSocketMeter, type SocketMeter } from './sockets.ts';

export { families, type Family } from './families.ts';

const CAMERAS_MAX = 500;
const LABELS_MAX = 200;

export interface Meters {
  /** A frame (a batch, in `infer`) was in this stage for so long. */
  stage(stage: string, durationMs: number): void;
  ingested(cameraId: string, source: 'picture' | 'clip', count?: number): void;
  clipIngested(cameraId: string): void;
  clipCut(cameraId: string): void;
  /** What was found in it is stored. */
  done(frame: Pick<Frame, 'cameraId' | 'receivedAt'>, nowMs: number): void;
  attemptFailed(kind: ErrorKind): void;
  /** A detector took so long for a batch of so many, and may have failed. */
  run(detector: string, run: { readonly pictures: number; readonly durationMs: number; readonly isOk: boolean }): void;
  /** Messages of a transaction that is committed. */
  told(messages: readonly NewMessage[]): void;
  verdict(verdict: Verdict, durationMs: number): void;
  request(answered: {
    readonly method: string;
    readonly route: string;
    readonly status: number;
    readonly durationMs: number;
  }): void;
  /** A use of the database begins; what is returned is to be called when it ends, with the kind of its failure. */
  databaseUse(pool: string): (failure?: ErrorKind) => void;
  spans(outcome: 'exported' | 'failed' | 'dropped', count: number): void;
  readonly socket: SocketMeter;
  /** In the text format of Prometheus, 0.0.4. */
  read(): Promise<string>;
}

export interface MetersOptions {
  readonly version: string;
  readonly mediaFreeMinBytes: number;
  /** Whether the figures of the process are told too: they are watched until it ends. */
  readonly watchesProcess?: boolean;
}

export function createMeters({ version, mediaFreeMinBytes, watchesProcess = true }: MetersOptions): Meters {
  const registry = createMeterRegistry();
  const { count, observe, add, prometheus } = registry;
  const bounds = { camera: createBound(CAMERAS_MAX), label: createBound(LABELS_MAX) };
  const { camera } = bounds;
  add('build_info', { version, node_version: process.versions.node }, 1);
  add('media_free_min_bytes', {}, mediaFreeMinBytes);
  if (watchesProcess) watchProcess(prometheus);
  const socket = createSocketMeter(registry);
  return {
    stage: (stage, durationMs) => observe('stage_duration_seconds', { stage }, toSeconds(durationMs)),
    ingested: (cameraId, source, by = 1) => count('frames_ingested_total', { camera: camera(cameraId), source }, by),
    clipIngested: (cameraId) => count('clips_ingested_total', { camera: camera(cameraId) }),
    clipCut: (cameraId) => count('clips_cut_total', { camera: camera(cameraId) }),
    done({ cameraId, receivedAt }, nowMs) {
      count('frames_done_total', { camera: camera(cameraId) });
      observe('frame_latency_seconds', {}, toSeconds(nowMs - receivedAt.getTime()));
    },
    attemptFailed: (kind) => count('frame_attempts_failed_total', { kind }),
    run(detector, { pictures, durationMs, isOk }) {
      count('detector_runs_total', { detector, outcome: isOk ? 'ok' : 'failed' });
      observe('detector_batch_frames', { detector }, pictures);
      if (isOk) observe('detector_run_duration_seconds', { detector }, toSeconds(durationMs));
    },
    told: (messages) => messages.forEach((message) => countMessage(registry, bounds, message)),
    verdict({ outcome, calls }, durationMs) {
      count('llm_verdicts_total', { outcome });
      if (outcome === 'scored' || outcome === 'failed')
        observe('llm_analysis_duration_seconds', {}, toSeconds(durationMs));
      for (const { tokensIn, tokensOut } of calls) {
        count('llm_tokens_total', { direction: 'in' }, tokensIn ?? 0);
        count('llm_tokens_total', { direction: 'out' }, tokensOut ?? 0);
      }
    },
    request({ method: given, route, status, durationMs }) {
      const method = toMethod(given);
      count('http_requests_total', { method, route, status: `${status}` });
      observe('http_request_duration_seconds', { method, route }, toSeconds(durationMs));
    },
    databaseUse(pool) {
      const startedMs = performance.now();
      add('database_uses_in_flight', { pool }, 1);
      return (failure) => {
        add('database_uses_in_flight', { pool }, -1);
        observe('database_use_duration_seconds', { pool }, toSeconds(performance.now() - startedMs));
        if (failure) count('database_failures_total', { pool, kind: failure });
      };
    },
    spans: (outcome, by) => count('trace_spans_total', { outcome }, by),
    socket,
    read() {
      socket.settle();
      return prometheus.metrics();
    },
  };
}

/** Clocks step back: a duration below zero would be refused. */
const toSeconds = (durationMs: number): number => Math.max(0, durationMs) / 1_000;
