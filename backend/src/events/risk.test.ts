import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toRiskLevel } from '../model/index.ts';
import { toRisk, type RiskFacts } from './risk.ts';

const at = (time: string): number => Date.parse(`2024-06-10T${time}Z`);
const facts = (partial: Partial<RiskFacts>): RiskFacts => ({
  cameraName: 'Front Door',
  labels: { person: 1 },
  bestScore: 0.8,
  startedMs: at('12:00:00'),
  endedMs: at('12:00:05'),
  ...partial,
});

describe('rules', () => {
  it.each<[string, Partial<RiskFacts>, number]>([
    ['a person by day', {}, 40],
    ['a person whom the detector is unsure of', { bestScore: 0.4 }, 20],
    ['two people', { labels: { person: 2 } }, 48],
    ['a crowd is held to the maximum', { labels: { person: 9 } }, 64],
    ['a person and a car', { labels: { person: 1, car: 1 } }, 48],
    ['a car by day', { labels: { car: 1 } }, 20],
    ['a cat', { labels: { cat: 1 } }, 3],
    ['a cat at night is still a cat', { labels: { cat: 1 }, startedMs: at('02:00:00'), endedMs: at('02:00:00') }, 3],
    ['a person at night', { startedMs: at('02:00:00'), endedMs: at('02:00:05') }, 65],
    ['the night ends at six', { startedMs: at('06:00:00'), endedMs: at('06:00:05') }, 40],
    ['the night begins at ten', { startedMs: at('22:00:00'), endedMs: at('22:00:05') }, 65],
    ['someone who lingers', { endedMs: at('12:01:00') }, 50],
    ['everything at once', { labels: { person: 9, car: 2 }, startedMs: at('02:00:00'), endedMs: at('02:02:00') }, 99],
    ['a label without points of its own', { labels: { teapot: 1 } }, 5],
    ['a truck', { labels: { truck: 1 } }, 20],
    ['a bus', { labels: { bus: 1 } }, 20],
    ['a motorcycle', { labels: { motorcycle: 1 } }, 20],
    ['a bicycle', { labels: { bicycle: 1 } }, 15],
    ['a dog', { labels: { dog: 1 } }, 10],
    ['a bird', { labels: { bird: 1 } }, 2],
    ['a bear', { labels: { bear: 1 } }, 40],
    ['a person counts most, whoever is named first', { labels: { bird: 9, cat: 2, person: 1 } }, 40],
    ['animals are no company', { labels: { person: 1, dog: 4 } }, 40],
    ['a bicycle at night', { labels: { bicycle: 1 }, startedMs: at('02:00:00'), endedMs: at('02:00:00') }, 40],
    ['a dog at night is no reason', { labels: { dog: 1 }, startedMs: at('02:00:00'), endedMs: at('02:00:00') }, 10],
    ['a minute less a moment is no staying', { endedMs: at('12:00:59') }, 40],
    ['a score of one half is sure', { bestScore: 0.5 }, 40],
    ['a score just below is not', { bestScore: 0.49 }, 20],
    ['half of odd points is rounded', { labels: { bicycle: 1 }, bestScore: 0.4 }, 8],
    ['an event that ends in the night began by day', { startedMs: at('21:59:50'), endedMs: at('22:00:10') }, 40],
    ['nothing at all', { labels: {} }, 0],
    ['labels that JavaScript has plans for', { labels: { constructor: 1, toString: 2 } }, 5],
  ])('%s', (_name, partial, score) => expect(toRisk(facts(partial), 'UTC').score).toBe(score));

  it('takes the hour of the camera, not of the server', () => {
    const noonInUtc = facts({ startedMs: at('12:00:00'), endedMs: at('12:00:05') });
    expect(toRisk(noonInUtc, 'Pacific/Auckland').score).toBe(65); // midnight there
  });

  it('lists every reason, and its points add up to the score', () => {
    const risk = toRisk(
      facts({ labels: { person: 2, car: 1 }, startedMs: at('23:00:00'), endedMs: at('23:01:30') }),
      'UTC',
    );
    const points = [...risk.reasoning.matchAll(/\+(\d+)/g)].map(([, number]) => Number(number));
    expect(points.reduce((sum, number) => sum + number, 0)).toBe(risk.score);
    expect(risk.reasoning).toContain('at night');
    expect(risk.reasoning).toContain('stayed 90 s');
  });

  it('says the same of the same, in whatever order it comes', () => {
    const one = toRisk(facts({ labels: { car: 1, bus: 1, truck: 1, motorcycle: 1 } }), 'UTC');
    const other = toRisk(facts({ labels: { truck: 1, motorcycle: 1, bus: 1, car: 1 } }), 'UTC');
    expect(one).toEqual(other);
    expect(one.reasoning).toBe('+20 bus seen; +24 4 people or vehicles at once');
  });

  it('gives a reason for every point, whatever was seen', () => {
    const labels = fc.dictionary(fc.constantFrom('person', 'car', 'dog', 'bear', 'teapot', '__proto__', 'constructor'), fc.integer({ min: 1, max: 20 })); // prettier-ignore
    const seconds = fc.integer({ min: 0, max: 200_000 });
    fc.assert(
      fc.property(
        labels,
        fc.float({ min: 0, max: 1, noNaN: true }),
        seconds,
        seconds,
        (seen, bestScore, start, length) => {
          const startedMs = at('00:00:00') + start * 1_000;
          const risk = toRisk(
            facts({ labels: seen, bestScore, startedMs, endedMs: startedMs + length * 1_000 }),
            'UTC',
          );
          const points = [...risk.reasoning.matchAll(/(?:^|; )\+(\d+) /g)].reduce(
            (sum, [, number]) => sum + Number(number),
            0,
          );
          expect(risk.score).toBe(points);
          expect(Number.isInteger(risk.score) && risk.score >= 0 && risk.score <= 100).toBe(true);
        },
      ),
    );
  });

  it('says in plain words what was seen, where and when', () => {
    expect(toRisk(facts({ labels: { car: 1, person: 2 }, endedMs: at('12:00:05') }), 'Europe/Berlin').summary).toBe(
      '2 people and a car at Front Door, 14:00:00 to 14:00:05',
    );
    expect(toRisk(facts({ labels: { airplane: 1 }, endedMs: at('12:00:00') }), 'UTC').summary).toBe(
      'An airplane at Front Door, 12:00:00',
    );
  });

  it.each([
    [0, 'low'],
    [29, 'low'],
    [30, 'medium'],
    [59, 'medium'],
    [60, 'high'],
    [84, 'high'],
    [85, 'critical'],
    [100, 'critical'],
  ])('a score of %i is %s', (score, level) =>
    expect(toRiskLevel(score, { lowMax: 29, mediumMax: 59, highMax: 84 })).toBe(level),
  );
});
