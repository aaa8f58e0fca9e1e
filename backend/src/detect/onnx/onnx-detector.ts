import { availableParallelism } from 'node:os';
import type { Clock } from '../../lib/clock.ts';
import { NightjarError } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import type { DetectedObject } from '../../model/index.ts';
import type { Keep } from '../families/family.ts';
import { families, type FamilyName } from '../families/index.ts';
import { createDecoder, type PreparedPicture } from '../picture/decode.ts';
import type { Detector } from '../detector.ts';
import { toBatch } from './input-batch.ts';
import { createOnnxPool } from './onnx-pool.ts';
import { startOnnxThread } from './onnx-thread.ts';
import type { InputShape } from '../picture/placement.ts';

/** What the engine needs of a model folder; the models' room reads and checks it. */
export interface DetectorModel {
  readonly name: string;
  readonly onnxPath: string;
  readonly card: {
    readonly family: FamilyName;
    readonly input: InputShape & { readonly name: string };
    readonly labels: readonly string[];
    readonly score_min: number;
    readonly batch_max: Readonly<Record<string, number>>;
  };
}

export interface OnnxDetectorOptions {
  readonly model: DetectorModel;
  /** ONNX execution provider: `cpu`, `cuda`, `tensorrt`, `webgpu`. */
  readonly provider?: string | undefined;
  /** Threads that each hold the network. */
  readonly workers?: number | undefined;
  /** Threads that one run may use. */
  readonly threads?: number | undefined;
  readonly batchMax?: number | undefined;
  readonly scoreMin?: number | undefined;
  /** Other labels are dropped; words that the model does not know are only warned of. */
  readonly labels: ReadonlySet<string> | 'all';
  readonly imagePixelsMax: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface OnnxDetector extends Detector<PreparedPicture> {
  /** What was decoded has a result: a run succeeds or fails as a whole. */
  detect(batch: readonly PreparedPicture[]): Promise<readonly (readonly DetectedObject[])[]>;
}

/** Each worker holds the network and its working memory, 200 MB; more than these must be asked for. */
const WORKERS_DEFAULT_MAX = 8;

/**
 * Detects with a local network, in threads of their own. On a CPU single pictures on one-thread workers, one for each
 * core, do as much as batches do (59 ms a picture alone, 70 ms in a batch of 8) and answer sooner.
 * Resolves when every thread is warm; throws `unavailable` when the network cannot be loaded.
 */
export async function createOnnxDetector(options: OnnxDetectorOptions): Promise<OnnxDetector> {
  const { model, provider = 'cpu', log, clock } = options;
  const { card } = model;
  const batchMax = options.batchMax ?? card.batch_max[provider] ?? 1;
  const workers = options.workers ?? (provider === 'cpu' ? Math.min(availableParallelism(), WORKERS_DEFAULT_MAX) : 1);
  const keep: Keep = { labels: card.labels, only: options.labels, scoreMin: options.scoreMin ?? card.score_min };
  warnOfUnknown(keep, model.name, log);
  const threads = options.threads ?? 1;
  const settings = { onnxPath: model.onnxPath, provider, threads, input: card.input, warmBatch: batchMax };
  const pool = await createOnnxPool({ workers, start: () => startOnnxThread(settings), clock, log });
  return {
    name: 'onnx',
    model: model.name,
    batchMax,
    runsMax: workers,
    prepare: createDecoder({ input: card.input, imagePixelsMax: options.imagePixelsMax }),
    async detect(batch) {
      if (batch.length === 0) return [];
      if (batch.length > batchMax) throw new NightjarError('internal', `a batch of ${batch.length} is too large`);
      const outputs = await pool.run(toBatch(batch, card.input));
      const placements = batch.map(({ placement }) => placement);
      return families[card.family]({ outputs, batch: batch.length, placements }, keep);
    },
    health: () => toHealth(model.name, provider, pool.fault()),
    close: () => pool.close(),
  };
}

const toHealth = (model: string, provider: string, fault: string | null) =>
  ({
    name: 'onnx',
    model,
    provider,
    state: fault === null ? 'ready' : 'unavailable',
    reason: fault,
    backends: [{ name: provider, state: fault === null ? 'in_use' : 'unavailable', reason: fault }],
  }) as const;

function warnOfUnknown({ labels, only }: Keep, model: string, log: Logger): void {
  const unknown = only === 'all' ? [] : [...only].filter((label) => !labels.includes(label));
  if (unknown.length > 0) log.warn({ labels: unknown }, `${model} does not know these labels: ${unknown.join(', ')}`);
}
