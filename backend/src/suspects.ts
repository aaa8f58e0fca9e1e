/**
 * Frames that a process died with: one of them may be the one that kills. They are examined one at a time, in a process
 * of its own, so that a picture costs the pipeline one crash at most, and no other frame its life.
 *
 * Local networks compute on the CPU there: that needs no memory of a GPU, starts within a second or two, and gives a
 * result for a picture that only a GPU's driver cannot bear.
 */
import type { Config } from './config.ts';
import { createDetectWorker, createExaminer, createIsolatedDetector, type Detector, type DetectWorker, type IsolatedDetector } from './detect/index.ts'; // prettier-ignore
import type { EventStore } from './events/index.ts';
import type { createStageLatencies } from './facts.ts';
import { steadyClock as clock } from './lib/clock.ts';
import type { Closers } from './lib/lifecycle.ts';
import type { Logger } from './lib/log.ts';
import type { Tracer } from './lib/trace.ts';
import { besideModule } from './lib/start-worker.ts';
import type { MediaStore } from './media/index.ts';
import type { DetectorConfig } from './parts.ts';
import { createBatcher, type Queue } from './queue/index.ts';

/** Decoding and computing: the detector itself gives a run up after 60 s. */
const PICTURE_MS_MAX = 90_000;
/** A remote detector is asked three times at most. */
const REMOTE_TRIES_MAX = 3;

interface SuspectParts {
  readonly config: Config;
  readonly log: Logger;
  readonly closers: Closers;
  /** Those of the pipeline: where none of them can work, neither could ours. */
  readonly detectors: readonly Detector[];
  readonly queue: Pick<Queue, 'hasSuspects' | 'claimSuspect' | 'fail' | 'release' | 'forget'>;
  readonly media: Pick<MediaStore, 'read'>;
  readonly events: Pick<EventStore, 'store'>;
  readonly latencies: ReturnType<typeof createStageLatencies>;
  readonly tracer: Tracer;
}

export interface Suspects {
  /** There may be some. */
  wake(): void;
}

export function openSuspects(parts: SuspectParts): Suspects {
  const { config, log, closers } = parts;
  const detector = createIsolatedDetector({
    program: besideModule(import.meta.url, './isolated-child'),
    settings: toSettings(config),
    pictureMsMax: toPictureMsMax(config),
    log,
  });
  const worker = openWorker(detector, parts);
  closers.add('worker for suspects', {
    // Together: the worker waits for its frame, and a detector that closes rejects it.
    close: async () => void (await Promise.all([worker.close(), detector.close()])),
  });
  return { wake: worker.wake };
}

function openWorker(detector: IsolatedDetector, parts: SuspectParts): DetectWorker {
  const { config, log, queue, media, events, latencies, tracer } = parts;
  const limits = { sizeMax: 1, runsMax: 1, delayMaxMs: 0 };
  return createDetectWorker({
    examiner: createExaminer({
      detector,
      createBatcher: (run, isMoreComing) => createBatcher({ run, isMoreComing, ...limits }),
    }),
    inHandMax: 1,
    isWanted: () => parts.detectors.some((other) => other.health().state === 'ready'),
    async claim() {
      if (!(await queue.hasSuspects())) return [];
      await detector.open();
      return queue.claimSuspect();
    },
    readMedia: media.read,
    store: events.store,
    fail: queue.fail,
    release: queue.release,
    forget: queue.forget,
    storeWithinMs: config.leaseMs,
    clock,
    log,
    tracer,
    // Its other stages would say nothing of the pipeline's.
    onStage: (stage, durationMs) => void (stage === 'store' && latencies.observe(stage, durationMs)),
  });
}

function toSettings(config: Config): DetectorConfig {
  const { detectors, detectorApiKey, detectorTimeoutMs, scoreMin, labels, imagePixelsMax, modelDir, detectThreads } = config; // prettier-ignore
  const shared = { detectors, detectorApiKey, detectorTimeoutMs, scoreMin, labels, imagePixelsMax, modelDir };
  const local = { executionProvider: 'cpu', vulkanDriver: undefined, detectWorkers: 1, detectThreads } as const;
  return { ...shared, ...local, batchMax: 1 };
}

function toPictureMsMax({ detectors, detectorTimeoutMs }: Config): number {
  const isRemote = detectors.some(({ engine }) => engine !== 'onnx');
  return PICTURE_MS_MAX + (isRemote ? REMOTE_TRIES_MAX * detectorTimeoutMs : 0);
}
