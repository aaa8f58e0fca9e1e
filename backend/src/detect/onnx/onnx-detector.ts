import type { Clock } from '../../lib/clock.ts';
import { NightjarError, toMessage } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import type { DetectedObject } from '../../model/index.ts';
import type { Keep } from '../families/family.ts';
import { families, type FamilyName } from '../families/index.ts';
import { createDecoder, type PreparedPicture } from '../picture/decode.ts';
import type { Detector } from '../detector.ts';
import { createFallback, type Fallback } from './fallback.ts';
import { toLayout, type Layout, type LayoutWishes } from './layout.ts';
import {
  findAbsence,
  providerNames,
  readMachine,
  type Machine,
  type ProviderChoice,
  type ProviderName,
} from './providers.ts';
import { createProviderParts, type StartThread } from './provider-parts.ts';
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

export interface OnnxDetectorOptions extends LayoutWishes {
  readonly model: DetectorModel;
  /** What computes: the best that works, or a certain one. `auto` unless given. */
  readonly provider?: ProviderChoice | undefined;
  readonly scoreMin?: number | undefined;
  /** Other labels are dropped; words that the model does not know are only warned of. */
  readonly labels: ReadonlySet<string> | 'all';
  readonly imagePixelsMax: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** A Vulkan driver that the environment names. */
  readonly vulkanDriver?: string | undefined;
  /** What of the machine tells which providers can be there; read from it unless given. */
  readonly machine?: Machine | undefined;
  /** How threads start; real ones unless given (tests). */
  readonly start?: StartThread | undefined;
  /** How long a provider may be tried; its own limit unless given (tests). */
  readonly trialMsMax?: number | undefined;
}

export interface OnnxDetector extends Detector<PreparedPicture> {
  /** What was decoded has a result: a run succeeds or fails as a whole. */
  detect(batch: readonly PreparedPicture[]): Promise<readonly (readonly DetectedObject[])[]>;
}

/**
 * Detects with a local network, in threads of their own, on the best execution provider that works.
 * Resolves when every thread is warm; throws `unavailable` when the network cannot be loaded, or not on the provider
 * that was asked for.
 */
export async function createOnnxDetector(options: OnnxDetectorOptions): Promise<OnnxDetector> {
  const { model, log } = options;
  const { card } = model;
  const keep: Keep = { labels: card.labels, only: options.labels, scoreMin: options.scoreMin ?? card.score_min };
  warnOfUnknown(keep, model.name, log);
  const engines = await openEngines(options);
  const { batchMax, runsMax } = engines.layout;
  return {
    name: 'onnx',
    model: model.name,
    batchMax,
    runsMax,
    prepare: createDecoder({ input: card.input, imagePixelsMax: options.imagePixelsMax }),
    async detect(batch) {
      if (batch.length === 0) return [];
      if (batch.length > batchMax) throw new NightjarError('internal', `a batch of ${batch.length} is too large`);
      return (await engines.run(batch)).flatMap((run) => families[card.family](run, keep));
    },
    health: () => toHealth(model.name, engines),
    close: () => engines.close(),
  };
}

async function openEngines(options: OnnxDetectorOptions): Promise<Fallback> {
  const { provider: choice = 'auto', machine = readMachine(options.vulkanDriver), clock, log } = options;
  const layouts = toProviders(choice).map((provider) => {
    // Where a GPU was asked for, what was said of workers and batches was said of that one.
    const wishes = choice === 'auto' || choice === provider ? options : {};
    return toLayout(provider, wishes, options.model.card.batch_max);
  });
  const fallback = createFallback({
    ...createProviderParts({ ...options, layouts, isChosen: choice !== 'auto' }),
    layouts,
    findAbsence: ({ provider }: Layout) => findAbsence(provider, machine),
    firstOnly: choice !== 'auto',
    clock,
    log,
  });
  return choice === 'auto' || choice === 'cpu' ? fallback : fallback.catch(refuse(choice));
}

/** A provider that was asked for is used at the start, and has only the CPU to fall back to later. */
function toProviders(choice: ProviderChoice): readonly ProviderName[] {
  if (choice === 'auto') return providerNames;
  return choice === 'cpu' ? [choice] : [choice, 'cpu'];
}

const refuse = (choice: ProviderChoice) => (cause: unknown) => {
  const advice = '`nightjar doctor` tells which providers work here; EXECUTION_PROVIDER=auto takes the best of them';
  throw new NightjarError('unavailable', `EXECUTION_PROVIDER=${choice}: ${toMessage(cause)}; ${advice}`, { cause });
};

function toHealth(model: string, engines: Fallback) {
  const { provider, fault: reason, backends } = engines.health();
  return { name: 'onnx', model, provider, state: reason === null ? 'ready' : 'unavailable', reason, backends } as const;
}

function warnOfUnknown({ labels, only }: Keep, model: string, log: Logger): void {
  const unknown = only === 'all' ? [] : [...only].filter((label) => !labels.includes(label));
  if (unknown.length > 0) log.warn({ labels: unknown }, `${model} does not know these labels: ${unknown.join(', ')}`);
}
