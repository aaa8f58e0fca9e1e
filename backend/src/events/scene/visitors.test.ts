/** Of what moves by itself: whoever comes must count, whoever was there before. */
import { describe, expect, it } from 'vitest';
import { at, every, HOUR_S, watchScene } from './test-watch.ts';

describe('someone who stands there', () => {
  const counted = (label: string, stationaryMs?: number): number => {
    const { see } = watchScene(stationaryMs);
    const counts = every(10, 0, HOUR_S).map((second) => see(second, at(0.1, label))[0]);
    expect(counts.slice(counts.indexOf(false))).not.toContain(true);
    return counts.filter(Boolean).length;
  };

  it.each(['person', 'dog', 'bear', 'backpack', 'courier', 'constructor'])('counts for five minutes: a %s', (label) =>
    expect(counted(label)).toBe(30),
  );

  it.each(['bicycle', 'boat', 'chair', 'potted plant'])('does not, where somebody left it: a %s', (label) =>
    expect(counted(label)).toBe(6),
  );

  it('counts long enough to be told of as one who lingers, however short the limit is', () =>
    expect(counted('person', 5_000)).toBe(12));
});

describe('two visitors who stand in the same place', () => {
  const visitor = at(0.1, 'person');

  it('both count, though the second comes soon', () => {
    const { see } = watchScene();
    for (const second of every(2, 0, 20)) see(second, visitor);
    for (const second of every(2, 20, 60)) see(second);
    expect(every(2, 60, 80).map((second) => see(second, visitor)[0])).not.toContain(false);
  });

  it('both count, where the camera only takes pictures of visitors', () => {
    const { see } = watchScene();
    const counts = every(HOUR_S, 0, 9 * HOUR_S).map((second) => see(second, visitor)[0]);
    expect(counts).not.toContain(false);
  });

  it.each(['person', 'dog', 'courier'])(
    'at a doorbell where a %s once lingered, all that come later count',
    (label) => {
      const { see } = watchScene();
      const lingers = every(30, 0, 600).map((second) => see(second, at(0.1, label))[0]);
      expect([lingers.indexOf(false), lingers.lastIndexOf(true)]).toEqual([10, 9]);
      // Three pictures of each, and none of the empty place: nobody is ever missed.
      const seen = every(5 * HOUR_S, 5 * HOUR_S, 65 * HOUR_S).flatMap((second, n) =>
        [0, 3, 6].flatMap((after) => see(second + after, at(0.1 + 0.004 * (n % 5), label))),
      );
      expect(seen).toEqual(Array(36).fill(true));
    },
  );

  it.each([
    ['each second', 1],
    ['each five seconds', 5],
    ['each minute', 60],
  ])('of whom the first stayed for long, both count: four minutes later, of frames that come %s', (_often, stepS) => {
    const { see } = watchScene();
    const first = every(stepS, 0, 900).map((second) => see(second, visitor)[0]);
    expect(first.at(-1)).toBe(false);
    for (const second of every(stepS, 900, 1_140)) see(second);
    const second = every(stepS, 1_140, 1_380).map((time) => see(time, visitor)[0]);
    expect(second).not.toContain(false);
  });

  it('both count, and the one who came first stays suppressed, though they stand so near that their boxes are nearly one', () => {
    const { see } = watchScene();
    for (const second of every(10, 0, 600)) see(second, visitor);
    const beside = at(0.11, 'person');
    expect(see(600, beside, visitor).filter(Boolean)).toHaveLength(1);
    expect(see(610, visitor, beside).filter(Boolean)).toHaveLength(1);
    expect(see(620, visitor)).toEqual([false]);
  });

  it('are one, who was missed for a moment', () => {
    const { see } = watchScene();
    for (const second of every(5, 0, 600)) see(second, visitor);
    for (const second of every(5, 600, 620)) see(second);
    expect(see(620, visitor)).toEqual([false]);
  });

  it('are one, whose pictures come a minute and a half apart', () => {
    const counts = watchEvery(90);
    expect(counts.slice(counts.indexOf(false))).not.toContain(true);
    expect(counts.indexOf(false)).toBe(4);
  });

  it('are never one where pictures come each two minutes: nobody knows', () => {
    expect(watchEvery(120)).not.toContain(false);
  });

  function watchEvery(stepS: number): readonly (boolean | undefined)[] {
    const { see } = watchScene();
    return every(stepS, 0, HOUR_S).map((second) => see(second, visitor)[0]);
  }
});
