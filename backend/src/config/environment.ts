/** The environment variables: names, forms and defaults. The names, and what they mean, are the contract's. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import {
  byteSize,
  decimal,
  flag,
  headerPairs,
  headerValue,
  list,
  networks,
  origins,
  pixelCount,
  s3Url,
  timeZone,
  url,
  whole,
} from '../lib/env-values.ts';

export const roles = ['api', 'ingest', 'detect', 'analyze'] as const;
export type Role = (typeof roles)[number];

export const executionProviders = ['auto', 'cpu', 'cuda', 'tensorrt', 'webgpu'] as const;

/** Secrets may stand in a file instead, as container engines hand them over: `NAME_FILE` holds its path. */
export const secretNames = [
  'ADMIN_API_KEY',
  'DATABASE_URL',
  'REDIS_URL',
  'DETECTOR_API_KEY',
  'LLM_API_KEY',
  'S3_ACCESS_KEY_ID',
  'S3_SECRET_ACCESS_KEY',
  'OTEL_EXPORTER_OTLP_HEADERS',
] as const;

const SECRET_CHARS_MIN = 16;
const DEFAULT_LABELS = 'person,bicycle,car,motorcycle,bus,truck,bird,cat,dog';

const roleList = list.refine((value) => value.every((role) => role === 'all' || roles.includes(role as Role)), {
  message: `must be a list of ${roles.join(', ')}, or all`,
});

export const REMOTE_DETECTOR = /^(remote|deepstack):(https?:.+)$/;
const isDetector = (item: string): boolean =>
  item === 'onnx' || URL.canParse(REMOTE_DETECTOR.exec(item)?.[2] ?? 'no detector');
const detectorList = list.refine((value) => value.length > 0 && value.every(isDetector), {
  message: 'must be a list of onnx, remote:http://host:port and deepstack:http://host:port',
});

const isPrivatePlace = (item: string): boolean =>
  isIP(item) !== 0 || ipaddr.isValidCIDR(item) || /^[a-z][a-z0-9._-]*$/i.test(item);
const privatePlaceList = list.refine((value) => value.every(isPrivatePlace), {
  message: 'must be a list of addresses, ranges such as 192.168.1.0/24 and names of hosts',
});

export const environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: whole(0, 65_535).default(8000),
  HEALTH_PORT: whole(1, 65_535).optional(),
  TLS_CERT: z.string().optional(),
  TLS_KEY: z.string().optional(),
  CORS_ORIGINS: origins.default([]),
  TRUSTED_PROXIES: networks.default([]),
  // 0: no limit.
  RATE_LIMIT_PER_MINUTE: whole(0, 10_000_000).default(600),
  ROLES: roleList.default(['all']),
  DATA_DIR: z.string().default('./data'),
  CAMERA_ROOT: z.string().optional(),
  CAMERA_TZ: timeZone.optional(),
  INGEST_MODE: z.enum(['move', 'copy'], 'must be move or copy').optional(),
  SETTLE_MS: whole(50, 600_000).default(2_000),
  WATCH_POLLING: flag.default(false),
  IMAGE_BYTES_MAX: byteSize.default(50 * 1024 ** 2),
  IMAGE_PIXELS_MAX: pixelCount.default(100_000_000),
  CLIP_BYTES_MAX: byteSize.default(1024 ** 3),
  CLIP_FRAME_INTERVAL_S: decimal(0.04, 3_600).default(2),
  CLIP_FRAMES_MAX: whole(1, 1_000).default(30),
  CAMERAS_MAX: whole(1, 10_000).default(200),
  MEDIA_URL: s3Url.optional(),
  S3_ACCESS_KEY_ID: z.string().optional(),
  S3_SECRET_ACCESS_KEY: z.string().optional(),
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
  // 0: what stands still counts for as long as it is seen.
  STATIONARY_S: decimal(0, 86_400).default(60),
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
  // 0 keeps everything for as long as there is room.
  RETENTION_DAYS: decimal(0, 36_500).default(30),
  DISK_FREE_MIN_GB: decimal(0, 1_000_000).default(2),
  NOTIFY_PRIVATE_ALLOWED: privatePlaceList.default([]),
  PUBLIC_URL: url(['http:', 'https:']).optional(),
  REPLAY_HOURS: decimal(0.01, 8_760).default(24),
  ADMIN_API_KEY: z.string().min(SECRET_CHARS_MIN, `must have at least ${SECRET_CHARS_MIN} characters`),
  // Names, forms and defaults are those of OpenTelemetry's specification.
  OTEL_EXPORTER_OTLP_ENDPOINT: url(['http:', 'https:']).optional(),
  OTEL_EXPORTER_OTLP_HEADERS: headerPairs.default({}),
  OTEL_SERVICE_NAME: z.string().default('nightjar'),
  OTEL_TRACES_SAMPLER_ARG: decimal(0, 1).default(1),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'must be trace, debug, info, warn, error or silent')
    .default('info'),
  LOG_FORMAT: z.enum(['pretty', 'json'], 'must be pretty or json').optional(),
});
export type Environment = z.infer<typeof environment>;
