import { expect, it } from 'vitest';
import type { Clock } from '../../lib/clock.ts';
import { choose, createLine, type Seat } from './line.ts';

/** Time passes when a test says so. */
function createTestClock() {
  let nowMs = 0;
  const sleepers = new Set<{ readonly atMs: number; readonly wake: () => void }>();
  const clock: Clock = {
    nowMs: () => nowMs,
    sleep: (durationMs, signal) =>
      new Promise((resolve) => {
        const sleeper = { atMs: nowMs + durationMs, wake: () => (sleepers.delete(sleeper), resolve()) };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', sleeper.wake);
      }),
  };
  const pass = (ms: number): void => {
    nowMs += ms;
    for (const { atMs, wake } of sleepers) if (atMs <= nowMs) wake();
  };
  return { clock, pass, sleeping: () => sleepers.size };
}

interface TestSeat extends Seat {
  away: string | null;
  rest: number | null;
}

function createSeat(address: string, slots = 1, weight = 1): TestSeat {
  let taken = 0;
  const seat: TestSeat = {
    address,
    away: null,
    rest: null,
    fault: () => seat.away ?? (seat.rest === null ? null : 'resting'),
    restMs: () => (seat.away === null ? seat.rest : null),
    freeSlots: () => slots - taken,
    weight: () => weight,
    take: () => void (taken += 1),
    give: () => void (taken -= 1),
  };
  return seat;
}

function setUp(servers: readonly TestSeat[]) {
  const time = createTestClock();
  const line = createLine({ servers, slots: servers.length, clock: time.clock, random: () => 0 });
  const order: string[] = [];
  const enter = (name: string, avoid: readonly TestSeat[] = [], untilMs = 1_000) =>
    line.enter({ avoid: new Set(avoid), untilMs }).then(
      (server) => void order.push(`${name} at ${server.address}`),
      (thrown: { kind: string }) => void order.push(`${name} ${thrown.kind}`),
    );
  return { ...time, line, order, enter };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

it('serves those who wait in their order', async () => {
  const a = createSeat('a');
  const { line, order, enter } = setUp([a]);
  for (const name of ['1', '2', '3']) void enter(name);
  await settled();
  expect(order).toEqual(['1 at a']);
  line.leave(a);
  line.leave(a);
  await settled();
  expect(order).toEqual(['1 at a', '2 at a', '3 at a']);
});

it('goes to another server than the one that failed, and passes nobody over who would take it', async () => {
  const [a, b] = [createSeat('a'), createSeat('b')];
  const { line, order, enter } = setUp([a, b]);
  b.take();
  void enter('1', [a]);
  void enter('2');
  await settled();
  expect(order).toEqual(['2 at a']);
  line.leave(b);
  await settled();
  expect(order).toEqual(['2 at a', '1 at b']);
});

it('goes back to the one that failed when there is no other', async () => {
  const [a, b] = [createSeat('a'), createSeat('b')];
  b.away = 'gone';
  const { order, enter } = setUp([a, b]);
  await enter('1', [a, b]);
  expect(order).toEqual(['1 at a']);
});

it('sends everyone away when the last server goes, and says why', async () => {
  const [a, b] = [createSeat('a', 0), createSeat('b')];
  b.away = 'it has no model';
  const { line, order, enter, sleeping } = setUp([a, b]);
  void enter('1');
  void enter('2');
  await settled();
  expect(order).toEqual([]);
  a.away = 'it died';
  line.dispatch();
  await enter('3');
  expect(order).toEqual(['1 unavailable', '2 unavailable', '3 unavailable']);
  expect(line.fault()).toBe('a: it died; b: it has no model');
  expect(sleeping()).toBe(0);
});

it('waits for servers that rest, as long as it may', async () => {
  const a = createSeat('a');
  a.rest = 500;
  const { line, order, enter, pass } = setUp([a]);
  void enter('1', [], 400);
  void enter('2', [], 900);
  pass(400);
  await settled();
  expect(order).toEqual(['1 overloaded']);
  a.rest = null;
  line.dispatch();
  await settled();
  expect(order).toEqual(['1 overloaded', '2 at a']);
});

it('is no longer than sixteen for each place', async () => {
  const a = createSeat('a');
  const { order, enter } = setUp([a]);
  for (let number = 0; number < 18; number += 1) void enter(`${number}`);
  await settled();
  expect(order).toEqual(['0 at a', '17 overloaded']);
});

it('closes: nobody waits, nobody enters', async () => {
  const a = createSeat('a');
  const { line, order, enter } = setUp([a]);
  void enter('1');
  void enter('2');
  line.close();
  await enter('3');
  expect(order).toEqual(['1 at a', '2 unavailable', '3 unavailable']);
});

it('chooses by weight among those with a free place', () => {
  const [a, b, full] = [createSeat('a', 1, 3), createSeat('b', 1, 1), createSeat('c', 0, 100)];
  const at = (mark: number) => choose([a, b, full], () => mark)?.address;
  expect([0, 0.5, 0.74, 0.76, 0.999].map(at)).toEqual(['a', 'a', 'a', 'b', 'b']);
  expect(choose([full], () => 0)).toBeUndefined();
});
