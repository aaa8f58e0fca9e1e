import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupFrames, type EventFacts, type FrameFacts } from './group.ts';

const rules = { idleMs: 30_000, windowMs: 90_000 };
const S = 1_000;

function createIds(): () => string {
  let next = 0;
  return () => `e${++next}`;
}

const frameAt = (seconds: number, labels: readonly string[] = ['person'], score = 0.5): FrameFacts => ({
  frameId: `f${seconds}`,
  capturedMs: seconds * S,
  receivedMs: seconds * S,
  objects: labels.map((label) => ({ label, score, bbox: { x: 0, y: 0, width: 1, height: 1 } })),
});

const group = (near: readonly EventFacts[], frames: readonly FrameFacts[], newId = createIds()) =>
  groupFrames(near, frames, { rules, newId });

describe('grouping', () => {
  it('counts labels that JavaScript has plans for', () => {
    const [event] = group(
      [],
      [frameAt(0, ['constructor', '__proto__', 'constructor']), frameAt(1, ['toString'])],
    ).events;
    expect(Object.entries(event?.labels ?? {})).toEqual([['constructor', 2], ['__proto__', 1], ['toString', 1]]); // prettier-ignore
  });

  it.each([
    ['one frame opens one event', [5], [[5, 5]]],
    ['frames within the idle time are one event', [0, 10, 35, 60], [[0, 60]]],
    [
      'silence longer than the idle time parts them',
      [0, 30, 61],
      [
        [0, 30],
        [61, 61],
      ],
    ],
    ['exactly the idle time does not', [0, 30], [[0, 30]]],
    [
      'the window bounds an event',
      [0, 25, 50, 75, 90, 100],
      [
        [0, 90],
        [100, 100],
      ],
    ],
    ['order of arrival does not matter', [60, 0, 35, 10], [[0, 60]]],
  ] as const)('%s', (_name, seconds, spans) => {
    const { events } = group([], seconds.map((second) => frameAt(second))); // prettier-ignore
    expect(events.map(({ startedMs, endedMs }) => [startedMs / S, endedMs / S])).toEqual(spans);
  });

  it('continues an open event from earlier', () => {
    const first = group([], [frameAt(0)]);
    const second = group(first.events, [frameAt(20)], () => 'never');
    expect(second.opened.size).toBe(0);
    expect(second.events).toMatchObject([{ id: 'e1', startedMs: 0, endedMs: 20 * S, frameCount: 2, open: true }]);
  });

  it('a late frame extends a closed event, and does not open it again', () => {
    const closed = group([], [frameAt(0), frameAt(20)]).events.map((event) => ({ ...event, open: false }));
    expect(group(closed, [frameAt(10)]).events).toMatchObject([
      { id: 'e1', open: false, frameCount: 3, endedMs: 20 * S },
    ]);
  });

  it('a late frame before an event moves its start, within the window', () => {
    const events = group([], [frameAt(100), frameAt(120)]).events;
    expect(group(events, [frameAt(80)]).events).toMatchObject([{ startedMs: 80 * S, endedMs: 120 * S }]);
    expect(group(events, [frameAt(60)], createIds()).opened.size).toBe(1);
  });

  it('prefers the nearest event, and of two equally near the open one', () => {
    const [a] = group([], [frameAt(0)], () => 'a').events;
    const [b] = group([], [frameAt(20)], () => 'b').events;
    if (!a || !b) throw new Error('two events');
    expect(group([a, b], [frameAt(18)]).eventOf.get('f18')).toBe('b');
    expect(group([{ ...a, open: false }, b], [frameAt(10)]).eventOf.get('f10')).toBe('b');
    expect(group([a, { ...b, open: false }], [frameAt(10)]).eventOf.get('f10')).toBe('a');
  });

  it('keeps the most of each label in one frame, all counts, and the best frame', () => {
    const frames = [
      frameAt(0, ['person', 'person'], 0.6),
      frameAt(1, ['person', 'car'], 0.9),
      frameAt(2, ['person'], 0.4),
    ];
    expect(group([], frames).events).toMatchObject([
      { labels: { person: 2, car: 1 }, detectionCount: 5, frameCount: 3, bestFrameId: 'f1', bestScore: 0.9 },
    ]);
  });

  it('holds its bounds for any frames in any order and any batches', () => {
    const seconds = fc.array(fc.integer({ min: 0, max: 600 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 600 }), { minLength: 1, maxLength: 60 }),
        seconds,
        (times, cuts) => {
          const newId = createIds();
          let events: readonly EventFacts[] = [];
          for (let at = 0, cut = 0; at < times.length; cut += 1) {
            const size = 1 + ((cuts[cut % cuts.length] ?? 0) % 7);
            const grouped = group(events, times.slice(at, at + size).map((second) => frameAt(second)), newId); // prettier-ignore
            events = [
              ...events.filter(({ id }) => !grouped.events.some((event) => event.id === id)),
              ...grouped.events,
            ];
            at += size;
          }
          expect(events.reduce((sum, { frameCount }) => sum + frameCount, 0)).toBe(times.length);
          for (const event of events) expect(event.endedMs - event.startedMs).toBeLessThanOrEqual(rules.windowMs);
        },
      ),
    );
  });
});
