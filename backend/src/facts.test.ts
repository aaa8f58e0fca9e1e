import { describe, expect, it } from 'vitest';
import type { LiveFigures } from './api/index.ts';
import type { ClipWorker } from './clips/index.ts';
import { parseConfig } from './config.ts';
import { createFacts, createStageLatencies } from './facts.ts';
import { createHealth } from './health.ts';
import { systemClock as clock } from './lib/clock.ts';
import { AwayError } from './lib/errors.ts';
import { silentLog as log } from './lib/log.ts';

const surroundings = { cwd: '/srv/nightjar', systemTimeZone: 'UTC', terminal: false };
const config = parseConfig({ ADMIN_API_KEY: 'k'.repeat(32) }, surroundings);
const queue = { depths: () => Promise.reject(new Error('nobody asks for it here')) };

const away = () => Promise.reject(new AwayError('the database', 'it takes no connections'));

function createFactsOf(
  clips: ReturnType<ClipWorker['health']> | undefined,
  readFigures: () => Promise<LiveFigures> = away,
) {
  const health = createHealth({ hasRedis: false, clock, log });
  const analyst = () => ({ analyzer: 'llm' as const, state: 'ready' as const, reason: null, queue: 7 });
  health.watch({ clips: clips && (() => clips), analyst });
  const parts = { readFigures, latencies: createStageLatencies(), startedAt: new Date(), gpuMonitor: undefined };
  return createFacts({ config, health, queue, ...parts });
}

describe('a process that cuts clips', () => {
  it('is ready without ffmpeg, and says that to anyone, but the reason only to those with a key', async () => {
    const reason = 'ffmpeg is not installed: apt-get install ffmpeg';
    const facts = createFactsOf({ state: 'unavailable', reason });
    const readiness = await facts.readiness();
    expect(readiness['clips']).toEqual({ ok: true, detail: expect.stringContaining('/api/system') as string });
    expect(await facts.system()).toMatchObject({ clips: { state: 'unavailable', reason } });
  });

  it('has nothing to add when it has one', async () => {
    expect((await createFactsOf({ state: 'ready', reason: null }).readiness())['clips']).toEqual({ ok: true });
  });
});

it('a process that cuts none does not speak of clips', async () => {
  const facts = createFactsOf(undefined);
  expect(await facts.readiness()).not.toHaveProperty('clips');
  expect(await facts.system()).toMatchObject({ clips: null });
});

describe('the status for sockets', () => {
  const figures: LiveFigures = [
    { cameraId: 'yard', name: 'frames_pending', value: 2, oldestS: 5 },
    { cameraId: 'door', name: 'frames_pending', value: 3, oldestS: 9 },
    { cameraId: 'door', name: 'online', value: 1, oldestS: null },
  ];

  it('has all for whoever may see all', async () => {
    const status = (await createFactsOf(undefined, async () => figures).status())(null);
    expect(status).toMatchObject({
      queue: { pending: 5, oldest_pending_s: 9 },
      cameras: { total: 1 },
      rates: { window_s: 60 },
      database: { ok: true, reason: null },
      detectors: [],
      analyst: { state: 'ready', queue: 7 },
      stages: { infer: { count: 0 } },
    });
  });

  it('has no number in which other cameras have a part', async () => {
    const status = (await createFactsOf(undefined, async () => figures).status())(['yard']);
    expect(status).toMatchObject({ queue: { pending: 2, oldest_pending_s: 5 }, cameras: { total: 0 } });
    expect(status).toMatchObject({ detectors: [], analyst: { state: 'ready', queue: null }, stages: {} });
    expect(JSON.stringify(status)).not.toContain('infer');
  });

  it('says what is known while the database is away', async () => {
    const status = (await createFactsOf(undefined).status())(['yard']);
    expect(status).toMatchObject({ queue: null, cameras: null, rates: null, detectors: [] });
  });
});
