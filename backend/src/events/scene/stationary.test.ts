import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NEIGHBOURS, REMEMBERED_MAX, seeFrame, toOverlap, type Remembered, type SceneObject } from './stationary.ts';

const STATIONARY_S = 60;
const HOUR_S = 3_600;
const DAY_S = 24 * HOUR_S;

const at = (x: number, label = 'car'): SceneObject => ({ label, box: { x, y: 0.5, width: 0.2, height: 0.1 } });
const car = at(0.1);

/** A camera whose frames come one after the other; tells of each object whether it counts. */
function watchScene(stationaryMs = STATIONARY_S * 1_000) {
  let next = 0;
  let memory: readonly Remembered[] = [];
  const examined: number[] = [];
  const rules = { stationaryMs, newId: () => `o${++next}` };
  function see(second: number, ...objects: readonly SceneObject[]): readonly boolean[] {
    const capturedMs = second * 1_000;
    const near = (isNear: (ms: number) => boolean) =>
      examined.filter(isNear).sort((a, b) => Math.abs(a - capturedMs) - Math.abs(b - capturedMs)).slice(0, NEIGHBOURS); // prettier-ignore
    const frame = {
      ...{ capturedMs, receivedMs: Math.max(capturedMs, ...examined), objects },
      examinedBeforeMs: near((ms) => ms < capturedMs),
      examinedAfterMs: near((ms) => ms > capturedMs),
    };
    examined.push(capturedMs);
    // Without objects that count nobody looks into the memory.
    if (objects.length === 0) return [];
    const scene = seeFrame(memory, frame, rules);
    memory = scene.memory;
    return scene.stationary.map((isStill) => !isStill);
  }
  return { see, memory: () => memory, times: (...times: number[]) => times.map((second) => see(second, car)[0]) };
}

/** Every so many seconds, from the first up to and without the last. */
const every = (stepS: number, fromS: number, untilS: number): number[] =>
  Array.from({ length: Math.ceil((untilS - fromS) / stepS) }, (_, index) => fromS + index * stepS);

describe('a parked car', () => {
  it('counts for a minute, and not after that', () => {
    const { times } = watchScene();
    expect(times(...every(10, 0, 120))).toEqual([...Array<boolean>(6).fill(true), ...Array<boolean>(6).fill(false)]);
    expect(times(...every(300, HOUR_S, 9 * HOUR_S))).not.toContain(true);
  });

  it('takes three sightings, however long two are apart', () => {
    expect(watchScene().times(0, 300, 600, 900)).toEqual([true, true, false, false]);
    expect(watchScene().times(0, HOUR_S, 2 * HOUR_S, 3 * HOUR_S)).toEqual([true, true, false, false]);
  });

  it.each(['truck', 'bus'])('may be a %s in between', (label) => {
    const { see, times } = watchScene();
    times(0, 30, 60);
    expect(see(70, at(0.1, label))).toEqual([false]);
    expect(see(80, at(0.1, 'motorcycle'))).toEqual([true]);
  });

  it('that is a car and a truck in one frame is one object, and one sighting', () => {
    const { see, memory } = watchScene();
    for (const second of [0, 30]) see(second, car, at(0.105, 'truck'));
    expect(memory()).toMatchObject([{ label: 'car', sightings: 2 }]);
    expect(see(60, car, at(0.105, 'truck'))).toEqual([false, false]);
  });

  it('counts again when it moves away, and from then on is another one where it stops', () => {
    const { see, times } = watchScene();
    times(0, 30, 60, 90);
    expect([0.16, 0.3, 0.5].map((x, index) => see(91 + index, at(x))[0])).toEqual([true, true, true]);
    expect(every(10, 100, 180).map((second) => see(second, at(0.5))[0])).toEqual([true, true, true, true, true, true, false, false]); // prettier-ignore
  });

  it('trembles', () => {
    const { see } = watchScene();
    const counts = every(10, 0, 600).map((second) => see(second, at(0.1 + 0.01 * Math.sin(second)))[0]);
    expect(counts.filter(Boolean)).toHaveLength(6);
  });

  it('is still the same after some frames in which the detector missed it, or something stood before it', () => {
    const { see, times } = watchScene();
    times(0, 30, 60);
    for (const second of every(10, 70, 600)) see(second);
    expect(times(610)).toEqual([false]);
    const early = watchScene();
    early.times(0, 10);
    for (const second of [15, 20, 25, 30]) early.see(second);
    expect(early.times(35, 60)).toEqual([true, false]);
  });

  it('is another one when the place was seen empty for long', () => {
    const { see, times } = watchScene();
    times(0, 30, 60);
    for (const second of every(60, 120, 900)) see(second);
    expect(times(900, 930, 950, 960)).toEqual([true, true, true, false]);
  });

  it('is another one after a day, whether anybody looked or not', () => {
    expect(watchScene().times(0, 30, 60, 60 + DAY_S - 1, 60 + 2 * DAY_S)).toEqual([true, true, false, false, true]);
  });

  it('is known however many pass by', () => {
    const { see, times, memory } = watchScene();
    times(0, 30, 60);
    for (let second = 61; second < 300; second += 1)
      see(second, at((second % 97) / 100, `p${second}`), at((second % 89) / 100, `q${second}`));
    expect(memory().length).toBeLessThanOrEqual(2 * REMEMBERED_MAX);
    expect(times(300)).toEqual([false]);
  });
});

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

it('what creeps is never still', () => {
  const { see } = watchScene();
  // In the time in which it could become stationary it has left the box in which it was seen first.
  const counts = every(5, 0, 800).map((second) => see(second, at(second / 1_000))[0]);
  expect(counts).not.toContain(false);
});

describe('frames that come late', () => {
  it('move no time backwards', () => {
    const { times, memory } = watchScene();
    times(100, 160, 130, 110);
    expect(memory()).toMatchObject([{ firstSeenMs: 100_000, lastSeenMs: 160_000, sightings: 4 }]);
    times(90);
    expect(memory()).toMatchObject([{ firstSeenMs: 90_000, lastSeenMs: 160_000, sightings: 5 }]);
  });

  it('newest first: a car counts for a minute, at the other end', () => {
    const counts = watchScene().times(...every(10, 0, 3_600).reverse());
    expect(counts.indexOf(false)).toBe(6);
    expect(counts.lastIndexOf(true)).toBe(5);
  });

  it('from both ends, as a backlog is worked off', () => {
    const left = every(10, 0, HOUR_S);
    const order = every(10, 0, HOUR_S).map((_, index) => (index % 4 === 3 ? left.shift() : left.pop()) ?? -1);
    expect(watchScene().times(...order).filter(Boolean).length).toBeLessThanOrEqual(6); // prettier-ignore
  });

  it('from before the car came are of another one', () => {
    const { see, times } = watchScene();
    for (const second of every(60, 1_000, 2_000)) see(second);
    times(2_000, 2_030, 2_060);
    expect(times(900)).toEqual([true]);
  });
});

it('keeps what it knows when the clock of one frame is years ahead', () => {
  const rules = { stationaryMs: 60_000, newId: () => 'new' };
  const parked: Remembered = { id: 'a', ...car, firstSeenMs: 0, lastSeenMs: 60_000, sightings: 3 };
  const frame = { capturedMs: 4e12, receivedMs: 70_000, objects: [car], examinedBeforeMs: [], examinedAfterMs: [] };
  const { memory } = seeFrame([parked], frame, rules);
  expect(memory.map(({ id }) => id).sort()).toEqual(['a', 'new']);
});

describe('whatever comes', () => {
  const label = fc.constantFrom('car', 'truck', 'person', 'constructor');
  const share = fc.integer({ min: 0, max: 80 }).map((n) => n / 100);
  const object = fc.record({
    label,
    box: fc.record({ x: share, y: share, width: fc.constantFrom(0.05, 0.1, 0.2), height: fc.constantFrom(0.1, 0.2) }),
  });
  const frame = fc.record({
    second: fc.integer({ min: 0, max: 7 * DAY_S }),
    objects: fc.array(object, { maxLength: 6 }),
  });

  it('memory is bounded, only grows in what it knows of an object, and never moves its box', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 40 }), (frames) => {
        const { see, memory } = watchScene();
        for (const { second, objects } of frames) {
          const before = new Map(memory().map((one) => [one.id, one]));
          expect(see(second, ...objects)).toHaveLength(objects.length);
          expect(memory().length).toBeLessThanOrEqual(2 * REMEMBERED_MAX);
          for (const one of memory()) {
            expect(one.firstSeenMs).toBeLessThanOrEqual(one.lastSeenMs);
            const old = before.get(one.id);
            if (!old) continue;
            expect([one.box, one.label]).toEqual([old.box, old.label]);
            expect(one.firstSeenMs).toBeLessThanOrEqual(old.firstSeenMs);
            expect(one.lastSeenMs).toBeGreaterThanOrEqual(old.lastSeenMs);
            expect(one.sightings - old.sightings).toBeLessThanOrEqual(1);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it('what is suppressed overlaps something that was seen three times, over a minute', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 40 }), (frames) => {
        const { see, memory } = watchScene();
        for (const { second, objects } of frames) {
          const still = memory();
          see(second, ...objects).forEach((counts, index) => {
            const box = objects[index]?.box;
            if (counts || !box) return;
            const known = [...still, ...memory()].filter((one) => toOverlap(one.box, box) >= 0.75);
            expect(known.some((one) => one.sightings >= 3 && one.lastSeenMs - one.firstSeenMs >= 60_000)).toBe(true);
          });
        }
      }),
      { numRuns: 40 },
    );
  });

  it('in any order of its frames a car that is always there counts six times at most, of one each ten seconds', () => {
    const orders = fc.shuffledSubarray(every(10, 0, 1_800), { minLength: 20 });
    fc.assert(
      fc.property(orders, (order) => {
        expect(watchScene().times(...order).filter(Boolean).length).toBeLessThanOrEqual(6); // prettier-ignore
      }),
      { numRuns: 40 },
    );
  });
});
