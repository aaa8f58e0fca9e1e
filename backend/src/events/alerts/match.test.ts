import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Rule } from '../../model/alert.ts';
import { findOutsideCooldown, matchRule, mayMatch, type SeenDetection } from './match.ts';

const anything: Rule = {
  ...{ id: 'r', name: 'Anything', enabled: true, labels: [], cameraIds: [], zoneIds: [], scoreMin: 0, riskMin: 0 },
  ...{ schedule: null, cooldownS: 0, channelIds: [], createdAt: new Date(0) },
};
const event = { cameraId: 'yard', riskScore: 40, labels: { person: 1, car: 2 }, bestScore: 0.9 };
const at = (second: number): Date => new Date(Date.UTC(2025, 5, 2, 12, 0, second));
const seen = (id: string, partial: Partial<SeenDetection> = {}): SeenDetection => ({
  ...{ id, frameId: `frame of ${id}`, label: 'person', score: 0.8, capturedAt: at(0), zoneIds: [], suppressedBy: null },
  ...partial,
});
const idsOf = (matches: readonly SeenDetection[]): readonly string[] => matches.map(({ id }) => id);

describe('one detection', () => {
  it.each<[string, Partial<Rule>, Partial<SeenDetection>, boolean]>([
    ['anything', {}, {}, true],
    ['a wanted label', { labels: ['car', 'person'] }, {}, true],
    ['another label', { labels: ['car'] }, {}, false],
    ['a wanted camera', { cameraIds: ['yard'] }, {}, true],
    ['another camera', { cameraIds: ['door'] }, {}, false],
    ['the very score', { scoreMin: 0.8 }, {}, true],
    ['the very score, as four bytes hold it', { scoreMin: 0.7 }, { score: Math.fround(0.7) }, true],
    ['a score that four bytes round up', { scoreMin: 0.7 }, { score: 0.699999999 }, true],
    ['a lower score', { scoreMin: 0.81 }, {}, false],
    ['the very risk', { riskMin: 40 }, {}, true],
    ['a lower risk', { riskMin: 41 }, {}, false],
    ['a wanted zone', { zoneIds: ['a', 'b'] }, { zoneIds: ['c', 'b'] }, true],
    ['another zone', { zoneIds: ['a'] }, { zoneIds: ['c'] }, false],
    ['no zone where one is wanted', { zoneIds: ['a'] }, {}, false],
    ['what does not count', {}, { suppressedBy: 'stationary' }, false],
    ['in the schedule', { schedule: { timeZone: 'UTC', windows: [{ days: ['mon'], from: '12:00', until: '12:01' }] } }, {}, true],
    ['out of the schedule', { schedule: { timeZone: 'UTC', windows: [{ days: ['tue'], from: '12:00', until: '12:01' }] } }, {}, false],
  ])('%s', (_name, rule, detection, expected) => {
    expect(matchRule({ ...anything, ...rule }, event, [seen('a', detection)]).length > 0).toBe(expected);
  }); // prettier-ignore

  it('must fulfil all conditions by itself', () => {
    const rule = { ...anything, labels: ['person'], zoneIds: ['gate'] };
    const apart = [seen('a', { label: 'car', zoneIds: ['gate'] }), seen('b', { zoneIds: ['lawn'] })];
    expect(matchRule(rule, event, apart)).toEqual([]);
  });
});

it('names the strongest of each frame, in the order of capture', () => {
  const detections = [
    seen('late', { capturedAt: at(9), frameId: 'second' }),
    seen('weak', { score: 0.5, frameId: 'first' }),
    seen('strong', { score: 0.6, frameId: 'first' }),
    seen('stronger, of another label', { label: 'car', frameId: 'first' }),
  ];
  expect(idsOf(matchRule({ ...anything, labels: ['person'] }, event, detections))).toEqual(['strong', 'late']);
});

it('names the same one of two equals, whatever their order', () => {
  const equals = [seen('b', { frameId: 'f', score: 0.7 }), seen('a', { frameId: 'f', score: Math.fround(0.7) })];
  expect(idsOf(matchRule(anything, event, equals))).toEqual(['a']);
  expect(idsOf(matchRule(anything, event, equals.toReversed()))).toEqual(['a']);
});

it.each<[readonly number[], string | undefined]>([
  [[], 'at 0'],
  [[60], 'at 0'],
  [[59], undefined],
  [[-59], 'at 30'],
  [[-60], 'at 0'],
  [[-1, 100], undefined],
])('after alerts at %j, with a cool-down of 60 s', (told, expected) => {
  const matches = [seen('at 0'), seen('at 30', { capturedAt: at(30) })];
  const toldMs = told.map((second) => at(second).getTime());
  expect(findOutsideCooldown(matches, toldMs, 60)?.id).toBe(expected);
  expect(findOutsideCooldown(matches, toldMs, 0)?.id).toBe('at 0');
});

const label = fc.constantFrom('person', 'car', 'dog', 'constructor', '__proto__');
const anyRule = fc.record({
  labels: fc.subarray(['person', 'car', 'dog', 'constructor', '__proto__']),
  cameraIds: fc.subarray(['yard', 'door']),
  scoreMin: fc.constantFrom(0, 0.3, 0.5, 0.7, 1),
  riskMin: fc.constantFrom(0, 40, 41),
});

it('what the event alone rules out never matches', () => {
  fc.assert(
    fc.property(
      anyRule,
      fc.array(fc.record({ label, score: fc.constantFrom(0.3, 0.5, Math.fround(0.7), 0.9) }), { minLength: 1 }),
      (given, found) => {
        const rule = { ...anything, ...given };
        const labels = Object.fromEntries(found.map((one) => [one.label, 1]));
        const whole = { ...event, labels, bestScore: Math.max(...found.map(({ score }) => score)) };
        const matches = matchRule(rule, whole, found.map((one, index) => seen(`${index}`, one))); // prettier-ignore
        if (matches.length > 0) expect(mayMatch(rule, whole)).toBe(true);
      },
    ),
  );
});
