/** Benchmarks must not rot: they run, small, and account for every frame. What they measure is not judged here. */
import { describe, expect, it } from 'vitest';
import { isComplete } from '../../benchmarks/account.ts';
import { measureBacklog } from '../../benchmarks/backlog.ts';
import { measureBurst } from '../../benchmarks/burst.ts';
import { measureGuests } from '../../benchmarks/guests.ts';
import { measureHealth } from '../../benchmarks/health.ts';
import { measureLatency } from '../../benchmarks/latency.ts';
import { measureLists } from '../../benchmarks/lists.ts';
import { measureRetention } from '../../benchmarks/retention.ts';
import { measureRevocations } from '../../benchmarks/revocation.ts';
import { measureScale } from '../../benchmarks/scale.ts';
import { measureSockets } from '../../benchmarks/sockets.ts';

const TEST_MS = 180_000;

describe('the benchmarks', () => {
  it('latency times every frame, told and bare', { timeout: TEST_MS }, async () => {
    const { toldMs, bareMs, stages } = await measureLatency({ frames: 3, warmUp: 1 });
    expect([toldMs.length, bareMs.length]).toEqual([3, 3]);
    expect([...toldMs, ...bareMs].filter((ms) => !(ms > 0))).toEqual([]);
    expect(Object.values(stages).map(({ count }) => count)).toEqual(Object.keys(stages).map(() => 4));
  });

  it('burst accounts for every frame', { timeout: TEST_MS }, async () => {
    const { account, toldMs, barePerSecond } = await measureBurst({ frames: 12 });
    expect(account).toMatchObject({ rows: 12, doneOnce: 12, distinct: 12, told: 12, toldDistinct: 12 });
    expect(isComplete(account, 12)).toBe(true);
    expect(isComplete({ ...account, told: 13 }, 12)).toBe(false);
    expect(toldMs).toHaveLength(12);
    expect(barePerSecond.filter((frames) => !(frames > 0))).toEqual([]);
  });

  it('guests times each request, and both backlogs', { timeout: TEST_MS }, async () => {
    const { idleMs, besideMs, alonePerSecond, besidePerSecond } = await measureGuests({ requests: 3, backlog: 12 });
    expect(idleMs).toHaveLength(3);
    expect(besideMs.length).toBeGreaterThan(0);
    expect([...idleMs, ...besideMs, alonePerSecond, besidePerSecond].filter((value) => !(value > 0))).toEqual([]);
  });

  it('retention deletes what is old, and leaves the rest', { timeout: TEST_MS }, async () => {
    const { fewMs, manyMs, left } = await measureRetention({ deleted: 40, few: 100, many: 300, rounds: 1 });
    expect([...fewMs, ...manyMs].filter((ms) => !(ms > 0))).toEqual([]);
    expect(left).toEqual({ frames: 300, files: 0 });
  });

  it('lists times each page and each search, and exports every event', { timeout: TEST_MS }, async () => {
    const { cases, exported } = await measureLists({ events: 500, requests: 1, oneOf: 8 });
    expect(cases.filter(({ ms }) => !((ms[0] ?? 0) > 0))).toEqual([]);
    expect(cases.find(({ case: { name } }) => name === 'events?')?.items).toBe(50);
    expect(new Set(cases.map(({ case: { kind } }) => kind))).toEqual(new Set(['list', 'search', 'other']));
    expect(exported.events).toBe(500);
  });

  it('backlog times every new frame, and every camera moves', { timeout: TEST_MS }, async () => {
    const { newMs, claimMs, progress } = await measureBacklog({ frames: 500, seconds: 4 });
    expect(newMs).toHaveLength(16);
    expect([...newMs, ...claimMs].filter((ms) => !(ms > 0))).toEqual([]);
    expect(Object.keys(progress).length).toBeGreaterThan(0);
  });

  it('scale counts every frame once', { timeout: TEST_MS }, async () => {
    const { perSecond, done, faults } = await measureScale({ processes: 2, seconds: 2, serviceMs: 100 });
    expect(perSecond).toBeGreaterThan(0);
    expect(done).toBeGreaterThan(0);
    expect(faults).toBe(0);
  });

  it('sockets brings every message to every client', { timeout: TEST_MS }, async () => {
    const sizes = { clients: 10, seconds: 1, replaying: 3, replayed: 450, roundDeliveries: 200 };
    const { paced, beside, replay, ...speeds } = await measureSockets(sizes);
    expect([paced, beside].map(({ received, faults }) => [received, faults])).toEqual([[500, 0], [500, 0]]); // prettier-ignore
    // What was replayed, the warm-up, two seconds at 50/s, and five rounds of three kinds with 20 messages each.
    expect([replay.received, replay.faults]).toEqual([3 * (450 + 5 + 100 + 300), 0]);
    const perSecond = Object.values(speeds).flatMap((rounds) => rounds.map((speed) => speed.perSecond));
    expect(perSecond).toHaveLength(25);
    expect(perSecond.filter((value) => !(value > 0))).toEqual([]);
  });

  it('revocation closes the sockets of the key, and no others', { timeout: TEST_MS }, async () => {
    const { closedMs, otherCodes, lost } = await measureRevocations({ keys: 2, staying: 4 });
    expect(closedMs.filter((ms) => ms > 0)).toHaveLength(4);
    expect([otherCodes, lost]).toEqual([[], 0]);
  });

  it('health asks as often as it was told to', { timeout: TEST_MS }, async () => {
    const { before, saturated, after } = await measureHealth({ requests: 5, backlog: 12 });
    const counts = [before, saturated, after].map(({ healthMs, pingMs }) => [healthMs.length, pingMs.length]);
    expect([counts[0], counts[2]]).toEqual([[5, 5], [5, 5]]); // prettier-ignore
    // A fast machine may be through with the frames before.
    expect(saturated.healthMs.length).toBeGreaterThan(0);
  });
});
