import { expect, it } from 'vitest';
import { seedTime } from '../../api/tests/seed.ts';
import {
  call,
  risk,
  scored,
  away,
  failed,
  db,
  closeEvent,
  claimOne,
  store,
  readAnalyses,
  openForEachTest,
} from './test-analysis.ts';

openForEachTest();

it('goes with its event', async () => {
  await closeEvent();
  await store(await claimOne(), failed);
  expect(await readAnalyses()).toHaveLength(2);
  await db.query((sql) => sql`delete from detections`);
  await db.query((sql) => sql`delete from events`);
  expect(await readAnalyses()).toEqual([]);
});

it('survives that the event is deleted meanwhile', async () => {
  await closeEvent();
  const one = await claimOne();
  await db.query((sql) => sql`delete from detections`);
  await db.query((sql) => sql`delete from events`);
  expect(await store(one, scored)).toBe(false);
  expect(await readAnalyses()).toEqual([]);
});

it('forgets vain attempts before good ones', async () => {
  const id = await closeEvent();
  await store(await claimOne(), scored);
  const attempts = Array.from({ length: 25 }, () => ({
    ...call,
    error: { kind: 'unavailable', message: 'refused' } as const,
  }));
  await db.query((sql) => sql`update events set analysis_due_at = now() - interval '1 s' where id = ${id}`);
  await store(await claimOne(), { ...away, calls: attempts });
  const outcomes = (await readAnalyses()).map(({ outcome }) => outcome);
  expect([outcomes.length, outcomes.filter((outcome) => outcome === 'ok').length]).toEqual([20, 1]);
});

it('keeps the newest analyses of an event', async () => {
  await closeEvent();
  const one = await claimOne();
  const calls = Array.from({ length: 25 }, (_, second) => ({ ...call, requestedAt: seedTime(second), finishedAt: seedTime(second), risk }));
  await store(one, { ...scored, calls });
  const kept = await db.query((sql) => sql<{ requestedAt: Date }[]>`select * from analyses order by requested_at`);
  expect(kept.map(({ requestedAt }) => requestedAt)).toEqual(calls.slice(5).map(({ requestedAt }) => requestedAt));
}); // prettier-ignore
