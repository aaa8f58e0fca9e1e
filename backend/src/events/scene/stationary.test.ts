import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REMEMBERED_MAX, seeFrame, toOverlap, type Remembered } from './stationary.ts';
import { at, car, DAY_S, every, HOUR_S, watchScene } from './test-watch.ts';

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
