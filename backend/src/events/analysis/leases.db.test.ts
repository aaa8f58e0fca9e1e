import { describe, expect, it } from 'vitest';
import { eventually } from '../../../tests/harness/eventually.ts';
import { createTestQueue, toArrival } from '../../../tests/harness/ledger.ts';
import { seedTime } from '../../api/tests/seed.ts';
import type { Sql } from '../../db/index.ts';
import { systemClock as clock } from '../../lib/clock.ts';
import { newId } from '../../lib/id.ts';
import { silentLog as log } from '../../lib/log.ts';
import type { Analyst } from '../../model/analysis.ts';
import { closeEvents } from '../close.ts';
import { createEventStore } from '../index.ts';
import { countDue, renewClaims } from './claim.ts';
import {
  rules,
  DAY_MS,
  scored,
  createTestAnalyst,
  cleanups,
  db,
  transact,
  closeEvent,
  startWorker,
  type Seen,
  read,
  claim,
  claimOne,
  store,
  makeDue,
  readAnalyses,
  told,
  openForEachTest,
} from './test-analysis.ts';

openForEachTest();

it('by two processes at once asks once about each event', async () => {
  const ids = [];
  for (let second = 0; second < 30; second += 1) ids.push(await closeEvent(second * 10));
  const asked: string[] = [];
  const analyst: Analyst = {
    capacity: () => 3,
    state: () => ({ state: 'ready', reason: null }),
    analyze: async ({ event }) => {
      asked.push(event.id);
      return scored;
    },
  };
  const workers = [startWorker(analyst), startWorker(analyst)];
  await eventually(
    async () => {
      workers.forEach((worker) => worker.wake());
      return (await db.query(countDue)) === 0;
    },
    { what: 'all analyzed' },
  );
  expect([...asked].sort()).toEqual([...ids].sort());
  expect(await told()).toHaveLength(30);
});

it('takes up no more events than its analyst has places for, however often it is woken', async () => {
  for (let second = 0; second < 8; second += 1) await closeEvent(second * 10);
  let open = 0;
  let turnedAway = 0;
  const analyst: Analyst = {
    capacity: () => 1 - open,
    state: () => ({ state: 'ready', reason: null }),
    async analyze() {
      if (open > 0) turnedAway += 1;
      open += 1;
      for (let step = 0; step < 10; step += 1) await db.query((sql) => sql`select 1`);
      open -= 1;
      return scored;
    },
  };
  const worker = startWorker(analyst);
  const waking = setInterval(() => worker.wake());
  cleanups.add(async () => clearInterval(waking));
  await eventually(async () => (await db.query(countDue)) === 0, { what: 'all analyzed' });
  expect(turnedAway).toBe(0);
});

it('never claims one event twice, with eight claimers racing', async () => {
  for (let second = 0; second < 40; second += 1) await closeEvent(second * 10);
  const claimed: string[] = [];
  const claimAll = async (): Promise<void> => {
    for (let found = await claim(3); found.length > 0; found = await claim(3)) claimed.push(...found.map(({ event }) => event.id));
  }; // prettier-ignore
  await Promise.all(Array.from({ length: 8 }, claimAll));
  expect(new Set(claimed).size).toBe(claimed.length);
  while (claimed.length < 40) claimed.push(...(await claim(5)).map(({ event }) => event.id));
  expect(new Set(claimed).size).toBe(40);
});

it('fences off the verdict of one whose lease ran out', async () => {
  const id = await closeEvent();
  const late = await claimOne();
  expect(await claim()).toEqual([]);
  await db.query((sql) => sql`update events set analysis_lease_until = now() - interval '1 s'`);
  const quick = await claimOne();
  expect(await store(late, scored)).toBe(false);
  expect(await read(id)).toMatchObject({ state: 'closed', analyzer: 'rules', analysisLeaseId: quick.leaseId });
  expect(await readAnalyses()).toMatchObject([{ outcome: 'error', errorKind: 'conflict', riskScore: null }]);
  expect(await store(quick, scored)).toBe(true);
  expect(await store(quick, scored)).toBe(false);
  expect(await told()).toEqual([['llm', 90]]);
});

it('keeps a lease that is renewed, and no other', async () => {
  await closeEvent(0);
  await closeEvent(10);
  const [one, two] = await claim();
  if (!one || !two) throw new Error('two events');
  await db.query((sql) => sql`update events set analysis_lease_until = now() - interval '1 s'`);
  await db.query((sql) => renewClaims(sql, [one.leaseId]));
  expect((await claim()).map(({ event }) => event.id)).toEqual([two.event.id]);
});

it('keeps the lease of a question under way though the clock is set back', async () => {
  await closeEvent();
  let nowMs = clock.nowMs();
  const analyst = createTestAnalyst({ places: 1 });
  const worker = startWorker(analyst, () => nowMs);
  await eventually(() => analyst.asked.length === 1, { what: 'the question' });
  await db.query((sql) => sql`update events set analysis_lease_until = now() + interval '1 s'`);
  nowMs -= DAY_MS;
  worker.wake();
  const isKept = (sql: Sql) => sql`select 1 from events where analysis_lease_until > now() + interval '30 s'`;
  await eventually(async () => (await db.query(isKept)).length === 1, { what: 'the renewal' });
});

describe('of an event that late frames extend', () => {
  const at = (second: number): Date => new Date(Date.UTC(2024, 5, 10, 12, 0, second));

  it('is discarded when it is about what the event was, and made again about what it is', async () => {
    const queue = await createTestQueue(db);
    cleanups.add(() => queue.close());
    const events = createEventStore({ transact, rules, clock, log, newId, complete: queue.complete });
    const person = { label: 'person', score: 0.9, bbox: { x: 1, y: 2, width: 30, height: 60 } };
    const see = async (second: number): Promise<void> => {
      await queue.record(toArrival('yard', { capturedAt: at(second) }));
      for (const frame of await queue.claim(1)) await events.store({ frame, objects: [person], model: 'test' });
    };
    await see(0);
    await db.query((sql) => sql`update events set last_received_at = now() - interval '31 s'`);
    await transact((tx, say) => closeEvents(tx, say, rules));
    const analyst = createTestAnalyst();
    const worker = startWorker(analyst);
    await eventually(() => analyst.asked.length === 1, { what: 'the question' });
    await see(20);
    analyst.asked[0]?.answer(scored);
    await eventually(async () => (await readAnalyses()).length === 1, { what: 'the verdict' });
    expect(await readAnalyses()).toMatchObject([{ outcome: 'error', errorKind: 'conflict', riskScore: null }]);
    const [event] = await db.query((sql) => sql<(Seen & { id: string })[]>`select * from events`);
    expect(event).toMatchObject({ analyzer: 'rules', riskScore: 40, analysisLeaseId: null });
    expect(event?.analysisDueAt?.getTime()).toBeGreaterThan(Date.now());
    expect(await told()).toEqual([]);
    await makeDue();
    worker.wake();
    await eventually(() => analyst.asked.length === 2, { what: 'the question again' });
    expect(analyst.asked[1]?.dossier.event.frameCount).toBe(2);
    analyst.asked[1]?.answer(scored);
    await eventually(async () => (await told()).length === 1, { what: 'the analysis' });
    expect(await told()).toEqual([['llm', 90]]);
  });

  it('is made again when it was done already', async () => {
    const queue = await createTestQueue(db);
    cleanups.add(() => queue.close());
    const events = createEventStore({ transact, rules, clock, log, newId, complete: queue.complete });
    const car = { label: 'car', score: 0.9, bbox: { x: 1, y: 2, width: 30, height: 60 } };
    const id = await closeEvent(0);
    await store(await claimOne(), scored);
    await queue.record(toArrival('yard', { capturedAt: seedTime(5) }));
    for (const frame of await queue.claim(1)) await events.store({ frame, objects: [car], model: 'test' });
    expect(await read(id)).toMatchObject({ state: 'analyzed', analyzer: 'rules', riskScore: 48 });
    await makeDue();
    expect((await claim()).map(({ event }) => event.id)).toEqual([id]);
  });
});
