/** The client against strict stand-ins on loopback: what it finds, and what it makes of every way to fail. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCleanups } from '../../../tests/harness/cleanups.ts';
import { eventually } from '../../../tests/harness/eventually.ts';
import type { Failure, Standin } from '../../../tests/standins/detector-server.ts';
import { startDeepstack, type DeepstackStandin } from '../../../tests/standins/deepstack-server.ts';
import { startRtdetr, type RtdetrStandin, type Twist } from '../../../tests/standins/rtdetr-server.ts';
import { drawScene, expectedOf, SCENE, type SceneFormat } from '../../../tests/standins/scene.ts';
import { systemClock as clock } from '../../lib/clock.ts';
import { NightjarError } from '../../lib/errors.ts';
import { silentLog as log } from '../../lib/log.ts';
import type { Found } from '../detector.ts';
import { createRemoteDetector, type RemoteDetectorOptions } from './index.ts';
import type { Paces } from './paces.ts';

/** Seconds become hundredths; the order of events is the same. */
const paces: Paces = {
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
const labels = new Set(['person', 'bicycle', 'car', 'motorcycle', 'bus', 'truck', 'bird', 'cat', 'dog']);
/** Scenes with objects in them that are kept: an empty list is a wrong answer for each. */
const FULL = [5, 6, 7, 13, 14, 15, 21];
/** What the stand-ins read from a picture that is grey all over, as the detector's own is. */
const GREY = 0;

const cleanups = createCleanups();
const standins: Standin[] = [];
let rtdetr: RtdetrStandin;
let deepstack: DeepstackStandin;

async function start<S extends Standin>(starting: Promise<S>): Promise<S> {
  const standin = await starting;
  cleanups.add(() => standin.kill());
  standins.push(standin);
  return standin;
}

beforeEach(async () => {
  rtdetr = await start(startRtdetr());
  deepstack = await start(startDeepstack());
});

afterEach(async () => {
  await cleanups.run();
  // Whatever happened, no client of ours ever broke the protocol.
  expect(standins.splice(0).flatMap(({ breaches }) => breaches)).toEqual([]);
});

type Settings = Partial<RemoteDetectorOptions> & Pick<RemoteDetectorOptions, 'urls'>;

async function open(settings: Settings) {
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

type Opened = Awaited<ReturnType<typeof open>>;

async function look(detector: Opened, numbers: readonly number[], format?: SceneFormat): Promise<readonly Found[]> {
  const draw = async (number: number) => ({ bytes: await drawScene(number, format), ...SCENE });
  return detector.detect(await Promise.all(numbers.map(async (number) => detector.prepare(await draw(number)))));
}

const kindOf = (found: Found | undefined) => (found instanceof NightjarError ? found.kind : 'found');

describe('RT-DETR', () => {
  it('finds in each picture what is in it, in one request', async () => {
    const detector = await open({ urls: [rtdetr.url] });
    expect(detector.health()).toMatchObject({
      name: 'remote',
      model: 'remote-rtdetr',
      provider: rtdetr.url,
      state: 'ready',
      reason: null,
      backends: [{ name: rtdetr.url, state: 'in_use', reason: null }],
    });
    expect(await look(detector, FULL)).toEqual(FULL.map(expectedOf));
    expect(FULL.every((number) => expectedOf(number).length > 0)).toBe(true);
    expect(rtdetr.counters.batches).toEqual([FULL.length]);
    // What is really empty is empty, and no error.
    expect(await look(detector, [4, 8])).toEqual([[], []]);
  });

  it.each<Twist>(['shuffled', 'no-index', 'box-arrays', 'wild-boxes', 'python-nan', 'half-size'])(
    'understands an answer that is %s',
    async (twist) => {
      rtdetr.twist = twist;
      const detector = await open({ urls: [rtdetr.url] });
      // Half a pixel is lost where the server saw half of them.
      const found = await look(detector, FULL);
      expect(found).toEqual(FULL.map(expectedOf));
    },
  );

  it.each<Twist>([
    'no-index-too-few',
    'too-few',
    'duplicate',
    'out-of-range',
    'swapped-names',
    'empty-results',
    'no-results',
  ])('asks again, one by one, when the answer to a batch is %s', async (twist) => {
    rtdetr.twist = twist;
    const detector = await open({ urls: [rtdetr.url] });
    expect(await look(detector, FULL)).toEqual(FULL.map(expectedOf));
  });

  it.each([404, 405] as const)('does without a batch route that answers %i, and remembers', async (status) => {
    rtdetr.batchRoute = status;
    const detector = await open({ urls: [rtdetr.url] });
    expect(await look(detector, FULL)).toEqual(FULL.map(expectedOf));
    expect(await look(detector, FULL)).toEqual(FULL.map(expectedOf));
    expect(rtdetr.counters.routes.get('POST /detect/batch')).toBe(1);
    expect(rtdetr.counters.routes.get('POST /detect')).toBe(2 * FULL.length);
  });

  it.each([200, 404] as const)('fails a bad picture alone and for good (batch route: %i)', async (status) => {
    rtdetr.batchRoute = status;
    rtdetr.refused.add(13);
    const detector = await open({ urls: [rtdetr.url] });
    const found = await look(detector, FULL);
    FULL.forEach((number, index) =>
      number === 13 ? expect(kindOf(found[index])).toBe('invalid') : expect(found[index]).toEqual(expectedOf(number)),
    );
    // The others were asked about once; the bad one got its verdict alone.
    expect([...rtdetr.counters.pictures.values()].every((count) => count === 1)).toBe(true);
    expect(rtdetr.counters.routes.get('POST /detect')).toBe(status === 200 ? 1 : FULL.length);
  });

  it('a picture that upsets the server keeps no result from the others, and no server from its work', async () => {
    rtdetr.poison.add(13);
    const detector = await open({ urls: [rtdetr.url] });
    for (let round = 0; round < 5; round += 1) {
      const found = await look(detector, FULL);
      FULL.forEach((number, index) =>
        number === 13
          ? expect(kindOf(found[index])).toBe('unavailable')
          : expect(found[index]).toEqual(expectedOf(number)),
      );
    }
    expect(detector.health().state).toBe('ready');
  });

  it('uses a server that is too busy to say how it is, and one that is silent and idle it does not', async () => {
    // Long enough that a loaded machine is not taken for a silent server.
    const detector = await open({ urls: [rtdetr.url], paces: { ...paces, healthTimeoutMs: 150, lookMs: 500 } });
    await eventually(() => detector.health().state === 'ready');
    rtdetr.health = 'hang';
    rtdetr.failure = 'slow';
    rtdetr.slowMs = 200;
    for (const number of FULL) {
      expect(await look(detector, [number])).toEqual([expectedOf(number)]);
      expect(detector.health().state).toBe('ready');
    }
    await eventually(() => detector.health().state === 'unavailable');
  });

  it('finds what was configured in capitals', async () => {
    const detector = await open({
      urls: [rtdetr.url],
      labels: new Set([...labels].map((label) => label.toUpperCase())),
    });
    expect(await look(detector, FULL)).toEqual(FULL.map(expectedOf));
  });

  it('takes the name of the model from the server', async () => {
    rtdetr.health = { status: 'healthy', model_loaded: true, model_name: ' rtdetr_r50vd<script>\n ' };
    const detector = await open({ urls: [rtdetr.url] });
    expect(detector.health().model).toBe('rtdetr_r50vdscript');
  });

  it.each([
    ['its model is not loaded', { status: 'healthy', model_loaded: false }],
    ['it is not healthy', { status: 'degraded', model_loaded: true }],
    ['it does not say whether its model is loaded', { status: 'healthy' }],
    ['its health is an error', 503],
  ])('does not use a server when %s, until that is over', async (_what, health) => {
    rtdetr.health = health;
    const detector = await open({ urls: [rtdetr.url] });
    expect(detector.health()).toMatchObject({ state: 'unavailable', backends: [{ state: 'unavailable' }] });
    await expect(look(detector, FULL)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(rtdetr.counters.pictures.size).toBe(0);
    rtdetr.health = { status: 'healthy', model_loaded: true };
    await eventually(() => detector.health().state === 'ready');
    expect(await look(detector, FULL)).toEqual(FULL.map(expectedOf));
  });
});

describe('DeepStack', () => {
  it('is not used while it refuses even our own picture: frames would be dead by it', async () => {
    deepstack.refused.add(GREY);
    const detector = await open({ protocol: 'deepstack', urls: [deepstack.url] });
    expect(detector.health()).toMatchObject({ state: 'unavailable' });
    expect(detector.health().reason).toContain('refuses the picture (400)');
    await expect(look(detector, [5])).rejects.toMatchObject({ kind: 'unavailable' });
    deepstack.refused.delete(GREY);
    await eventually(() => detector.health().state === 'ready');
    expect(await look(detector, [5])).toEqual([expectedOf(5)]);
  });

  it('finds in each picture what is in it', async () => {
    const detector = await open({ protocol: 'deepstack', urls: [deepstack.url] });
    expect(detector.batchMax).toBe(1);
    for (const number of [...FULL, 4]) expect(await look(detector, [number])).toEqual([expectedOf(number)]);
    expect(detector.model).toBe('remote-deepstack');
  });

  it.each([
    ['none', 'invalid'],
    ['refuses-with-200', 'unavailable'],
  ] as const)('a picture that it cannot decode has no result (%s)', async (twist, kind) => {
    const detector = await open({ protocol: 'deepstack', urls: [deepstack.url] });
    deepstack.twist = twist;
    deepstack.refused.add(13);
    const found = await look(detector, [13]).catch((thrown: unknown) => [thrown as NightjarError]);
    expect(kindOf(found[0])).toBe(kind);
    expect(await look(detector, [14])).toEqual([expectedOf(14)]);
  });

  it('says so when every answer is a failure, and comes back', async () => {
    deepstack.twist = 'always-failing';
    const detector = await open({ protocol: 'deepstack', urls: [deepstack.url] });
    expect(detector.health()).toMatchObject({ state: 'unavailable' });
    expect(detector.health().reason).toContain('unable to create inference session');
    deepstack.twist = 'none';
    await eventually(() => detector.health().state === 'ready');
    expect(await look(detector, [5])).toEqual([expectedOf(5)]);
  });

  it('drops boxes that are none', async () => {
    deepstack.twist = 'wild-boxes';
    const detector = await open({ protocol: 'deepstack', urls: [deepstack.url] });
    expect(await look(detector, [5])).toEqual([expectedOf(5)]);
  });
});

const FAILURES: readonly Failure[] = [
  'hang',
  'error-500',
  'busy',
  'reset',
  'cut-json',
  'not-json',
  'html',
  'wrong-shape',
  'no-detections',
  'redirect',
  'endless',
];

describe.each(['remote', 'deepstack'] as const)('whatever goes wrong with %s', (protocol) => {
  const first = (): Standin => (protocol === 'remote' ? rtdetr : deepstack);
  const settings = () => ({ protocol, timeoutMs: 150 });

  it.each(FAILURES)('%s is an error that heals, never an empty result', async (failure) => {
    const detector = await open({ ...settings(), urls: [first().url] });
    first().failure = failure;
    first().retryAfter = '60';
    for (const number of [5, 6, 7]) await expect(look(detector, [number])).rejects.toBeInstanceOf(NightjarError);
    // The server is given up, and why is said; then it is found again without any frame.
    await eventually(() => detector.health().state === 'unavailable');
    expect(detector.health().reason).not.toBe('');
    await expect(look(detector, [5])).rejects.toMatchObject({
      kind: failure === 'busy' ? 'overloaded' : 'unavailable',
    });
    if (failure === 'busy') return;
    const asked = [...first().counters.pictures].filter(([number]) => number !== 0).map(([, count]) => count);
    expect(Math.max(...asked)).toBeLessThanOrEqual(3);
    first().failure = 'none';
    await eventually(() => detector.health().state === 'ready');
    expect(await look(detector, [5])).toEqual([expectedOf(5)]);
  });

  it.each(FAILURES)('%s at one server is made good by another', async (failure) => {
    const second = await start<Standin>(protocol === 'remote' ? startRtdetr() : startDeepstack());
    const detector = await open({ ...settings(), timeoutMs: 600, urls: [first().url, second.url] });
    first().failure = failure;
    for (let round = 0; round < 3; round += 1)
      expect(await Promise.all([...FULL, 4].map((number) => look(detector, [number])))).toEqual(
        [...FULL, 4].map((number) => [expectedOf(number)]),
      );
    const { state, backends } = detector.health();
    expect(state).toBe('ready');
    expect(backends.map(({ name }) => name)).toEqual([first().url, second.url]);
  });

  it('a server that dies and returns', async () => {
    const second = await start<Standin>(protocol === 'remote' ? startRtdetr() : startDeepstack());
    const detector = await open({ ...settings(), timeoutMs: 1_000, urls: [first().url, second.url] });
    for (const die of [first(), second]) {
      const many = Promise.all(Array.from({ length: 40 }, (_, number) => look(detector, [number])));
      await die.kill();
      expect(await many).toEqual(Array.from({ length: 40 }, (_, number) => [expectedOf(number)]));
      for (let round = 0; round < 3; round += 1) expect(await look(detector, [5])).toEqual([expectedOf(5)]);
      await die.restart();
      await eventually(() => detector.health().backends.every(({ state }) => state === 'in_use'));
    }
  });

  it('wants the key it was given', async () => {
    first().apiKey = 'secret-key';
    const detector = await open({ ...settings(), urls: [first().url], apiKey: 'secret-key' });
    expect(await look(detector, [5])).toEqual([expectedOf(5)]);
    const other = await open({ ...settings(), urls: [first().url], apiKey: 'another-key' });
    for (let tries = 0; tries < 3; tries += 1) await look(other, [5]).catch(() => undefined);
    await expect(look(other, [5])).rejects.toMatchObject({ kind: 'unavailable' });
    expect(other.health().reason).toContain('key');
    expect(other.health().reason).not.toContain('another-key');
  });

  it('starts without servers, and uses them when they come', async () => {
    await first().kill();
    const detector = await open({ ...settings(), urls: [first().url] });
    expect(detector.health().state).toBe('unavailable');
    await first().restart();
    await eventually(() => detector.health().state === 'ready');
    expect(await look(detector, [5])).toEqual([expectedOf(5)]);
  });

  it.each<[SceneFormat, number]>([
    ['jpeg', 1],
    ['jpeg', 3],
    ['jpeg', 6],
    ['jpeg', 8],
    ['png', 1],
    ['webp', 1],
    ['avif', 1],
    ['tiff', 1],
    ['gif', 1],
  ])('sends %s (orientation %i) so that the boxes are those of what a viewer sees', async (format, orientation) => {
    const detector = await open({ ...settings(), urls: [first().url] });
    const bytes = await drawScene(1_237, format, orientation);
    expect(await detector.detect([await detector.prepare({ bytes, ...SCENE })])).toEqual([expectedOf(1_237)]);
    expect(expectedOf(1_237)).toHaveLength(1);
  });
});

describe('limits', () => {
  it('two requests at once at each server, the others wait in line', async () => {
    rtdetr.failure = 'slow';
    rtdetr.slowMs = 10;
    const detector = await open({ urls: [rtdetr.url] });
    const numbers = Array.from({ length: 30 }, (_, number) => number);
    expect(await Promise.all(numbers.map((number) => look(detector, [number])))).toEqual(
      numbers.map((number) => [expectedOf(number)]),
    );
    // A look at its health may come between.
    expect(rtdetr.counters.inFlightMax).toBeLessThanOrEqual(3);
    expect(detector.runsMax).toBe(2);
  });

  it('a line that is too long is overloaded', async () => {
    const detector = await open({ urls: [rtdetr.url], timeoutMs: 300 });
    rtdetr.failure = 'hang';
    const all = await Promise.allSettled(Array.from({ length: 40 }, () => look(detector, [5])));
    const kinds = all.map((one) => (one.status === 'rejected' ? (one.reason as NightjarError).kind : 'found'));
    expect(kinds).toContain('overloaded');
    expect(kinds).not.toContain('found');
  });

  it('waits as long as the server asks for, and no frame is lost by it', async () => {
    const detector = await open({ urls: [rtdetr.url] });
    rtdetr.failure = 'busy';
    const found = look(detector, [5]);
    await eventually(() => detector.health().state === 'unavailable');
    const asked = rtdetr.counters.pictures.get(5);
    rtdetr.failure = 'none';
    expect(await found).toEqual([expectedOf(5)]);
    expect([asked, rtdetr.counters.pictures.get(5)]).toEqual([1, 2]);
  });

  it('closing ends what is under way, and leaves no connection', async () => {
    rtdetr.failure = 'hang';
    const detector = await open({ urls: [rtdetr.url], timeoutMs: 60_000 });
    const calls = Promise.allSettled([1, 2, 3, 5].map((number) => look(detector, [number])));
    await eventually(() => rtdetr.counters.batches.length === 2);
    await detector.close();
    const ended = (await calls).map((call) => (call.status === 'rejected' ? (call.reason as NightjarError).kind : ''));
    expect(ended).toEqual(['unavailable', 'unavailable', 'unavailable', 'unavailable']);
    await expect(look(detector, [5])).rejects.toMatchObject({ kind: 'unavailable' });
    await eventually(() => rtdetr.connections() === 0, { withinMs: 15_000 });
  });

  it('shows no password', async () => {
    const url = rtdetr.url.replace('http://', 'http://user:pass%20word@');
    const detector = await open({ urls: [`${url}/?token=hidden`] });
    expect(JSON.stringify(detector.health())).not.toMatch(/pass|user|hidden/);
  });
});
