/**
 * All configuration: environment variables and `.env`, parsed once. Names, defaults and meanings are the contract's.
 * Every fault is reported at once; values of secrets are never part of a message.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { NightjarError } from './lib/errors.ts';

export const roles = ['api', 'ingest', 'detect', 'analyze'] as const;
export type Role = (typeof roles)[number];

/** onnxruntime reports its use to its maker unless the environment says no. What a camera sees is nobody's business. */
process.env['ORT_DISABLE_TELEMETRY'] = '1';

const SECRET_CHARS_MIN = 16;
const DEFAULT_LABELS = 'person,bicycle,car,motorcycle,bus,truck,bird,cat,dog';

const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`);

const decimal = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+(\.\d+)?$/, 'must be a number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`);

const flag = z.enum(['true', 'false'], 'must be true or false').transform((value) => value === 'true');
const list = z.string().transform((value) => value.split(',').map((item) => item.trim()).filter((item) => item !== '')); // prettier-ignore
const url = (protocols: readonly string[]) =>
  z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
    message: `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  });

/** A size as people write it: `50 MB`, `1.5GiB`, `1048576`. Decimal and binary units alike mean powers of 1,024. */
const byteSize = z
  .string()
  .regex(/^\d+(\.\d+)?\s*([KMG]i?B?|B)?$/i, 'must be a size such as 50 MB')
  .transform((value) => {
    const unit = value.replace(/[\d.\s]/g, '').charAt(0).toUpperCase(); // prettier-ignore
    return Math.round(parseFloat(value) * 1024 ** ['', 'K', 'M', 'G'].indexOf(unit === 'B' ? '' : unit));
  });

const pixelCount = z
  .string()
  .regex(/^\d+(\.\d+)?\s*(MP)?$/i, 'must be a number of pixels such as 100 MP')
  .transform((value) => Math.round(parseFloat(value) * (/mp$/i.test(value) ? 1e6 : 1)));

const timeZone = z.string().refine((value) => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }).format() !== '';
  } catch {
    return false; // the constructor throws for a zone it does not know, which is the answer
  }
}, 'must be a time zone such as Europe/Berlin');

const roleList = list.refine((value) => value.every((role) => role === 'all' || roles.includes(role as Role)), {
  message: `must be a list of ${roles.join(', ')}, or all`,
});

const detectorList = list.refine((value) => value.length > 0 && value.every((item) => item === 'onnx'), {
  message: 'must be onnx (remote detectors are not available yet)',
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
  EXECUTION_PROVIDER: z
    .enum(['auto', 'cpu'], 'must be auto or cpu (GPU providers are not available yet)')
    .default('auto'),
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
  ANALYZER: z.enum(['rules'], 'must be rules (llm is not available yet)').default('rules'),
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
    model: env.MODEL,
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
    replayMs: env.REPLAY_HOURS * 3_600_000,
    adminApiKey: env.ADMIN_API_KEY,
    log: { level: env.LOG_LEVEL, format: env.LOG_FORMAT ?? (surroundings.terminal ? 'pretty' : 'json') },
  } as const;
}

export const toLabels = (labels: readonly string[]): ReadonlySet<string> | 'all' =>
  labels.includes('all') ? 'all' : new Set(labels);

/** The model folders that come with the program. */
export const modelsDir = fileURLToPath(new URL('../models', import.meta.url));

/** `MODEL` is the name of a folder of ours, or a path. */
export const toModelDir = (model: string): string =>
  model.includes(path.sep) ? path.resolve(model) : path.join(modelsDir, model);
