import { describe, expect, it } from 'vitest';
import { eventually } from '../../../tests/harness/eventually.ts';
import { expectedOf } from '../../../tests/standins/scene.ts';
import type { NightjarError } from '../../lib/errors.ts';
import { FULL, GREY, deepstack, open, look, kindOf, openForEachTest } from './test-remote.ts';

openForEachTest();

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
