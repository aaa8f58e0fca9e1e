/** The end under load with a remote detector: its requests and retries are not waited for, and no frame pays for it. */
import { afterEach, expect, it } from 'vitest';
import { createCleanups } from '../tests/harness/cleanups.ts';
import { eventually } from '../tests/harness/eventually.ts';
import type { Failure } from '../tests/standins/detector-server.ts';
import { startRtdetr } from '../tests/standins/rtdetr-server.ts';
import { drawScene, SCENE } from '../tests/standins/scene.ts';
import { createRemoteDetector } from './detect/index.ts';
import { testFrame } from './detect/test-frame.ts';
import { openDetection } from './detection.ts';
import { createStageLatencies } from './facts.ts';
import { systemClock as clock } from './lib/clock.ts';
import { createClosers } from './lib/lifecycle.ts';
import { silentLog as log } from './lib/log.ts';
import { noTracer } from './lib/trace.ts';

const cleanups = createCleanups();
afterEach(cleanups.run);

/** A frame at a server that fails so, and all that became of it once everything was closed. */
async function closeDuring(failure: Failure): Promise<readonly string[]> {
  const server = await startRtdetr();
  cleanups.add(() => server.kill());
  server.failure = failure;
  // Far longer than closers wait: whoever waits for a request or the next try is given up, and `closeAll` rejects.
  const paces = { retryMs: 120_000, closeMsMax: 50 };
  const limits = { timeoutMs: 120_000, imagePixelsMax: 1e6 };
  const detector = await createRemoteDetector({ protocol: 'remote', urls: [server.url], labels: 'all', ...limits, clock, log, paces }); // prettier-ignore
  const closers = createClosers({ log });
  const waiting = [{ ...testFrame, ...SCENE }];
  const became: string[] = [];
  openDetection({
    config: { batchDelayMaxMs: 1, leaseMs: 60_000 },
    closers,
    detectors: [closers.add('detector', detector)],
    queue: {
      claim: () => Promise.resolve(waiting.splice(0)),
      fail: (_frame, { message }) => Promise.resolve(void became.push(`failed: ${message}`)),
      release: (frames) => Promise.resolve(void became.push(`released ${frames.length}`)),
      forget: () => void became.push('forgotten'),
    },
    media: { read: () => drawScene(5) },
    events: { store: () => Promise.reject(new Error('nothing was found')) },
    latencies: createStageLatencies(),
    tracer: noTracer,
    log,
  });
  await eventually(() => server.counters.batches.length > 0, { what: 'the first request' });
  await closers.closeAll();
  return became;
}

it.each<Failure>(['hang', 'error-500'])(
  'hands back a frame whose server answers with %s, without waiting',
  async (failure) => {
    expect(await closeDuring(failure)).toEqual(['released 1', 'forgotten']);
  },
);
