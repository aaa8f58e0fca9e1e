import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/log.ts';
import type { InputShape } from '../picture/placement.ts';
import { createEngine } from './engine.ts';
import type { FallbackOptions } from './fallback.ts';
import type { Layout } from './layout.ts';
import { measure, type MeasureSettings, type Trial } from './trial/measure.ts';
import { startOnnxThread, type OnnxThread, type ThreadSettings } from './thread/onnx-thread.ts';
import { providerMsMax } from './providers.ts';
import { createQualify } from './trial/qualify.ts';

/** The network, as threads need to know it. */
export interface Network {
  readonly onnxPath: string;
  readonly card: { readonly input: InputShape & { readonly name: string } };
}
export type StartThread = (settings: ThreadSettings) => Promise<OnnxThread>;

export interface ProviderPartsOptions {
  readonly model: Network;
  readonly layouts: readonly Layout[];
  /** The provider was asked for by name, and need not be faster than the CPU. */
  readonly isChosen: boolean;
  readonly start?: StartThread | undefined;
  readonly trialMsMax?: number | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Long enough for a median that a neighbour's hiccup does not move. */
const TRIAL_RUN_MS = 300;

/** How providers are tried and opened for real: trials in child processes, engines of worker threads. */
export function createProviderParts(options: ProviderPartsOptions): Pick<FallbackOptions, 'qualify' | 'open'> {
  const { model, layouts, isChosen, start = startOnnxThread, trialMsMax, clock, log } = options;
  const rival = isChosen ? undefined : layouts.find(({ provider }) => provider === 'cpu');
  return {
    qualify: createQualify({
      measure: (layout, signal) => tryLayout(model, layout, { signal, limitMs: trialMsMax }),
      rival,
    }),
    open: (layout, isLast) =>
      createEngine({
        layout,
        input: model.card.input,
        start: () => start(toThreadSettings(model, layout)),
        revive: isLast,
        clock,
        log,
      }),
  };
}

/** A short trial of each of its batch sizes, least first. */
export function tryLayout(
  model: Network,
  layout: Layout,
  { signal, limitMs = providerMsMax[layout.provider] }: { signal?: AbortSignal; limitMs?: number | undefined } = {},
): Promise<Trial> {
  return measure(toMeasureSettings(model, layout, TRIAL_RUN_MS), { limitMs, ...(signal && { signal }) });
}

export function toMeasureSettings(model: Network, layout: Layout, runMs: number): MeasureSettings {
  const { workers, buckets, batchMax } = layout;
  const hasBuckets = buckets.length > 0;
  const batches = hasBuckets ? buckets : [batchMax];
  return { ...toSession(model, layout), workers, batches, buckets: hasBuckets, runMs };
}

function toThreadSettings(model: Network, layout: Layout): ThreadSettings {
  return { ...toSession(model, layout), buckets: layout.buckets, warmBatch: layout.batchMax };
}

function toSession({ onnxPath, card }: Network, { provider, threads }: Layout) {
  const { name, width, height } = card.input;
  return { onnxPath, provider, threads, input: { name, width, height }, startMsMax: providerMsMax[provider] * 2 };
}
