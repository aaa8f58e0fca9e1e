import { expect, it } from 'vitest';
import { eventually } from '../../../tests/harness/eventually.ts';
import { systemClock as clock } from '../../lib/clock.ts';
import { newId } from '../../lib/id.ts';
import { silentLog as log } from '../../lib/log.ts';
import { closeEvents } from '../close.ts';
import { createAnalyzer, listenForDue } from '../index.ts';
import { ATTEMPTS_MAX, countDue, giveUp } from './claim.ts';
import { analyzeDue, analyzeLeft } from './rules.ts';
import {
  rules,
  DAY_MS,
  call,
  risk,
  scored,
  away,
  failed,
  createTestAnalyst,
  cleanups,
  db,
  transact,
  options,
  closeEvent,
  startWorker,
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

it('by an analyst is stored, told, and kept with prompt and answer', async () => {
  const id = await closeEvent();
  const analyst = createTestAnalyst();
  const worker = startWorker(analyst);
  await eventually(() => analyst.asked.length === 1, { what: 'the question' });
  expect(await read(id)).toMatchObject({ state: 'closed', analyzer: 'rules', riskScore: 20 });
  analyst.asked[0]?.answer(scored);
  await eventually(async () => (await read(id)).state === 'analyzed', { what: 'the analysis' });
  expect(await read(id)).toMatchObject({ analyzer: 'llm', riskScore: 90, riskLevel: 'critical', analysisDueAt: null, analysisLeaseId: null }); // prettier-ignore
  expect(await told()).toEqual([['llm', 90]]);
  const { risk: _risk, error: _error, ...kept } = call;
  expect(await readAnalyses()).toMatchObject([{ eventId: id, analyzer: 'llm', outcome: 'ok', riskScore: 90, ...kept }]);
  await eventually(() => worker.queued() === 0, { what: 'the empty queue' });
});

it('holds no lock while the analyst thinks', async () => {
  const id = await closeEvent();
  const analyst = createTestAnalyst();
  startWorker(analyst);
  await eventually(() => analyst.asked.length === 1, { what: 'the question' });
  await db.transaction(async (tx) => {
    await tx`set local lock_timeout = '100ms'`;
    await tx`select 1 from events where id = ${id} for update`;
  });
  const [row] = await db.query((sql) => sql<{ open: number }[]>`
    select count(*) as open from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`); // prettier-ignore
  expect(row?.open).toBe(0);
});

it('is done by the rules at once when nobody takes the question, and by the analyst when it is back', async () => {
  const id = await closeEvent();
  const analyst = createTestAnalyst();
  const worker = startWorker(analyst);
  await eventually(() => analyst.asked.length === 1, { what: 'the question' });
  analyst.setReady(false);
  analyst.asked[0]?.answer(away);
  await eventually(async () => (await read(id)).state === 'analyzed', { what: 'the rules' });
  expect(await read(id)).toMatchObject({ analyzer: 'rules', riskScore: 40, analysisAttempts: 0 });
  expect((await read(id)).analysisDueAt).not.toBeNull();
  await makeDue();
  worker.wake();
  expect(worker.queued()).toBe(1);
  analyst.setReady(true);
  worker.wake();
  await eventually(() => analyst.asked.length === 2, { what: 'the question again' });
  analyst.asked[1]?.answer(scored);
  await eventually(async () => (await read(id)).analyzer === 'llm', { what: 'the analysis' });
  expect(await told()).toEqual([['rules', 40], ['llm', 90]]); // prettier-ignore
  expect((await readAnalyses()).map(({ analyzer }) => analyzer)).toContain('rules');
});

it('goes from the newest to the oldest, those asked for by a person first', async () => {
  const ids = [await closeEvent(0), await closeEvent(10), await closeEvent(20)];
  await db.query((sql) => sql`update events set analysis_requested = true where id = ${ids[0] ?? ''}`);
  const order = [];
  for (const [one] of [await claim(1), await claim(1), await claim(1)]) order.push(ids.indexOf(one?.event.id ?? ''));
  expect(order).toEqual([0, 2, 1]);
  expect(await claim(1)).toEqual([]);
});

it('leaves what is too old to the rules, unless a person asks', async () => {
  const [old, asked] = [await closeEvent(0), await closeEvent(10)];
  await db.query(
    (sql) => sql`update events set last_received_at = now() - interval '25 hours', analysis_requested = id = ${asked}`,
  );
  expect((await claim()).map(({ event }) => event.id)).toEqual([asked]);
  expect(await transact((tx, say) => analyzeLeft(tx, say, { ...options(), patienceMs: 0 }))).toBe(1);
  expect(await db.query((sql) => giveUp(sql, DAY_MS))).toBe(1);
  expect(await read(old)).toMatchObject({ state: 'analyzed', analyzer: 'rules', analysisDueAt: null });
  expect(await db.query(countDue)).toBe(1);
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
])('derives the level from the score: %i is %s', async (score, riskLevel) => {
  const id = await closeEvent();
  await store(await claimOne(), { ...scored, risk: { ...risk, score } });
  expect(await read(id)).toMatchObject({ analyzer: 'llm', riskScore: score, riskLevel });
});

it('is tried so often and no more when questions are taken in vain', async () => {
  const id = await closeEvent();
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const one = await claimOne();
    expect(await store(one, failed)).toBe(true);
    const { analysisDueAt, ...event } = await read(id);
    expect(event).toMatchObject({ state: 'analyzed', analyzer: 'rules', analysisAttempts: attempt });
    if (attempt < ATTEMPTS_MAX) expect(analysisDueAt?.getTime()).toBeGreaterThan(Date.now() + 50_000);
    else expect(analysisDueAt).toBeNull();
    expect(await claim()).toEqual([]);
    if (attempt < ATTEMPTS_MAX) await makeDue();
  }
  expect(await told()).toEqual([['rules', 40]]);
  expect((await readAnalyses()).map(({ analyzer }) => analyzer).sort()).toEqual([...Array<string>(ATTEMPTS_MAX).fill('llm'), 'rules']); // prettier-ignore
});

it('costs no attempt while the analyst is away, however long', async () => {
  const id = await closeEvent();
  for (let round = 0; round < 2 * ATTEMPTS_MAX; round += 1) {
    await store(await claimOne(), away);
    await makeDue();
  }
  expect(await read(id)).toMatchObject({ analysisAttempts: 0, analyzer: 'rules' });
  expect(await told()).toEqual([['rules', 40]]);
});

it('asked for again keeps the result that there is until there is another', async () => {
  const id = await closeEvent();
  await store(await claimOne(), scored);
  await db.query((sql) => sql`update events set analysis_due_at = now() - interval '1 s', analysis_requested = true`);
  await store(await claimOne(), failed);
  expect(await read(id)).toMatchObject({ state: 'analyzed', analyzer: 'llm', riskScore: 90 });
});

it('waits for an analyst that is only busy, and not for ever', async () => {
  await closeEvent();
  const left = (patienceMs: number) => transact((tx, say) => analyzeLeft(tx, say, { ...options(), patienceMs }));
  expect(await left(10_000)).toBe(0);
  const one = await claimOne();
  await db.query((sql) => sql`update events set analysis_due_at = now() - interval '11 s'`);
  expect(await left(10_000)).toBe(0); // it is being asked about
  await db.query((sql) => sql`update events set analysis_lease_id = null, analysis_lease_until = null`);
  expect(await left(10_000)).toBe(1);
  expect(await left(0)).toBe(0);
  expect(await read(one.event.id)).toMatchObject({ state: 'analyzed', analyzer: 'rules' });
  expect((await claim()).map(({ event }) => event.id)).toEqual([one.event.id]);
});

it('by the stand-in does not wait while the analyst is away', async () => {
  const id = await closeEvent();
  const analyst = createTestAnalyst();
  analyst.setReady(false);
  const analyzer = createAnalyzer({ transact, rules, clock, log, newId, analyst });
  cleanups.add(() => analyzer.close());
  await eventually(async () => (await read(id)).state === 'analyzed', { what: 'the rules' });
  expect((await read(id)).analysisDueAt).not.toBeNull();
});

it('hands back uncounted what was under way when we close', async () => {
  const id = await closeEvent();
  const analyst = createTestAnalyst();
  const worker = startWorker(analyst);
  await eventually(() => analyst.asked.length === 1, { what: 'the question' });
  await worker.close();
  expect(await read(id)).toMatchObject({ state: 'closed', analysisAttempts: 0, analysisLeaseId: null });
  expect(await claim()).toHaveLength(1);
});

it('by the rules alone is done with whatever is due, also what a model had scored', async () => {
  const id = await closeEvent();
  await store(await claimOne(), scored);
  expect(await transact((tx, say) => analyzeDue(tx, say, options()))).toBe(0);
  await db.query((sql) => sql`update events set analysis_due_at = now() - interval '1 s', analysis_requested = true`);
  expect(await transact((tx, say) => analyzeDue(tx, say, options()))).toBe(1);
  expect(await read(id)).toMatchObject({ analyzer: 'rules', riskScore: 40, analysisDueAt: null });
  expect((await readAnalyses()).map(({ analyzer }) => analyzer).sort()).toEqual(['llm', 'rules']);
});

it('begins as soon as another process says that an event is due', async () => {
  let heard = 0;
  const notices = listenForDue(db, log, () => (heard += 1));
  cleanups.add(() => notices.close());
  await eventually(() => heard > 0, { what: 'the first look' });
  const before = heard;
  await closeEvent();
  await db.query(
    (sql) => sql`update events set state = 'open', analysis_due_at = null, last_received_at = now() - interval '31 s'`,
  );
  await transact((tx, say) => closeEvents(tx, say, rules));
  await eventually(() => heard > before, { what: 'the notice' });
});
