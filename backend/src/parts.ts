/** Parts that the configuration chooses, and what each room is told of it: no room sees the configuration itself. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { createRateLimiter, type RateLimiter } from './api/index.ts';
import { createLocalBus, createRedisBus, readHouseId, type Bus } from './broadcast/index.ts';
import type { Config, DetectorChoice } from './config.ts';
import { createEmbeddedPostgres, type Database, type DatabaseTarget } from './db/index.ts';
import { createOnnxDetector, createRemoteDetector, type Detector } from './detect/index.ts';
import { inspectPicture } from './ingest/index.ts';
import { steadyClock as steady, systemClock as clock } from './lib/clock.ts';
import { NightjarError } from './lib/errors.ts';
import type { Closers } from './lib/lifecycle.ts';
import type { Logger } from './lib/log.ts';
import type { Part } from './lib/part.ts';
import { parseS3Url } from './lib/s3-url.ts';
import { createDiskStore, openS3Store, type MediaStore } from './media/index.ts';
import { readModel } from './models/index.ts';

/** A last checkpoint on a slow disk takes its time, and must not be given up. */
const SERVER_CLOSE_MS_MAX = 35_000;

export async function openServer(config: Config, log: Logger, closers: Closers): Promise<DatabaseTarget> {
  if (config.databaseUrl !== undefined) return { url: config.databaseUrl };
  const server = await createEmbeddedPostgres({ dataDir: config.dataDir, log });
  return closers.add('embedded PostgreSQL', server, SERVER_CLOSE_MS_MAX).target;
}

export async function openMedia({ dataDir, mediaUrl, s3 }: Config, log: Logger): Promise<MediaStore> {
  if (mediaUrl === undefined) return createDiskStore({ root: path.join(dataDir, 'media'), log });
  const { accessKeyId = '', secretAccessKey = '' } = s3;
  const scratchDir = path.join(dataDir, 'media-copies');
  const credentials = { accessKeyId, secretAccessKey };
  return openS3Store({ place: parseS3Url(mediaUrl), credentials, scratchDir, clock, log });
}

/** A stored file as a picture, by the limits of now. Throws `invalid` with the reason if it is none that may be examined. */
export const toInspect =
  (media: Pick<MediaStore, 'read'>, { imagePixelsMax: pixelsMax }: Pick<Config, 'imagePixelsMax'>) =>
  async (mediaPath: string, name: string) =>
    inspectPicture(await media.read(mediaPath), { ending: 'open', name, pixelsMax });

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

export async function openBus({ redisUrl }: Config, db: Database, log: Logger, part?: Part): Promise<Bus> {
  if (redisUrl === undefined) return createLocalBus();
  const channel = `nightjar:messages:${await readHouseId(db)}`;
  return createRedisBus({ url: redisUrl, log, channel, ...(part && { part }) });
}

/** Undefined where everybody may ask as often as they like. */
export async function openRateLimiter(parts: {
  readonly config: Config;
  readonly closers: Closers;
  readonly db: Database;
}): Promise<RateLimiter | undefined> {
  const { rateLimitPerMinute: perMinute, redisUrl: url } = parts.config;
  if (perMinute === 0) return undefined;
  const redis = url === undefined ? undefined : { url, houseId: await readHouseId(parts.db) };
  return parts.closers.add('rate limiter', createRateLimiter({ perMinute, redis, clock: steady }));
}

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
