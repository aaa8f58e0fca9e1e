/** Parts that the configuration chooses, and what each room is told of it: no room sees the configuration itself. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Config, DetectorChoice } from './config.ts';
import { createOnnxDetector, createRemoteDetector, type Detector } from './detect/index.ts';
import { steadyClock as steady } from './lib/clock.ts';
import { NightjarError } from './lib/errors.ts';
import type { Closers } from './lib/lifecycle.ts';
import type { Logger } from './lib/log.ts';
import { readModel } from './models/index.ts';

/** What detectors need to know; cloneable. */
export type DetectorConfig = Pick<
  Config,
  | 'detectors'
  | 'detectorApiKey'
  | 'detectorTimeoutMs'
  | 'modelDir'
  | 'executionProvider'
  | 'vulkanDriver'
  | 'detectWorkers'
  | 'detectThreads'
  | 'batchMax'
  | 'scoreMin'
  | 'labels'
  | 'imagePixelsMax'
>;

/** The detectors of `DETECTORS`, in order of preference. Throws when one cannot be opened at all. */
export async function openDetectors(
  config: DetectorConfig,
  log: Logger,
  closers: Closers,
): Promise<readonly Detector[]> {
  const detectors: Detector[] = [];
  for (const choice of config.detectors)
    detectors.push(closers.add(`detector ${choice.engine}`, await openDetector(choice, config, log)));
  return detectors;
}

export async function openDetector(choice: DetectorChoice, config: DetectorConfig, log: Logger): Promise<Detector> {
  return choice.engine === 'onnx' ? openOnnx(config, log) : openRemote(choice, config, log);
}

function openRemote(choice: Exclude<DetectorChoice, { engine: 'onnx' }>, config: DetectorConfig, log: Logger) {
  const { detectorApiKey: apiKey, detectorTimeoutMs: timeoutMs, batchMax, scoreMin, labels, imagePixelsMax } = config;
  const { engine: protocol, urls } = choice;
  const limits = { timeoutMs, batchMax, imagePixelsMax };
  return createRemoteDetector({ protocol, urls, apiKey, scoreMin, labels, ...limits, clock: steady, log });
}

async function openOnnx(config: DetectorConfig, log: Logger) {
  const { executionProvider: provider, vulkanDriver, scoreMin, labels, imagePixelsMax } = config;
  const model = await readModel(config.modelDir);
  const kept = { scoreMin, labels, imagePixelsMax };
  return createOnnxDetector({ model, provider, vulkanDriver, ...toLayoutWishes(config), ...kept, clock: steady, log });
}

export const toLayoutWishes = ({ detectWorkers: workers, detectThreads: threads, batchMax }: DetectorConfig) => ({
  workers,
  threads,
  batchMax,
});

export const toEventRules = ({ eventIdleMs, eventWindowMs, riskBands, timeZone, stationaryMs }: Config) => ({
  idleMs: eventIdleMs,
  windowMs: eventWindowMs,
  bands: riskBands,
  timeZone,
  stationaryMs,
});

export const toInbox = ({
  inbox,
  ingestMode,
  watchPolling,
  settleMs,
  timeZone,
  imageBytesMax,
  imagePixelsMax,
  clipBytesMax,
}: Config) => ({
  inbox,
  mode: ingestMode,
  polling: watchPolling,
  settleMs,
  timeZone,
  imageBytesMax,
  imagePixelsMax,
  clipBytesMax,
});

/** A folder that the user named is theirs to make: a path that is not there is a typing error, or a share not mounted. */
export async function assertInbox({ inbox, dataDir }: Config): Promise<void> {
  if (inbox === path.join(dataDir, 'inbox')) return;
  const found = await stat(inbox).catch(() => undefined);
  if (!found?.isDirectory()) throw new NightjarError('invalid', `CAMERA_ROOT is no folder: ${inbox}`);
}
