import type { DetectorModel } from '../onnx-detector.ts';
import { toLayout, type Layout, type LayoutWishes } from '../layout.ts';
import { measure, type Trial } from './measure.ts';
import { findAbsence, providerNames, readMachine, type Machine, type ProviderChoice, type ProviderName } from '../providers.ts'; // prettier-ignore
import { toMeasureSettings, tryLayout } from '../provider-parts.ts';
import { toMs } from './qualify.ts';

/** What became of a provider's trial on this machine. */
export interface ProviderFinding {
  readonly provider: ProviderName;
  /** What a picture takes in its best batch; null where it does not work. */
  readonly pictureMs: number | null;
  /** It is what a start would use. */
  readonly isUsed: boolean;
  /** Figures, or why there are none. */
  readonly detail: string;
}

export interface SurveyOptions extends LayoutWishes {
  readonly model: DetectorModel;
  readonly provider: ProviderChoice;
  readonly vulkanDriver?: string | undefined;
  readonly machine?: Machine | undefined;
}

/** Tries every provider, one after another, for a person who wants to know: not only until one works. Never rejects. */
export async function surveyProviders(options: SurveyOptions): Promise<readonly ProviderFinding[]> {
  const { model, provider: choice, machine = readMachine(options.vulkanDriver) } = options;
  const tried: { provider: ProviderName; pictureMs: number | null; detail: string }[] = [];
  for (const provider of providerNames) {
    const absence = findAbsence(provider, machine);
    const layout = toLayout(provider, options, model.card.batch_max);
    if (absence !== null) tried.push({ provider, pictureMs: null, detail: absence });
    else tried.push({ provider, ...toFacts(layout, await tryLayout(model, layout)) });
  }
  const used = choice === 'auto' ? findBest(tried) : choice;
  return tried.map((finding) => ({ ...finding, isUsed: finding.provider === used && finding.pictureMs !== null }));
}

/** As `auto` chooses: the first that is not slower than the CPU. */
function findBest(tried: readonly { provider: ProviderName; pictureMs: number | null }[]): ProviderName {
  const cpuMs = tried.find(({ provider }) => provider === 'cpu')?.pictureMs ?? Infinity;
  return tried.find(({ pictureMs }) => pictureMs !== null && pictureMs <= cpuMs)?.provider ?? 'cpu';
}

function toFacts({ workers, provider }: Layout, { measured, fault }: Trial) {
  const best = measured.toSorted((one, other) => one.pictureMs - other.pictureMs)[0];
  if (!best) return { pictureMs: null, detail: fault ?? 'nothing could be measured' };
  const how = provider === 'cpu' ? `${workers} worker(s)` : `batches of ${best.batch}`;
  const limit = fault === null ? '' : `; larger batches do not work: ${fault}`;
  return { pictureMs: best.pictureMs, detail: `${toMs(best.pictureMs)} a picture with ${how}${limit}` };
}

/** A layout at work for `runMs` on each of these batch sizes, in a process of its own. Never rejects. */
export function measureLayout(
  model: DetectorModel,
  layout: Layout,
  { runMs, limitMs }: { readonly runMs: number; readonly limitMs: number },
): Promise<Trial> {
  return measure(toMeasureSettings(model, layout, runMs), { limitMs });
}
