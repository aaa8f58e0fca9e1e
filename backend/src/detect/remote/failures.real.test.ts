import { describe, expect, it } from 'vitest';
import { eventually } from '../../../tests/harness/eventually.ts';
import type { Failure, Standin } from '../../../tests/standins/detector-server.ts';
import { startDeepstack } from '../../../tests/standins/deepstack-server.ts';
import { startRtdetr } from '../../../tests/standins/rtdetr-server.ts';
import { drawScene, expectedOf, SCENE, type SceneFormat } from '../../../tests/standins/scene.ts';
import { NightjarError } from '../../lib/errors.ts';
import { FULL, rtdetr, deepstack, start, open, look, openForEachTest } from './test-remote.ts';

openForEachTest();

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
  const settings = () => ({ protocol, timeoutMs: 1_000 });

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
    const detector = await open({ ...settings(), timeoutMs: 2_000, urls: [first().url, second.url] });
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
    // Long enough for forty to be computed by the one that is left, on a busy machine.
    const detector = await open({ ...settings(), timeoutMs: 20_000, urls: [first().url, second.url] });
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
