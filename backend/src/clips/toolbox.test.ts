import { describe, expect, it } from 'vitest';
import { NightjarError } from '../lib/errors.ts';
import { silentLog } from '../lib/log.ts';
import type { Tools } from './ffmpeg/tools.ts';
import { createToolbox } from './toolbox.ts';

const tools: Tools = { ffmpeg: { path: 'a', prlimit: undefined }, ffprobe: { path: 'b', prlimit: undefined }, version: '5.1', passthrough: [] }; // prettier-ignore
const { signal } = new AbortController();

function makeToolbox() {
  const house = { nowMs: 1_000_000, looks: 0, isThere: false };
  const find = (): Promise<Tools> => {
    house.looks += 1;
    return house.isThere ? Promise.resolve(tools) : Promise.reject(new NightjarError('not_found', 'no ffmpeg'));
  };
  const clock = { nowMs: () => house.nowMs, sleep: () => Promise.resolve() };
  return { house, toolbox: createToolbox({ find, clock, log: silentLog }) };
}

describe('the toolbox', () => {
  it('looks for a missing ffmpeg once a minute, and finds it when it comes', async () => {
    const { house, toolbox } = makeToolbox();
    expect(await toolbox.take(signal)).toBeUndefined();
    house.nowMs += 59_000;
    expect(await toolbox.take(signal)).toBeUndefined();
    expect([house.looks, toolbox.health().state]).toEqual([1, 'unavailable']);
    house.isThere = true;
    house.nowMs += 1_000;
    expect(await toolbox.take(signal)).toBe(tools);
    expect([house.looks, toolbox.health()]).toEqual([2, { state: 'ready', reason: null }]);
  });

  it('does not wait for a time that a clock which was set back reaches in years', async () => {
    const { house, toolbox } = makeToolbox();
    await toolbox.take(signal);
    house.nowMs -= 1e9;
    await toolbox.take(signal);
    expect(house.looks).toBe(2);
  });

  it('notices that ffmpeg was taken away', async () => {
    const { house, toolbox } = makeToolbox();
    house.isThere = true;
    await toolbox.take(signal);
    house.isThere = false;
    expect(await toolbox.isThere(signal)).toBe(false);
    expect(await toolbox.take(signal)).toBeUndefined();
  });
});
