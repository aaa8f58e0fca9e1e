/** Suspects are examined in a process of its own by the detectors that are configured, servers as well. */
import { afterEach, expect, it } from 'vitest';
import { createCleanups } from '../tests/harness/cleanups.ts';
import { eventually } from '../tests/harness/eventually.ts';
import { startRtdetr } from '../tests/standins/rtdetr-server.ts';
import { drawScene, SCENE } from '../tests/standins/scene.ts';
import { parseConfig } from './config.ts';
import { createRemoteDetector } from './detect/index.ts';
import { testFrame } from './detect/test-frame.ts';
import { createStageLatencies } from './facts.ts';
import { systemClock as clock } from './lib/clock.ts';
import { createClosers } from './lib/lifecycle.ts';
import { silentLog as log } from './lib/log.ts';
import { noTracer } from './lib/trace.ts';
import type { LeasedFrame } from './model/index.ts';
import { openSuspects } from './suspects.ts';

const cleanups = createCleanups();
afterEach(cleanups.run);

/** Suspects that wait, one after another, and what becomes of them. */
async function open(waiting: LeasedFrame[], { isAway = false } = {}) {
  const server = await startRtdetr();
  cleanups.add(() => server.kill());
  const env = { ADMIN_API_KEY: 'a-key-for-tests-0123456789', DETECTORS: `remote:${server.url}`, DETECT_LABELS: 'all' };
  const config = parseConfig(env, { cwd: '/nowhere', systemTimeZone: 'UTC', terminal: false });
  const urls = isAway ? ['http://127.0.0.1:1'] : [server.url];
  const detector = await createRemoteDetector({ ...{ protocol: 'remote', urls, labels: 'all', timeoutMs: 5_000, imagePixelsMax: 1e6 }, clock, log, paces: { startMsMax: 500 } }); // prettier-ignore
  const closers = createClosers({ log });
  cleanups.add(closers.closeAll);
  const became: string[] = [];
  let asked = 0;
  const tell = (what: string) => Promise.resolve(void became.push(what));
  const suspects = openSuspects({
    config,
    log,
    closers,
    detectors: [closers.add('detector', detector)],
    queue: {
      hasSuspects: () => {
        asked += 1;
        return Promise.resolve(waiting.length > 0);
      },
      claimSuspect: () => Promise.resolve(waiting.splice(0, 1)),
      fail: (_frame, { kind, message }) => tell(`${kind}: ${message}`),
      release: (frames) => tell(`released ${frames.length}`),
      forget: () => undefined,
    },
    media: { read: (mediaPath) => (mediaPath === 'bad' ? Promise.resolve(Buffer.from('no picture')) : drawScene(5)) },
    events: {
      store: async ({ objects, model }) => {
        await tell(`${objects.length} by ${model}`);
        return true;
      },
    },
    latencies: createStageLatencies(),
    tracer: noTracer,
  });
  return { became, server, suspects, asked: () => asked };
}

it('has a server asked from there, and a bad picture told from a bad process', async () => {
  const good = { ...testFrame, ...SCENE };
  const { became, server } = await open([good, { ...good, mediaPath: 'bad' }, good]);
  await eventually(() => became.length === 3, { withinMs: 40_000, what: 'all three' });
  expect(became[0]).toMatch(/^[1-9]\d* by /);
  expect(became[1]).toMatch(/^invalid: not a whole picture/);
  expect(became[2]).toBe(became[0]);
  expect(server.counters.batches.length).toBeGreaterThanOrEqual(2);
});

it('looks for none while no detector of the house can work', async () => {
  const { suspects, asked } = await open([{ ...testFrame, ...SCENE }], { isAway: true });
  suspects.wake();
  await new Promise((resolve) => setImmediate(resolve));
  expect(asked()).toBe(0);
});
