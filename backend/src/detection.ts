/**
 * Those who examine: the detectors in order of preference, each with a worker of its own that claims frames whenever
 * its detector is free. The pictures of guests (the API's detector routes) join the same batches.
 */
import type { Config } from './config.ts';
import {
  createDetectWorker,
  createExaminer,
  type Detector,
  type DetectWorker,
  type EncodedImage,
  type Examiner,
} from './detect/index.ts';
import type { EventStore } from './events/index.ts';
import type { createStageLatencies } from './facts.ts';
import { steadyClock, systemClock } from './lib/clock.ts';
import { NightjarError } from './lib/errors.ts';
import type { Closers } from './lib/lifecycle.ts';
import type { Logger } from './lib/log.ts';
import type { Tracer } from './lib/trace.ts';
import type { MediaStore } from './media/index.ts';
import type { DetectedObject } from './model/index.ts';
import { createBatcher, type Queue } from './queue/index.ts';

export interface Detection {
  readonly detectors: readonly Detector[];
  /** There may be frames to claim. */
  wake(): void;
  /** What the first detector that is ready sees in a guest's picture, strongest first. Throws `unavailable` when none is. */
  examine(image: EncodedImage): Promise<readonly DetectedObject[]>;
}

interface DetectionParts {
  readonly config: Pick<Config, 'batchDelayMaxMs' | 'leaseMs'>;
  readonly log: Logger;
  readonly closers: Closers;
  readonly detectors: readonly Detector[];
  readonly queue: Pick<Queue, 'claim' | 'fail' | 'release' | 'forget'>;
  readonly media: Pick<MediaStore, 'read'>;
  readonly events: Pick<EventStore, 'store'>;
  readonly latencies: ReturnType<typeof createStageLatencies>;
  readonly tracer: Tracer;
}

export function openDetection(parts: DetectionParts): Detection {
  const examiners = parts.detectors.map((detector) => openExaminer(detector, parts));
  const wake = openWorkers(examiners, parts);
  return {
    detectors: parts.detectors,
    wake,
    async examine(image) {
      const examiner = examiners.find(({ detector }) => detector.health().state === 'ready');
      if (!examiner) throw new NightjarError('unavailable', 'no detector of this process is ready');
      return examiner.detect(await examiner.prepare(() => Promise.resolve(image)));
    },
  };
}

function openExaminer(detector: Detector, { config, latencies }: DetectionParts): Examiner {
  const { batchMax: sizeMax, runsMax } = detector;
  const limits = { sizeMax, runsMax, delayMaxMs: config.batchDelayMaxMs };
  return createExaminer({
    detector,
    onStage: latencies.observe,
    createBatcher: (run, isMoreComing) => createBatcher({ run, isMoreComing, ...limits }),
  });
}

/** A worker for each detector. One that is less preferred takes work only while all before it are busy. */
function openWorkers(examiners: readonly Examiner[], parts: DetectionParts): () => void {
  const { config, queue, media, events, latencies, log, closers, tracer } = parts;
  // Filled one by one: a worker looks at those before it as soon as it is made.
  const workers: DetectWorker[] = [];
  for (const [place, examiner] of examiners.entries()) {
    const worker = createDetectWorker({
      examiner,
      isWanted: () => workers.slice(0, place).every((preferred) => preferred.isBusy()),
      onClaimed: () => workers[place + 1]?.wake(),
      claim: queue.claim,
      readMedia: media.read,
      store: events.store,
      fail: queue.fail,
      release: queue.release,
      forget: queue.forget,
      storeWithinMs: config.leaseMs,
      clock: steadyClock,
      calendar: systemClock,
      log,
      onStage: latencies.observe,
      tracer,
    });
    workers.push(worker);
    // Together: the worker waits for its frames, and a detector that closes rejects those that only wait for a result.
    const close = async (): Promise<void> => void (await Promise.all([worker.close(), examiner.detector.close()]));
    closers.add('detect worker', { close });
  }
  return () => workers.forEach((worker) => worker.wake());
}
