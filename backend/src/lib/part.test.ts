import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { AwayError, NightjarError } from './errors.ts';
import { createLoop } from './loop.ts';
import { createPart } from './part.ts';

function createBook() {
  const lines: { level: number; msg: string }[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as { level: number; msg: string });
  return { log: pino({ level: 'debug' }, { write }), lines };
}

describe('a part', () => {
  it('says once that it is away and once that it is back, with how long it was', () => {
    const { log, lines } = createBook();
    let nowMs = 1_000;
    const clock = { nowMs: () => nowMs, sleep: async () => undefined };
    const part = createPart({ name: 'database', consequence: 'files wait', clock, log });
    part.back();
    expect(part.state()).toEqual({ ok: true, since: new Date(1_000), reason: null });
    nowMs = 5_000;
    part.away('it takes no connections');
    nowMs = 9_000;
    part.away('it does not answer');
    expect(part.state()).toEqual({ ok: false, since: new Date(5_000), reason: 'it does not answer' });
    nowMs = 17_000;
    part.back();
    part.back();
    expect(part.state()).toEqual({ ok: true, since: new Date(17_000), reason: null });
    expect(part.outages()).toBe(1);
    expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
      [40, 'database away: it takes no connections; files wait'],
      [30, 'database back after 12 s'],
    ]);
  });
});

describe('a loop whose part is away', () => {
  it.each([
    ['stays quiet and looks again within a second', new AwayError('the database', 'gone'), 20, 1_000],
    ['warns of anything else and rests longer and longer', new NightjarError('unavailable', 'busy'), 40, 10_000],
  ])('%s', async (_what, error, level, restMsMax) => {
    const { log, lines } = createBook();
    const rests: number[] = [];
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    const clock = { nowMs: () => 0, sleep: (ms: number) => (rests.push(ms), turn()) };
    const loop = createLoop({ name: 't', clock, log, idleMs: 1, runOnce: () => Promise.reject(error) });
    while (rests.length < 20) await turn();
    await loop.close();
    expect(new Set(lines.map((line) => line.level))).toEqual(new Set([level]));
    // With jitter: between half of the full rest and all of it.
    expect(Math.max(...rests)).toBeLessThanOrEqual(restMsMax);
    expect(Math.max(...rests)).toBeGreaterThanOrEqual(restMsMax / 2);
    expect(new Set(rests).size).toBeGreaterThan(10);
  });
});
