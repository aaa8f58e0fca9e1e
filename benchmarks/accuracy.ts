/**
 * Question: how well, and how fast, does the bundled model see through our own decode path, stretched to its input or
 * letterboxed into it? Limit: AP of at least 0.315 on 80 pictures of COCO val2017 in the way that the card chooses
 * (TensorFlow.js, stretched: 0.319).
 *
 * Argument: a folder with COCO's `instances.json` and `images/`. Decoding and inference are timed apart, one picture
 * at a time on one thread, so that the figures are costs and not throughputs.
 */
import { join } from 'node:path';
import { createOnnxDetector, type OnnxDetector } from '../backend/src/detect/index.ts';
import { systemClock } from '../backend/src/lib/clock.ts';
import { percentile } from '../backend/src/lib/latency.ts';
import { silentLog } from '../backend/src/lib/log.ts';
import { BUNDLED_MODEL, importBundledModel, readModel, type Model } from '../backend/src/models/index.ts';
import { averagePrecision, type Coco } from './coco-ap.ts';
import { detectCoco, IMAGE_PIXELS_MAX, readCoco, SCORE_MIN, type Measured } from './coco-detect.ts';

const AP_MIN = 0.315;
const BATCHES = [1, 8] as const;
const modelsDir = new URL('../backend/models/', import.meta.url).pathname;

type Resize = Model['card']['input']['resize'];

/** Throws when the limit is missed. */
export async function run(args: string[]): Promise<void> {
  const [folder] = args;
  if (!folder) throw new Error('accuracy needs a folder with instances.json and images/');
  const coco = await readCoco(folder);
  await importBundledModel({ modelsDir });
  const model = await readModel(join(modelsDir, BUNDLED_MODEL));
  for (const resize of ['stretch', 'letterbox'] as const)
    for (const batch of BATCHES) await measure({ folder, coco, model, resize, batch });
}

interface Trial {
  readonly folder: string;
  readonly coco: Coco;
  readonly model: Model;
  readonly resize: Resize;
  readonly batch: number;
}

async function measure(trial: Trial): Promise<void> {
  const { folder, model, resize, batch, coco } = trial;
  const detector = await open(model, resize, batch);
  const measured = await detectCoco(folder, coco, batch, detector).finally(() => detector.close());
  const { ap, ap50, byLabel } = averagePrecision(coco, measured.found);
  const chosen = resize === model.card.input.resize;
  report({ ...trial, ap, ap50, person: byLabel.get('person') ?? 0, chosen }, measured);
  if (chosen && ap < AP_MIN) throw new Error(`AP ${ap.toFixed(4)} is below ${AP_MIN}`);
}

const open = (model: Model, resize: Resize, batchMax: number): Promise<OnnxDetector> =>
  createOnnxDetector({
    model: { ...model, card: { ...model.card, input: { ...model.card.input, resize } } },
    workers: 1,
    batchMax,
    scoreMin: SCORE_MIN,
    labels: 'all',
    imagePixelsMax: IMAGE_PIXELS_MAX,
    clock: systemClock,
    log: silentLog,
  });

function report(
  trial: Trial & { ap: number; ap50: number; person: number; chosen: boolean },
  { decodeMs, inferMs, found }: Measured,
): void {
  const figures = [
    `${trial.resize}, batch ${trial.batch}${trial.chosen ? ' (chosen)' : ''}`.padEnd(30),
    `AP ${trial.ap.toFixed(4)}  AP50 ${trial.ap50.toFixed(4)}  person AP ${trial.person.toFixed(4)}`,
    `decode ${spread(decodeMs)}`,
    `infer ${spread(inferMs)} ms a picture (p50/p95/p99)`,
    `checksum ${found.length}`,
  ];
  process.stdout.write(`${figures.join('  ')}\n`);
}

function spread(samplesMs: readonly number[]): string {
  const sorted = Float64Array.from(samplesMs).sort();
  return [0.5, 0.95, 0.99].map((share) => (percentile(sorted, share) ?? 0).toFixed(1)).join('/');
}
