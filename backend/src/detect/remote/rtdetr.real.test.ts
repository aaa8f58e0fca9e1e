import { describe, expect, it } from 'vitest';
import { eventually } from '../../../tests/harness/eventually.ts';
import type { Twist } from '../../../tests/standins/rtdetr-server.ts';
import { expectedOf } from '../../../tests/standins/scene.ts';
import { paces, labels, FULL, rtdetr, open, look, kindOf, openForEachTest } from './test-remote.ts';

openForEachTest();

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
