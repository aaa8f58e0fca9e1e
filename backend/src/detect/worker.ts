/**
 * The detect worker: claims frames, has them examined, and hands over what was found, or why nothing could be.
 *
 * Frames in hand are bounded by what the detector can use: enough that the next ones are decoded while it computes.
 * A frame leaves the worker in one of four ways: stored, failed (the queue decides whether it is tried again), handed
 * back on shutdown, or given up because its lease was lost, in which case someone else has it.
 */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../lib/clock.ts';
import { isRetryable, toNightjarError, type NightjarError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { createLoop } from '../lib/loop.ts';
import { withRetry } from '../lib/retry.ts';
import { noSpan, noTracer, type Tracer } from '../lib/trace.ts';
import type { ExaminedFrame, LeasedFrame } from '../model/index.ts';
import type { Examiner, ExamineStage } from './examiner.ts';
import { createStoreOutage, StoreAwayError } from './store-outage.ts';
import { traceFrame, within, type FrameTrace } from './trace.ts';

const POLL_MS = 1_000;
const STORE_RETRY_MS = 250;
/** How many runs' worth of frames are in hand: one computing, one decoded, one being read and decoded. */
const RUNS_IN_HAND = 3;

export type DetectStage = ExamineStage | 'store' | 'queue';

export interface DetectWorkerOptions<Prepared> {
  readonly examiner: Examiner<Prepared>;
  /** Whether this detector should take work now: a less preferred one waits until the others have enough. */
  readonly isWanted?: () => boolean;
  /** Frames in hand at once; three runs' worth unless given. */
  readonly inHandMax?: number;
  readonly claim: (count: number) => Promise<readonly LeasedFrame[]>;
  readonly readMedia: (mediaPath: string) => Promise<Uint8Array>;
  /** Called when frames were claimed: perhaps more than this detector can take are waiting. */
  readonly onClaimed?: () => void;
  /** Durable once resolved; false if the lease was lost. */
  readonly store: (examined: ExaminedFrame) => Promise<boolean>;
  readonly fail: (frame: LeasedFrame, error: NightjarError) => Promise<void>;
  readonly release: (frames: readonly LeasedFrame[]) => Promise<void>;
  readonly forget: (frame: LeasedFrame) => void;
  /** How long a finished result is worth storing: as long as the lease can be kept. */
  readonly storeWithinMs: number;
  /** For how long something lasts. */
  readonly clock: Clock;
  /** The time of day, where that is another clock. */
  readonly calendar?: Pick<Clock, 'nowMs'>;
  readonly log: Logger;
  readonly onStage?: (stage: DetectStage, durationMs: number) => void;
  readonly tracer?: Tracer;
}

export interface DetectWorker {
  /** There may be frames to claim. */
  wake(): void;
  inHand(): number;
  /** It could not take more: its hands are full, or its detector is away. */
  isBusy(): boolean;
  /** Takes nothing new, finishes what is being computed, hands back the rest. */
  close(): Promise<void>;
}

export function createDetectWorker<Prepared>(options: DetectWorkerOptions<Prepared>): DetectWorker {
  const { examiner, log, onStage, calendar = options.clock, tracer = noTracer } = options;
  const { detector } = examiner;
  const { inHandMax = detector.batchMax * detector.runsMax * RUNS_IN_HAND } = options;
  /** By identity: a frame that was taken from us and claimed again is in hand twice, for the moment. */
  const inHand = new Map<LeasedFrame, Promise<void>>();
  const closing = new AbortController();
  // Each frame whose result cannot be stored for now waits on it: bounded, and nothing that Node should warn of.
  setMaxListeners(inHandMax, closing.signal);

  const outage = createStoreOutage(options);

  const isReady = (): boolean => detector.health().state === 'ready' && outage.waitMs() === 0;

  async function read({ mediaPath, width, height }: LeasedFrame) {
    return { bytes: await outage.read(() => options.readMedia(mediaPath)), width, height };
  }

  async function prepare(frame: LeasedFrame, trace: FrameTrace): Promise<Prepared> {
    let decoding = noSpan;
    const prepared = await examiner.prepare(async () => {
      const picture = await within(trace.begin('read'), () => read(frame));
      decoding = trace.begin('decode');
      return picture;
    });
    decoding.end();
    return prepared;
  }

  async function examine(frame: LeasedFrame, trace: FrameTrace): Promise<void> {
    onStage?.('queue', Math.max(0, calendar.nowMs() - frame.receivedAt.getTime()));
    const prepared = await prepare(frame, trace);
    if (closing.signal.aborted) return options.release([frame]);
    const objects = await within(trace.begin('infer'), () => examiner.detect(prepared));
    const storing = trace.begin('store');
    const examined = { frame, objects, model: detector.model, traceParent: storing.traceParent };
    const retry = {
      clock: options.clock,
      delayMs: STORE_RETRY_MS,
      withinMs: options.storeWithinMs,
      signal: closing.signal,
    };
    const storingMs = performance.now();
    const stored = await within(storing, () => withRetry(() => options.store(examined), retry));
    onStage?.('store', performance.now() - storingMs);
    if (!stored)
      log.warn({ frame: frame.id }, 'the lease was lost before the result was stored: another has the frame');
  }

  /** While closing, or while the media store is away, it is no failure of the frame: it is handed back, the attempt uncounted. */
  async function giveUp(frame: LeasedFrame, error: NightjarError): Promise<void> {
    if (closing.signal.aborted && isRetryable(error.kind)) return options.release([frame]);
    if (error instanceof StoreAwayError) return options.release([frame]);
    log.warn(
      { frame: frame.id, camera: frame.cameraId, attempt: frame.attempts, kind: error.kind, err: error },
      `frame failed: ${error.message}`,
    );
    return options.fail(frame, error);
  }

  /** Never rejects: a frame whose failure cannot even be recorded is taken up again when its lease runs out. */
  async function handle(frame: LeasedFrame): Promise<void> {
    const trace = traceFrame(tracer, frame, calendar.nowMs());
    let error: NightjarError | undefined;
    try {
      await examine(frame, trace).catch((thrown: unknown) => {
        error = toNightjarError(thrown);
        return giveUp(frame, error);
      });
    } catch (thrown) {
      log.error(
        { frame: frame.id, err: toNightjarError(thrown) },
        'a failed frame could not be recorded; its lease will run out',
      );
    } finally {
      trace.end(error?.kind);
      options.forget(frame);
      inHand.delete(frame);
      loop.wake();
    }
  }

  const loop = createLoop({
    name: 'detect worker',
    clock: options.clock,
    log,
    idleMs: POLL_MS,
    runOnce: async () => {
      const free = inHandMax - inHand.size;
      // Half of the places at once, or the claims of a busy detector would be for single frames.
      if (free * 2 < inHandMax || !isReady() || options.isWanted?.() === false) return false;
      const frames = await options.claim(free);
      for (const frame of frames) inHand.set(frame, handle(frame));
      if (frames.length > 0) options.onClaimed?.();
      return frames.length > 0;
    },
  });

  return {
    wake: () => loop.wake(),
    inHand: () => inHand.size,
    isBusy: () => inHand.size * 2 > inHandMax || !isReady(),
    async close() {
      closing.abort();
      await loop.close();
      await Promise.all(inHand.values());
    },
  };
}
