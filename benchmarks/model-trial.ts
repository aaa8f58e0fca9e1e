/** One row of benchmarks/models.ts, in a process of its own: the result is the last line of stdout, as JSON. */
import { createOnnxDetector, type OnnxDetector } from '../backend/src/detect/index.ts';
import { systemClock } from '../backend/src/lib/clock.ts';
import { NightjarError } from '../backend/src/lib/errors.ts';
import { percentile } from '../backend/src/lib/latency.ts';
import { silentLog } from '../backend/src/lib/log.ts';
import { readModel } from '../backend/src/models/index.ts';
import { averagePrecision } from './coco-ap.ts';
import { detectCoco, IMAGE_PIXELS_MAX, readCoco, SCORE_MIN } from './coco-detect.ts';

export interface ModelTrial {
  readonly folder: string;
  readonly dir: string;
  readonly provider: 'cpu' | 'webgpu' | 'cuda' | 'tensorrt';
  readonly batch: number;
}

async function open({ dir, provider, batch }: ModelTrial): Promise<OnnxDetector> {
  const common = { labels: 'all', imagePixelsMax: IMAGE_PIXELS_MAX, clock: systemClock, log: silentLog } as const;
  const model = await readModel(dir);
  return createOnnxDetector({ model, provider, workers: 1, threads: 1, batchMax: batch, scoreMin: SCORE_MIN, ...common }); // prettier-ignore
}

async function measure(trial: ModelTrial, detector: OnnxDetector): Promise<object> {
  const coco = await readCoco(trial.folder);
  const { found, decodeMs, inferMs } = await detectCoco(trial.folder, coco, trial.batch, detector);
  const { ap, ap50, byLabel } = averagePrecision(coco, found);
  return {
    ap,
    ap50,
    person: byLabel.get('person') ?? 0,
    decodeMs: median(decodeMs),
    inferMs: median(inferMs),
    peakMiB: process.resourceUsage().maxRSS / 1024,
    objects: found.length,
  };
}

const median = (samples: readonly number[]): number => percentile(Float64Array.from(samples).sort(), 0.5) ?? NaN;

async function main(trial: ModelTrial): Promise<object> {
  try {
    const detector = await open(trial);
    return await measure(trial, detector).finally(() => detector.close());
  } catch (thrown) {
    // A provider that is not there is an answer; anything else is a fault of the benchmark.
    if (thrown instanceof NightjarError && thrown.kind === 'unavailable') return { reason: thrown.message };
    throw thrown;
  }
}

const result = await main(JSON.parse(process.argv[2] ?? '') as ModelTrial);
process.stdout.write(`${JSON.stringify(result)}\n`);
