/**
 * All configuration: environment variables and `.env`, parsed once. Names, defaults and meanings are the contract's.
 * Every fault is reported at once; values of secrets are never part of a message.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { findEdgeContradictions, toEdge } from './config/edge.ts';
import { environment, REMOTE_DETECTOR, roles, secretNames, type Environment, type Role } from './config/environment.ts';
import { findSource, toSettings, type SourceOf } from './config/settings.ts';
import { toMessage, NightjarError } from './lib/errors.ts';

export { executionProviders, roles, type Role } from './config/environment.ts';

/** onnxruntime reports its use to its maker unless the environment says no. What a camera sees is nobody's business. */
process.env['ORT_DISABLE_TELEMETRY'] = '1';

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
  const sourceOf: SourceOf = (name) => findSource(name, { overrides, environment: process.env, fromFile });
  return parseConfig(withSecretFiles({ ...fromFile, ...process.env, ...overrides }), surroundings, sourceOf);
}

type Given = Readonly<Record<string, string | undefined>>;

/** `ADMIN_API_KEY_FILE=/run/secrets/key` stands for the content of that file. Throws `invalid` if it cannot be read. */
function withSecretFiles(given: Given): Given {
  const files = secretNames.flatMap((name) => {
    const file = given[`${name}_FILE`]?.trim();
    return file ? [[name, readSecret(name, file)] as const] : [];
  });
  return { ...given, ...Object.fromEntries(files) };
}

function readSecret(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (thrown) {
    throw new NightjarError('invalid', `${name}_FILE cannot be read: ${toMessage(thrown)}`, { cause: thrown });
  }
}

/** Throws `invalid` with one fault for each wrong value. An empty value counts as not given. */
export function parseConfig(env: Given, surroundings: Surroundings, sourceOf?: SourceOf): Config {
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
  return toConfig(parsed.data, surroundings, sourceOf ?? ((name) => (name in given ? 'environment' : 'default')));
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
  if (env.MEDIA_URL !== undefined && (env.S3_ACCESS_KEY_ID === undefined || env.S3_SECRET_ACCESS_KEY === undefined))
    faults.push({ path: 'MEDIA_URL', message: 'needs S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY' });
  return [...faults, ...findEdgeContradictions(env)];
}

function toConfig(env: Environment, surroundings: Surroundings, sourceOf: SourceOf) {
  const dataDir = path.resolve(surroundings.cwd, env.DATA_DIR);
  return {
    host: env.HOST,
    port: env.PORT,
    /** Where a process without the API tells of its health. */
    healthPort: env.HEALTH_PORT,
    ...toEdge(env, surroundings.cwd),
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
    clipBytesMax: env.CLIP_BYTES_MAX,
    clipFrameIntervalMs: env.CLIP_FRAME_INTERVAL_S * 1_000,
    clipFramesMax: env.CLIP_FRAMES_MAX,
    camerasMax: env.CAMERAS_MAX,
    mediaUrl: env.MEDIA_URL,
    s3: { accessKeyId: env.S3_ACCESS_KEY_ID, secretAccessKey: env.S3_SECRET_ACCESS_KEY },
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
    /** Undefined: what stands still counts like everything else. */
    stationaryMs: env.STATIONARY_S === 0 ? undefined : env.STATIONARY_S * 1_000,
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
    /** Undefined: nothing is deleted for its age. */
    retentionMs: env.RETENTION_DAYS === 0 ? undefined : env.RETENTION_DAYS * 86_400_000,
    diskFreeMinBytes: env.DISK_FREE_MIN_GB * 1024 ** 3,
    /** Places that are not of the internet and that alerts may be sent to. */
    notifyPrivateAllowed: env.NOTIFY_PRIVATE_ALLOWED,
    publicUrl: env.PUBLIC_URL,
    replayMs: env.REPLAY_HOURS * 3_600_000,
    adminApiKey: env.ADMIN_API_KEY,
    /** As it is shown to people: without secrets. */
    settings: toSettings(env, sourceOf),
    traces: {
      /** Undefined: no traces. */
      endpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
      headers: env.OTEL_EXPORTER_OTLP_HEADERS,
      serviceName: env.OTEL_SERVICE_NAME,
      share: env.OTEL_TRACES_SAMPLER_ARG,
    },
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
