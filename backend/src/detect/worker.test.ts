import { describe, expect, it } from 'vitest';
import { systemClock as clock } from '../lib/clock.ts';
import { NightjarError, type ErrorKind } from '../lib/errors.ts';
import { silentLog as log } from '../lib/log.ts';
import type { Detector } from './detector.ts';
import { StoreAwayError } from './store-outage.ts';
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

it('waits at its close for a frame that it claimed again while it handed it back', async () => {
  let handBack: () => void = () => undefined;
  const handingBack = new Promise<void>((resolve) => (handBack = resolve));
  const { run, fail } = createFailing('unavailable');
  const claims = [{ ...testFrame }, { ...testFrame }];
  let prepared = 0;
  const became: string[] = [];
  const prepare = (): Promise<string> =>
    ++prepared === 1 ? Promise.reject(new StoreAwayError('unavailable', 'away')) : Promise.resolve('picture');
  const { worker } = openWorker({
    examiner: { detector: { ...detector, batchMax: 2 }, prepare, detect: run },
    detect: run,
    claim: () => Promise.resolve(claims.splice(0, 1)),
    release: () => (became.push('released'), handingBack),
    forget: () => void became.push('forgotten'),
  });
  await expect.poll(() => prepared).toBe(2);
  handBack();
  await expect.poll(() => became).toEqual(['released', 'forgotten']);
  expect(worker.inHand()).toBe(1);
  const closing = worker.close();
  fail();
  await closing;
  expect(became).toEqual(['released', 'forgotten', 'released', 'forgotten']);
});
