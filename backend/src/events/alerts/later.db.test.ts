/** What becomes of alerts after their frame: the analysis, other transactions at the same time, rules that go. */
import { describe, expect, it } from 'vitest';
import { eventually } from '../../../tests/harness/eventually.ts';
import { systemClock as clock } from '../../lib/clock.ts';
import { newId } from '../../lib/id.ts';
import { call, failed, scored } from '../analysis/test-analysis.ts';
import { claimDue } from '../analysis/claim.ts';
import { analyzeDue, analyzeLeft } from '../analysis/rules.ts';
import { storeVerdict } from '../analysis/store.ts';
import { closeEvents } from '../close.ts';
import { lockCameras } from '../rows.ts';
import { lockRules } from '../../db/rule-lock.ts';
import { addRule, at, db, lease, openForEachTest, openStore, readAlerts, rules, secondsOf, seen, shoot, toldOf, transact } from './test-alerts.ts'; // prettier-ignore

openForEachTest();

const options = () => ({ rules, newId, nowMs: clock.nowMs() });
async function close(): Promise<void> {
  await db.query((sql) => sql`update events set last_received_at = now() - interval '31 s'`);
  expect(await transact((tx, say) => closeEvents(tx, say, rules))).toBeGreaterThan(0);
}
/** As a language model would answer. */
async function answer(riskScore: number, summary = 'Someone climbs the fence.', second = 0): Promise<boolean> {
  await db.query((sql) => sql`update events set analysis_due_at = null`);
  await db.query((sql) => sql`update events set analysis_due_at = now() - interval '1 min' where started_at = ${at(second)}`); // prettier-ignore
  const [claim] = await db.query((sql) => claimDue(sql, 1, 86_400_000));
  if (!claim) throw new Error('an event is due');
  const risk = { score: riskScore, summary, reasoning: 'It is night.' };
  const verdict = { ...scored, risk, calls: [{ ...call, risk }] };
  return transact((tx, say) => storeVerdict(tx, say, { claim, verdict }, options()));
}

describe('the analysis', () => {
  it('makes the alert of a rule that waits for a risk, over all that was seen', async () => {
    const zone = newId();
    await addRule({ labels: ['person'], zoneIds: [zone], riskMin: 60 });
    await addRule({ name: 'another zone', zoneIds: [newId()], riskMin: 60 });
    await addRule({ name: 'more risk', riskMin: 91 });
    await shoot([{ second: 0 }, { second: 3 }, { second: 6 }]);
    await db.query((sql) => sql`update detections set zone_ids = ${[zone]}::uuid[] where captured_at > ${at(0)}`);
    await close();
    expect(await answer(90)).toBe(true);
    const made = { capturedAt: at(3), riskScore: 90, riskLevel: 'critical', summary: 'Someone climbs the fence.' };
    expect(await readAlerts()).toMatchObject([{ ...made, ruleName: 'Anything', zoneIds: [zone] }]);
    expect(await toldOf('alert.created')).toMatchObject([{ risk_score: 90 }]);
    await answer(95);
    expect(await toldOf('alert.created')).toMatchObject([
      { risk_score: 90 },
      { rule_name: 'more risk', risk_score: 95 },
    ]);
  });

  it('by the rules makes it, too', async () => {
    await addRule({ riskMin: 40 });
    await shoot([{ second: 0 }]);
    await db.query((sql) => sql`delete from alerts`);
    await db.query((sql) => sql`update events set risk_score = 39`);
    await close();
    expect(await transact((tx, say) => analyzeDue(tx, say, options()))).toBe(1);
    expect(await readAlerts()).toMatchObject([{ riskScore: 40 }]);
  });

  it('does not judge anew what was judged already', async () => {
    await shoot([{ second: 0 }]);
    await addRule({ name: 'came later', riskMin: 0 });
    await addRule({ name: 'came later', riskMin: 40 });
    await close();
    await answer(90);
    expect(await readAlerts()).toEqual([]);
  });

  it('makes none of a rule that was made after the event, whose risk it raises', async () => {
    await shoot([{ second: 0 }]);
    await close();
    const [event] = await db.query((sql) => sql<{ lastReceivedAt: Date }[]>`select last_received_at from events`);
    const seenMs = event?.lastReceivedAt.getTime() ?? 0;
    await addRule({ name: 'made after it', riskMin: 60, createdAt: new Date(seenMs + 1) });
    await answer(90);
    expect(await readAlerts()).toEqual([]);
    await addRule({ name: 'made with it', riskMin: 91, createdAt: new Date(seenMs) });
    await answer(95);
    expect((await readAlerts()).map(({ ruleName }) => ruleName)).toEqual(['made with it']);
  });

  it('makes none of a camera that is deleted', async () => {
    await addRule({ riskMin: 60 });
    await shoot([{ second: 0 }]);
    await close();
    await db.query((sql) => sql`update cameras set deleted_at = now() where id = 'yard'`);
    await answer(90);
    expect(await readAlerts()).toEqual([]);
    await db.query((sql) => sql`update cameras set deleted_at = null`);
    await answer(90);
    expect(await readAlerts()).toEqual([]); // the risk has not risen any more
  });

  it('changes what an alert says of the event, until somebody has acknowledged it', async () => {
    await addRule();
    await shoot([{ second: 0 }]);
    await close();
    await answer(90);
    const said = { riskScore: 90, riskLevel: 'critical', summary: 'Someone climbs the fence.' };
    expect(await readAlerts()).toMatchObject([said]);
    expect(await toldOf('alert.updated')).toMatchObject([{ risk_score: 90, summary: said.summary }]);
    await answer(90);
    expect(await toldOf('alert.updated')).toHaveLength(1); // nothing new
    await db.query((sql) => sql`update alerts set acknowledged_at = now(), acknowledged_by = 'me'`);
    await answer(10, 'The neighbour.');
    expect(await readAlerts()).toMatchObject([said]);
    expect(await toldOf('alert.updated')).toHaveLength(1);
  });

  it('keeps the cool-down', async () => {
    await addRule({ riskMin: 60, cooldownS: 120 });
    await shoot([{ second: 0 }, { second: 100 }, { second: 200 }]);
    await close();
    for (const second of [200, 100, 0]) await answer(90, 'The newest first.', second);
    expect(secondsOf(await readAlerts())).toEqual([0, 200]);
  });

  it('that comes to nothing makes none', async () => {
    await addRule({ riskMin: 60 });
    await shoot([{ second: 0 }]);
    await close();
    await db.query((sql) => sql`update events set analysis_due_at = now() - interval '1 min'`);
    const [claim] = await db.query((sql) => claimDue(sql, 1, 86_400_000));
    if (!claim) throw new Error('an event is due');
    await transact((tx, say) => storeVerdict(tx, say, { claim, verdict: failed }, options()));
    expect(await readAlerts()).toEqual([]);
  });

  it('leaves an event to whoever analyzed it first', async () => {
    await shoot([{ second: 0 }, { second: 100 }]);
    await close();
    const left = { ...options(), patienceMs: 0 };
    const counts = await Promise.all([1, 2, 3].map(() => transact((tx, say) => analyzeLeft(tx, say, left))));
    expect(counts.toSorted()).toEqual([0, 0, 2]);
  });
});

describe('at the same time', () => {
  const examine = (frames: Awaited<ReturnType<typeof lease>>) =>
    frames.map((frame) => ({ frame, objects: [seen('person')], model: 'test' }));

  it('two transactions make one alert of one event', async () => {
    await addRule();
    const frames = examine(await lease([0, 1, 2, 3, 4, 5].map((second) => ({ second }))));
    await Promise.all(frames.map((one) => openStore().store(one)));
    expect(await db.query((sql) => sql`select id from events`)).toHaveLength(1);
    expect(await readAlerts()).toHaveLength(1);
    expect(await toldOf('alert.created')).toHaveLength(1);
  });

  it('two transactions keep one cool-down', async () => {
    await addRule({ cooldownS: 3_600 });
    const frames = examine(await lease([0, 100, 200, 300, 400, 500].map((second) => ({ second }))));
    await Promise.all(frames.map((one) => openStore().store(one)));
    expect(await db.query((sql) => sql`select id from events`)).toHaveLength(6);
    expect(await readAlerts()).toHaveLength(1);
  });

  it('the analysis and a new frame keep one cool-down', async () => {
    await addRule({ riskMin: 40, cooldownS: 3_600, labels: ['person'] });
    await shoot([{ second: 0, objects: [seen('dog')] }]);
    await db.query((sql) => sql`update detections set label = 'person'`);
    await db.query((sql) => sql`update events set labels = '{"person": 1}'`);
    await close();
    const frames = examine(await lease([{ second: 200 }]));
    await Promise.all([answer(90), ...frames.map((one) => openStore().store(one))]);
    expect(await readAlerts()).toHaveLength(1);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['by a language model', () => answer(90)],
    ['by the rules', () => transact((tx, say) => analyzeDue(tx, say, options()))],
    ['of what is left', () => transact((tx, say) => analyzeLeft(tx, say, { ...options(), patienceMs: 0 }))],
  ])('an analysis %s waits for whoever stores frames of the camera', async (_by, analyze) => {
    await shoot([{ second: 0 }]);
    await close();
    const readWaiting = () =>
      db.query(
        (sql) => sql`
          select pid from pg_locks join pg_database on pg_database.oid = pg_locks.database
          where datname = current_database() and locktype = 'advisory' and not granted`,
      );
    let analyzing: Promise<unknown> | undefined;
    await db.transaction(async (tx) => {
      await lockCameras(tx, ['yard']);
      analyzing = analyze();
      await eventually(async () => (await readWaiting()).length === 1, { what: 'the analysis waits', withinMs: 5_000 });
      // Events come after cameras: whoever waits for the camera has none of them.
      await tx`select id from events for update nowait`;
    });
    await analyzing;
    expect(await db.query((sql) => sql`select state from events`)).toEqual([{ state: 'analyzed' }]);
  });

  it('rules may go while they match: no frame suffers, and nobody waits for ever', async () => {
    await addRule({ name: 'stays', cooldownS: 0 });
    for (let round = 0; round < 8; round += 1) {
      const gone = await addRule({ name: 'goes', riskMin: round % 2 === 0 ? 0 : 40 });
      const shots = [0, 100, 200, 300].map((second) => ({ second: second + round * 1_000, cameraId: second % 200 === 0 ? 'yard' : 'door' })); // prettier-ignore
      const frames = examine(await lease(shots));
      const deleteRule = () =>
        db.transaction(async (tx) => {
          await lockRules(tx);
          await tx`delete from rules where id = ${gone.id}`;
        });
      const stored = frames.map((one) => openStore().store(one));
      expect(await Promise.all([...stored, deleteRule()])).toEqual([true, true, true, true, undefined]);
    }
    const stays = (await readAlerts()).filter(({ ruleName }) => ruleName === 'stays');
    expect(new Set(secondsOf(stays)).size).toBe(32);
  });
});
