/**
 * All configuration: environment variables and `.env`, parsed once. Names, defaults and meanings are the contract's.
 * Every fault is reported at once; values of secrets are never part of a message.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { byteSize, decimal, flag, headerValue, list, pixelCount, timeZone, url, whole } from './lib/env-values.ts';
import { NightjarError } from './lib/errors.ts';

export const roles = ['api', 'ingest', 'detect', 'analyze'] as const;
export type Role = (typeof roles)[number];

export const executionProviders = ['auto', 'cpu', 'cuda', 'tensorrt', 'webgpu'] as const;

/** onnxruntime reports its use to its maker unless the environment says no. What a camera sees is nobody's business. */
process.env['ORT_DISABLE_TELEMETRY'] = '1';

const SECRET_CHARS_MIN = 16;
const DEFAULT_LABELS = 'person,bicycle,car,motorcycle,bus,truck,bird,cat,dog';

const roleList = list.refine((value) => value.every((role) => role === 'all' || roles.includes(role as Role)), {
  message: `must be a list of ${roles.join(', ')}, or all`,
});

const REMOTE_DETECTOR = /^(remote|deepstack):(https?:.+)$/;
const isDetector = (item: string): boolean =>
  item === 'onnx' || URL.canParse(REMOTE_DETECTOR.exec(item)?.[2] ?? 'no detector');
const detectorList = list.refine((value) => value.length > 0 && value.every(isDetector), {
  message: 'must be a list of onnx, remote:http://host:port and deepstack:http://host:port',
});

const environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: whole(0, 65_535).default(8000),
  ROLES: roleList.default(['all']),
  DATA_DIR: z.string().default('./data'),
  CAMERA_ROOT: z.string().optional(),
  CAMERA_TZ: timeZone.optional(),
  INGEST_MODE: z.enum(['move', 'copy'], 'must be move or copy').optional(),
  SETTLE_MS: whole(50, 600_000).default(2_000),
  WATCH_POLLING: flag.default(false),
  IMAGE_BYTES_MAX: byteSize.default(50 * 1024 ** 2),
  IMAGE_PIXELS_MAX: pixelCount.default(100_000_000),
  DATABASE_URL: url(['postgres:', 'postgresql:']).optional(),
  REDIS_URL: url(['redis:', 'rediss:']).optional(),
  DETECTORS: detectorList.default(['onnx']),
  MODEL: z.string().default('centernet-mbv3'),
  EXECUTION_PROVIDER: z.enum(executionProviders, `must be one of ${executionProviders.join(', ')}`).default('auto'),
  VK_DRIVER_FILES: z.string().optional(),
  VK_ICD_FILENAMES: z.string().optional(),
  DETECTOR_API_KEY: headerValue.optional(),
  // Node's fetch gives up by itself after 300 s without an answer.
  DETECTOR_TIMEOUT_MS: whole(100, 300_000).default(30_000),
  DETECT_BATCH_MAX: whole(1, 256).optional(),
  DETECT_BATCH_DELAY_MAX_MS: whole(0, 10_000).default(20),
  DETECT_WORKERS: whole(1, 256).optional(),
  DETECT_THREADS: whole(1, 256).optional(),
  DETECT_SCORE_MIN: decimal(0, 1).optional(),
  DETECT_LABELS: list.default(DEFAULT_LABELS.split(',')),
  FRAME_ATTEMPTS_MAX: whole(1, 100).default(5),
  LEASE_SECONDS: whole(3, 3_600).default(60),
  EVENT_IDLE_S: decimal(0.1, 86_400).default(30),
  EVENT_WINDOW_S: decimal(0.1, 86_400).default(90),
  ANALYZER: z.enum(['rules', 'llm'], 'must be rules or llm').default('rules'),
  LLM_URL: url(['http:', 'https:']).optional(),
  LLM_API: z.enum(['chat', 'completion'], 'must be chat or completion').default('chat'),
  LLM_MODEL: z.string().optional(),
  LLM_API_KEY: headerValue.optional(),
  LLM_TIMEOUT_MS: whole(100, 3_600_000).default(120_000),
  LLM_IMAGES_MAX: whole(0, 8).default(0),
  LLM_CONCURRENCY_MAX: whole(1, 64).default(1),
  LLM_OUTPUT_TOKENS_MAX: whole(64, 65_536).default(1_024),
  LLM_TOKENS_PER_HOUR_MAX: whole(1, 1e12).optional(),
  LLM_AGE_MAX_HOURS: decimal(0.01, 8_760).default(24),
  RISK_LOW_MAX: whole(0, 99).default(29),
  RISK_MEDIUM_MAX: whole(0, 99).default(59),
  RISK_HIGH_MAX: whole(0, 99).default(84),
  REPLAY_HOURS: decimal(0.01, 8_760).default(24),
  ADMIN_API_KEY: z.string().min(SECRET_CHARS_MIN, `must have at least ${SECRET_CHARS_MIN} characters`),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'must be trace, debug, info, warn, error or silent')
    .default('info'),
  LOG_FORMAT: z.enum(['pretty', 'json'], 'must be pretty or json').optional(),
});
type Environment = z.infer<typeof environment>;

export type Config = ReturnType<typeof toConfig>;

/** Where the facts come from that are not in the environment; passed in so that tests need no machine of their own. */
export interface Surroundings {
  readonly cwd: string;
  readonly systemTimeZone: string;
  readonly terminal: boolean;
}

const systemSurroundings = (): Surroundings => ({
  cwd: process.cwd(),
  systemTimeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  terminal: process.stderr.isTTY,
});

/** Reads the environment over `.env` in the working folder. `overrides` are those of a command (the demo's). */
export function readConfig(overrides: Readonly<Record<string, string>> = {}): Config {
  const surroundings = systemSurroundings();
  const file = path.join(surroundings.cwd, '.env');
  const fromFile = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {};
  return parseConfig({ ...fromFile, ...process.env, ...overrides }, surroundings);
}

/** Throws `invalid` with one fault for each wrong value. An empty value counts as not given. */
export function parseConfig(env: Readonly<Record<string, string | undefined>>, surroundings: Surroundings): Config {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  const parsed = environment.safeParse(given);
  const faults = [
    ...(parsed.success ? [] : parsed.error.issues.map((issue) => toFault(issue.path.join('.'), issue.message))),
    ...(parsed.success ? findContradictions(parsed.data) : []),
  ];
  if (faults.length > 0 || !parsed.success) {
    const lines = faults.map(({ path: name, message }) => `  ${name} ${message}`);
    throw new NightjarError('invalid', `the configuration has ${faults.length} fault(s):\n${lines.join('\n')}`, {
      faults,
    });
  }
  return toConfig(parsed.data, surroundings);
}

function toFault(name: string, message: string) {
  if (name === 'ADMIN_API_KEY' && message.startsWith('Invalid input'))
    return { path: name, message: 'is missing: ./setup.sh writes one to .env' };
  return { path: name, message };
}

function findContradictions(env: Environment) {
  const faults = [];
  if (!(env.RISK_LOW_MAX < env.RISK_MEDIUM_MAX && env.RISK_MEDIUM_MAX < env.RISK_HIGH_MAX))
    faults.push({ path: 'RISK_LOW_MAX', message: 'must be below RISK_MEDIUM_MAX, and that below RISK_HIGH_MAX' });
  if (env.EVENT_WINDOW_S < env.EVENT_IDLE_S)
    faults.push({ path: 'EVENT_WINDOW_S', message: 'must not be shorter than EVENT_IDLE_S' });
  if (env.ANALYZER === 'llm' && env.LLM_URL === undefined)
    faults.push({
      path: 'LLM_URL',
      message: 'is needed for ANALYZER=llm: the address of an OpenAI-compatible or llama.cpp server',
    });
  return faults;
}

function toConfig(env: Environment, surroundings: Surroundings) {
  const dataDir = path.resolve(surroundings.cwd, env.DATA_DIR);
  return {
    host: env.HOST,
    port: env.PORT,
    roles: new Set<Role>(env.ROLES.includes('all') ? roles : (env.ROLES as Role[])),
    dataDir,
    inbox: env.CAMERA_ROOT ? path.resolve(surroundings.cwd, env.CAMERA_ROOT) : path.join(dataDir, 'inbox'),
    timeZone: env.CAMERA_TZ ?? surroundings.systemTimeZone,
    // Nobody likes files to vanish from a folder of their own.
    ingestMode: env.INGEST_MODE ?? (env.CAMERA_ROOT ? 'copy' : 'move'),
    settleMs: env.SETTLE_MS,
    watchPolling: env.WATCH_POLLING,
    imageBytesMax: env.IMAGE_BYTES_MAX,
    imagePixelsMax: env.IMAGE_PIXELS_MAX,
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    detectors: toDetectors(env.DETECTORS),
    detectorApiKey: env.DETECTOR_API_KEY,
    detectorTimeoutMs: env.DETECTOR_TIMEOUT_MS,
    modelDir: toModelDir(env.MODEL, dataDir),
    executionProvider: env.EXECUTION_PROVIDER,
    /** Read by the Vulkan loader itself; for us a sign that there is a driver, even where no GPU is seen. */
    vulkanDriver: env.VK_DRIVER_FILES ?? env.VK_ICD_FILENAMES,
    batchMax: env.DETECT_BATCH_MAX,
    batchDelayMaxMs: env.DETECT_BATCH_DELAY_MAX_MS,
    detectWorkers: env.DETECT_WORKERS,
    detectThreads: env.DETECT_THREADS,
    scoreMin: env.DETECT_SCORE_MIN,
    labels: toLabels(env.DETECT_LABELS),
    attemptsMax: env.FRAME_ATTEMPTS_MAX,
    leaseMs: env.LEASE_SECONDS * 1_000,
    eventIdleMs: env.EVENT_IDLE_S * 1_000,
    eventWindowMs: env.EVENT_WINDOW_S * 1_000,
    riskBands: { lowMax: env.RISK_LOW_MAX, mediumMax: env.RISK_MEDIUM_MAX, highMax: env.RISK_HIGH_MAX },
    analyzer: env.ANALYZER,
    llm: {
      url: env.LLM_URL,
      api: env.LLM_API,
      model: env.LLM_MODEL,
      apiKey: env.LLM_API_KEY,
      timeoutMs: env.LLM_TIMEOUT_MS,
      imagesMax: env.LLM_IMAGES_MAX,
      concurrencyMax: env.LLM_CONCURRENCY_MAX,
      outputTokensMax: env.LLM_OUTPUT_TOKENS_MAX,
      tokensPerHourMax: env.LLM_TOKENS_PER_HOUR_MAX,
      ageMaxMs: env.LLM_AGE_MAX_HOURS * 3_600_000,
    },
    replayMs: env.REPLAY_HOURS * 3_600_000,
    adminApiKey: env.ADMIN_API_KEY,
    log: { level: env.LOG_LEVEL, format: env.LOG_FORMAT ?? (surroundings.terminal ? 'pretty' : 'json') },
  } as const;
}

export const toLabels = (labels: readonly string[]): ReadonlySet<string> | 'all' =>
  labels.includes('all') ? 'all' : new Set(labels);

/** One entry of `DETECTORS`. Servers that speak the same protocol are one detector, at the place of the first. */
export type DetectorChoice =
  { readonly engine: 'onnx' } | { readonly engine: 'remote' | 'deepstack'; readonly urls: readonly string[] };

function toDetectors(entries: readonly string[]): readonly DetectorChoice[] {
  const found = entries.map((entry) => REMOTE_DETECTOR.exec(entry));
  const urlsOf = (engine: string): readonly string[] => [
    ...new Set(found.flatMap((match) => (match?.[1] === engine ? [(match[2] ?? '').replace(/\/+$/, '')] : []))),
  ];
  const engines = [...new Set(found.map((match) => match?.[1] ?? 'onnx'))] as DetectorChoice['engine'][];
  return engines.map((engine) => (engine === 'onnx' ? { engine } : { engine, urls: urlsOf(engine) }));
}

/** The model folders that come with the program. */
export const bundledModelsDir = fileURLToPath(new URL('../models', import.meta.url));

/** The model folders that were imported here. */
export const toModelsDir = (dataDir: string): string => path.join(dataDir, 'models');

/** `MODEL` is a path, or the name of a folder: one that was imported here, or one that comes with the program. */
export function toModelDir(model: string, dataDir: string): string {
  if (model.includes(path.sep)) return path.resolve(model);
  const imported = path.join(toModelsDir(dataDir), model);
  return existsSync(path.join(imported, 'model.json')) ? imported : path.join(bundledModelsDir, model);
}
