import { describe, expect, it } from 'vitest';
import { systemClock as clock } from '../lib/clock.ts';
import { NightjarError, type ErrorKind } from '../lib/errors.ts';
import { silentLog as log } from '../lib/log.ts';
import type { Detector } from './detector.ts';
import { testFrame } from './test-frame.ts';
import { createDetectWorker, type DetectWorkerOptions } from './worker.ts';

const never = () => Promise.reject(new Error('not asked for'));
const health = { name: 'a', model: 'm', provider: 'p', state: 'ready', reason: null, backends: [] } as const;
const detector: Detector<string> = {
  name: 'a',
  model: 'm',
  batchMax: 1,
  runsMax: 1,
  prepare: never,
  detect: never,
  health: () => health,
  close: never,
};

/** A worker that has claimed one frame, and is asked to close while the frame is being examined or stored. */
function openWorker(more: Partial<DetectWorkerOptions<string>> & { readonly detect: () => Promise<[]> }) {
  const waiting = [testFrame];
  const became: string[] = [];
  let onDetecting: () => void = () => undefined;
  const detecting = new Promise<void>((resolve) => (onDetecting = resolve));
  const detect = (): Promise<[]> => {
    onDetecting();
    return more.detect();
  };
  const worker = createDetectWorker<string>({
    examiner: { detector, prepare: () => Promise.resolve('picture'), detect },
    claim: () => Promise.resolve(waiting.splice(0)),
    readMedia: never,
    store: never,
    fail: (_frame, { kind }) => Promise.resolve(void became.push(`failed: ${kind}`)),
    release: (frames) => Promise.resolve(void became.push(`released: ${frames.length}`)),
    forget: () => void became.push('forgotten'),
    storeWithinMs: 60_000,
    clock,
    log,
    ...more,
  });
  return { worker, became, detecting };
}

/** Fails when told to. */
function createFailing(kind: ErrorKind) {
  let fail: () => void = () => undefined;
  const run = new Promise<never>((_resolve, reject) => (fail = () => reject(new NightjarError(kind, kind))));
  return { run: () => run, fail: () => fail() };
}

describe('a frame that fails while the worker closes', () => {
  it.each<ErrorKind>(['unavailable', 'overloaded'])('is handed back when waiting may heal it: %s', async (kind) => {
    const { run, fail } = createFailing(kind);
    const { worker, became, detecting } = openWorker({ detect: run });
    await detecting;
    const closing = worker.close();
    fail();
    await closing;
    expect(became).toEqual(['released: 1', 'forgotten']);
  });

  it('is handed back when its result cannot be stored', async () => {
    const { run, fail } = createFailing('unavailable');
    const { worker, became, detecting } = openWorker({ detect: () => Promise.resolve([]), store: run });
    await detecting;
    const closing = worker.close();
    fail();
    await closing;
    expect(became).toEqual(['released: 1', 'forgotten']);
  });

  it('fails as ever when it is the picture', async () => {
    const { run, fail } = createFailing('invalid');
    const { worker, became, detecting } = openWorker({ detect: run });
    await detecting;
    const closing = worker.close();
    fail();
    await closing;
    expect(became).toEqual(['failed: invalid', 'forgotten']);
  });
});

it('a frame that fails otherwise has used an attempt', async () => {
  const { run, fail } = createFailing('unavailable');
  const { worker, became, detecting } = openWorker({ detect: run });
  await detecting;
  fail();
  await expect.poll(() => became).toEqual(['failed: unavailable', 'forgotten']);
  await worker.close();
});
