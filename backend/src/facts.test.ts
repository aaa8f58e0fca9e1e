import { describe, expect, it } from 'vitest';
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

function createFactsOf(clips: ReturnType<ClipWorker['health']> | undefined) {
  const health = createHealth({ hasRedis: false, clock, log });
  health.watch({ clips: clips && (() => clips) });
  const readFigures = () => Promise.reject(new AwayError('the database', 'it takes no connections'));
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
