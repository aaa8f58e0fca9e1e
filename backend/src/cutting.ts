/** Those who cut clips into frames: work of the role `detect`, so that it grows with the processes that detect. */
import { createClipWorker, type ClipWorker } from './clips/index.ts';
import type { Config } from './config.ts';
import { systemClock as clock } from './lib/clock.ts';
import type { Closers } from './lib/lifecycle.ts';
import type { Logger } from './lib/log.ts';
import type { Tracer } from './lib/trace.ts';
import type { MediaStore } from './media/index.ts';
import type { Queue } from './queue/index.ts';

interface CuttingParts {
  readonly config: Config;
  readonly log: Logger;
  readonly closers: Closers;
  readonly queue: Pick<Queue, 'clips'>;
  readonly media: Pick<MediaStore, 'withFile' | 'put'>;
  readonly tracer: Tracer;
}

export function openCutting({ config, log, closers, queue, media, tracer }: CuttingParts): ClipWorker {
  const { clipFrameIntervalMs: intervalMs, clipFramesMax: framesMax, imageBytesMax, imagePixelsMax } = config;
  const limits = { intervalMs, framesMax, imageBytesMax, imagePixelsMax };
  const { attemptsMax, leaseMs: storeWithinMs } = config;
  const stores = { withFile: media.withFile, storeFrame: media.put };
  const worker = createClipWorker({
    ...queue.clips,
    ...stores,
    limits,
    attemptsMax,
    storeWithinMs,
    clock,
    log,
    tracer,
  });
  return closers.add('clip worker', worker);
}
