import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countFrames, toNextPlace, toOffsets, toStepMs } from './plan.ts';

const limits = { intervalMs: 2_000, framesMax: 30 };
const offsetsOf = (durationMs: number, { intervalMs, framesMax } = limits): readonly number[] =>
  toOffsets({ durationMs, framesPlanned: countFrames(durationMs, { intervalMs, framesMax }) }, intervalMs);

const plans = fc.record({
  durationMs: fc.integer({ min: 0, max: 86_400_000 }),
  intervalMs: fc.integer({ min: 40, max: 3_600_000 }),
  framesMax: fc.integer({ min: 1, max: 1_000 }),
});

describe('the plan of a clip', () => {
  it('has a frame each interval, from the first picture on', () => {
    expect(offsetsOf(9_960)).toEqual([0, 2_000, 4_000, 6_000, 8_000]);
    expect(offsetsOf(10_000)).toEqual([0, 2_000, 4_000, 6_000, 8_000, 10_000]);
  });

  it('has one frame for a clip that is shorter than the interval, or a single picture', () => {
    expect(offsetsOf(1_999)).toEqual([0]);
    expect(offsetsOf(0)).toEqual([0]);
  });

  it('spreads evenly when there would be too many, the first and the last included', () => {
    expect(offsetsOf(100_000, { intervalMs: 2_000, framesMax: 5 })).toEqual([0, 25_000, 50_000, 75_000, 100_000]);
    expect(offsetsOf(100_000, { intervalMs: 2_000, framesMax: 1 })).toEqual([0]);
  });

  it('never has more than it may, nor two at one moment, nor one outside the clip', () => {
    fc.assert(
      fc.property(plans, ({ durationMs, ...given }) => {
        const offsets = offsetsOf(durationMs, given);
        expect(offsets.length).toBeLessThanOrEqual(given.framesMax);
        expect(offsets[0]).toBe(0);
        expect(offsets.every((offset, place) => place === 0 || offset > (offsets[place - 1] ?? offset))).toBe(true);
        expect(offsets.at(-1)).toBeLessThanOrEqual(durationMs);
      }),
    );
  });

  it('leaves no more than a step unseen at the end, and no gap that differs from the others by more than rounding', () => {
    fc.assert(
      fc.property(plans, ({ durationMs, ...given }) => {
        const offsets = offsetsOf(durationMs, given);
        if (offsets.length < 2) return;
        const stepMs = toStepMs({ durationMs, framesPlanned: offsets.length }, given.intervalMs);
        expect(stepMs).toBeGreaterThanOrEqual(given.intervalMs);
        expect(durationMs - (offsets.at(-1) ?? 0)).toBeLessThan(stepMs);
        offsets.slice(1).forEach((offset, place) => {
          expect(Math.abs(offset - (offsets[place] ?? 0) - stepMs)).toBeLessThanOrEqual(1);
        });
      }),
    );
  });

  it('goes on after the last frame that was recorded', () => {
    expect(toNextPlace([0, 2_000, 4_000], new Set())).toBe(0);
    expect(toNextPlace([0, 2_000, 4_000], new Set([0, 2_000]))).toBe(2);
    expect(toNextPlace([0, 2_000, 4_000], new Set([4_000]))).toBe(3);
  });

  it('neither repeats a moment nor has more frames than planned when the interval is changed in between', () => {
    fc.assert(
      fc.property(plans, fc.integer({ min: 40, max: 3_600_000 }), fc.nat(), ({ durationMs, ...given }, other, cut) => {
        const framesPlanned = countFrames(durationMs, given);
        const before = toOffsets({ durationMs, framesPlanned }, given.intervalMs).slice(0, cut % (framesPlanned + 1));
        const later = toOffsets({ durationMs, framesPlanned }, other);
        const after = later.slice(toNextPlace(later, new Set(before)));
        expect(after.every((offset) => offset > (before.at(-1) ?? -1) && offset <= durationMs)).toBe(true);
        expect(before.length + after.length).toBeLessThanOrEqual(framesPlanned + 1);
      }),
    );
  });
});
