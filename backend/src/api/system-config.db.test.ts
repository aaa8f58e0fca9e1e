import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseConfig } from '../config.ts';
import { findSource } from '../config/settings.ts';
import { openDatabase } from '../db/index.ts';
import { settingsSchema } from './system-config.ts';
import { startTestApi, TEST_KEY, type TestApi } from './tests/test-api.ts';

const secrets = {
  ADMIN_API_KEY: 'secret-of-the-admin-key',
  DATABASE_URL: 'postgres://nightjar:secret-of-postgres@db/nightjar?password=secret-too',
  REDIS_URL: 'redis://:secret-of-redis@cache:6379',
  DETECTOR_API_KEY: 'secret-of-detectors',
  LLM_API_KEY: 'secret-of-the-llm',
  S3_ACCESS_KEY_ID: 'secret-id',
  S3_SECRET_ACCESS_KEY: 'secret-of-s3',
};
const env = {
  ...secrets,
  PORT: '9000',
  ANALYZER: 'llm',
  LLM_URL: 'https://user:secret-in-a-url@llm.example/v1',
  DETECTORS: 'onnx,remote:http://me:secret-in-a-list@gpu:8090',
  MEDIA_URL: 's3://bucket/prefix?region=eu-1',
};

const db = openDatabase({ socketDir: '/nonexistent', database: 'none' });
let api: TestApi;
beforeAll(async () => {
  const surroundings = { cwd: '/srv', systemTimeZone: 'UTC', terminal: false };
  const config = parseConfig(env, surroundings, (name) => (name === 'PORT' ? '.env' : name in env ? 'environment' : 'default')); // prettier-ignore
  api = await startTestApi(db, { settings: config.settings });
});
afterAll(async () => {
  await api.close();
  await db.close();
});

test('every name is shown with its value and where that comes from; of secrets only that they are set', async () => {
  const text = JSON.stringify(await api.get('/api/system/config'));
  expect(text).not.toContain('secret');
  expect(text).not.toContain(TEST_KEY);
  const { settings } = settingsSchema.parse(JSON.parse(text));
  expect(settings).toMatchObject({
    PORT: { value: 9000, source: '.env' },
    HOST: { value: '127.0.0.1', source: 'default' },
    CAMERA_ROOT: { value: null, source: 'default' },
    IMAGE_BYTES_MAX: { value: 52_428_800, source: 'default' },
    RATE_LIMIT_PER_MINUTE: { value: 600, source: 'default' },
    LLM_URL: { value: 'https://llm.example/v1', source: 'environment' },
    DETECTORS: { value: ['onnx', 'remote:http://gpu:8090'], source: 'environment' },
    MEDIA_URL: { value: env.MEDIA_URL, source: 'environment' },
  });
  for (const name of Object.keys(secrets)) expect(settings[name]).toEqual({ source: 'environment', set: true });
});

test('where a value comes from: what a command says, else the environment, else .env; a file for secrets', () => {
  const given = {
    overrides: { PORT: '0' },
    environment: { PORT: '1', HOST: '::', DATA_DIR: ' ', ADMIN_API_KEY_FILE: '/run/key' },
    fromFile: { PORT: '2', HOST: 'a', DATA_DIR: '/d', LOG_LEVEL: 'warn', ADMIN_API_KEY: 'k' },
  };
  const sources = ['PORT', 'HOST', 'DATA_DIR', 'LOG_LEVEL', 'ADMIN_API_KEY', 'MODEL'].map((name) => findSource(name, given)); // prettier-ignore
  expect(sources).toEqual(['command', 'environment', 'default', '.env', 'file', 'default']);
});
