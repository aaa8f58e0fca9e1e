/** What the tests of the client share: two strict stand-ins on loopback for each test, and a detector that asks them. */
import { afterEach, beforeEach, expect } from 'vitest';
import { createCleanups } from '../../../tests/harness/cleanups.ts';
import type { Standin } from '../../../tests/standins/detector-server.ts';
import { startDeepstack, type DeepstackStandin } from '../../../tests/standins/deepstack-server.ts';
import { startRtdetr, type RtdetrStandin } from '../../../tests/standins/rtdetr-server.ts';
import { drawScene, SCENE, type SceneFormat } from '../../../tests/standins/scene.ts';
import { systemClock as clock } from '../../lib/clock.ts';
import { NightjarError } from '../../lib/errors.ts';
import { silentLog as log } from '../../lib/log.ts';
import type { Found } from '../detector.ts';
import { createRemoteDetector, type RemoteDetectorOptions } from './index.ts';
import type { Paces } from './paces.ts';

/** Seconds become hundredths; the order of events is the same. */
export const paces: Paces = {
  lookMs: 60,
  retryLookMs: 20,
  tickMs: 5,
  healthTimeoutMs: 500,
  breakMsFirst: 20,
  breakMsMax: 100,
  retryMs: 5,
  startMsMax: 1_000,
  closeMsMax: 300,
};
export const labels = new Set(['person', 'bicycle', 'car', 'motorcycle', 'bus', 'truck', 'bird', 'cat', 'dog']);
/** Scenes with objects in them that are kept: an empty list is a wrong answer for each. */
export const FULL = [5, 6, 7, 13, 14, 15, 21];
/** What the stand-ins read from a picture that is grey all over, as the detector's own is. */
export const GREY = 0;

export const cleanups = createCleanups();
export const standins: Standin[] = [];
export let rtdetr: RtdetrStandin;
export let deepstack: DeepstackStandin;

export async function start<S extends Standin>(starting: Promise<S>): Promise<S> {
  const standin = await starting;
  cleanups.add(() => standin.kill());
  standins.push(standin);
  return standin;
}

/** To be called at the top of a test file. */
export function openForEachTest(): void {
  beforeEach(async () => {
    rtdetr = await start(startRtdetr());
    deepstack = await start(startDeepstack());
  });
  afterEach(async () => {
    await cleanups.run();
    // Whatever happened, no client of ours ever broke the protocol.
    expect(standins.splice(0).flatMap(({ breaches }) => breaches)).toEqual([]);
  });
}

export type Settings = Partial<RemoteDetectorOptions> & Pick<RemoteDetectorOptions, 'urls'>;

export async function open(settings: Settings) {
  const detector = await createRemoteDetector({
    protocol: 'remote',
    timeoutMs: 2_000,
    labels,
    imagePixelsMax: 1e6,
    clock,
    log,
    paces,
    ...settings,
  });
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= detector.close());
  cleanups.add(close);
  return { ...detector, model: detector.model, health: detector.health, close };
}

export type Opened = Awaited<ReturnType<typeof open>>;

export async function look(
  detector: Opened,
  numbers: readonly number[],
  format?: SceneFormat,
): Promise<readonly Found[]> {
  const draw = async (number: number) => ({ bytes: await drawScene(number, format), ...SCENE });
  return detector.detect(await Promise.all(numbers.map(async (number) => detector.prepare(await draw(number)))));
}

export const kindOf = (found: Found | undefined) => (found instanceof NightjarError ? found.kind : 'found');
