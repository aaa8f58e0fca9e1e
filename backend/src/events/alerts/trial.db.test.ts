import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { steadyClock } from '../../lib/clock.ts';
import type { Rule } from '../../model/alert.ts';
import { newId } from '../../lib/id.ts';
import type { DetectedObject } from '../../model/index.ts';
import { createRuleTrials } from './trial.ts';
import { addRule, at, db, openForEachTest, openStore, readAlerts, seen, shoot, type Shot } from './test-alerts.ts';

openForEachTest();

const span = { since: at(-86_400), until: at(86_400) };
const tryRule = (rule: Rule, within = span) => createRuleTrials({ db, clock: steadyClock })(rule, within);
const secondsOf = (alerts: readonly { readonly capturedAt: Date }[]) =>
  alerts.map(({ capturedAt }) => (capturedAt.getTime() - at(0).getTime()) / 1_000);

const toFigure = (x: number): DetectedObject => ({
  label: 'person',
  score: 0.9,
  bbox: { x, y: 100, width: 20, height: 200 },
});
const toStripe = (from: number, until: number) => [[from, 0], [until, 0], [until, 1], [from, 1]]; // prettier-ignore
async function addZone(kind: 'watch' | 'ignore', from: number, until: number): Promise<string> {
  const id = newId();
  await db.query(
    (sql) => sql`
      insert into zones (id, camera_id, name, kind, polygon, labels)
      values (${id}, 'yard', 'Half', ${kind}, ${JSON.stringify(toStripe(from, until))}::text::jsonb, '{}')`,
  );
  return id;
}

it('tells what a rule would have told, enabled or not, with what a cool-down keeps back', async () => {
  await shoot([{ second: 0 }, { second: 100, objects: [seen('dog')] }, { second: 200 }, { second: 1_000, cameraId: 'door' }]);
  const rule = await addRule({ enabled: false, labels: ['person'], cooldownS: 300 });
  const trial = await tryRule(rule);
  expect(trial).toMatchObject({ eventsExamined: 4, total: 3, suppressed: 1, truncated: false, stoppedAt: null });
  expect(trial.wouldAlert.map((one) => [one.cameraId, one.label, one.riskScore, one.suppressedByCooldown])).toEqual([
    ['yard', 'person', 40, false],
    ['yard', 'person', 40, true],
    ['door', 'person', 40, false],
  ]);
  expect(secondsOf(trial.wouldAlert)).toEqual([0, 200, 1_000]);
  expect(await readAlerts()).toEqual([]);
}); // prettier-ignore

it('looks at events that began in its span, of the cameras of the rule', async () => {
  await shoot([{ second: 0 }, { second: 100 }, { second: 200 }, { second: 100, cameraId: 'door' }]);
  const trial = await tryRule(await addRule({ cameraIds: ['yard'] }), { since: at(100), until: at(200) });
  expect(trial).toMatchObject({ eventsExamined: 1, total: 1 });
  expect(secondsOf(trial.wouldAlert)).toEqual([100]);
});

it('goes by the zones of today, and not by those of then', async () => {
    // Feet of a figure in the left half, and of one in the right half.
    const [left, right] = [toFigure(100), toFigure(500)];
    await shoot([{ second: 0, objects: [left] }, { second: 100, objects: [right] }, { second: 200, objects: [left, right] }]);
    await db.query((sql) => sql`update detections set zone_ids = array[gen_random_uuid()]`);
    const zone = await addZone('watch', 0, 0.5);
    const rule = await addRule({ zoneIds: [zone] });
    const trial = await tryRule(rule);
    expect([trial.eventsExamined, secondsOf(trial.wouldAlert)]).toEqual([3, [0, 200]]);
    expect(trial.wouldAlert.map(({ zoneIds }) => zoneIds)).toEqual([[zone], [zone]]);
    // What the pipeline makes of the same.
    await shoot([{ second: 1_000, objects: [left] }, { second: 1_100, objects: [right] }, { second: 1_200, objects: [left, right] }]);
    expect(secondsOf(await readAlerts())).toEqual([1_000, 1_200]);
    expect(secondsOf((await tryRule(rule)).wouldAlert)).toEqual([0, 200, 1_000, 1_200]);

    await db.query((sql) => sql`update zones set polygon = ${JSON.stringify(toStripe(0.5, 1))}::text::jsonb`); // moved
    expect(secondsOf((await tryRule(rule, { ...span, until: at(900) })).wouldAlert)).toEqual([100, 200]);
    const ignore = await addZone('ignore', 0.75, 1);
    expect(await tryRule(rule)).toMatchObject({ total: 0 });
    expect(await tryRule(await addRule({ cameraIds: ['door'] }))).toMatchObject({ total: 0 });
    await db.query((sql) => sql`update zones set enabled = false where id in (${zone}, ${ignore})`);
    expect(await tryRule(rule)).toMatchObject({ total: 0 });
    expect(await tryRule(await addRule())).toMatchObject({ total: 5 });
  }); // prettier-ignore

it('says when there is too much to list or to examine', async () => {
  await shoot([{ second: 0 }]);
  await db.query(
    (sql) => sql`
      insert into events (id, camera_id, state, started_at, ended_at, last_received_at, labels, detection_count, frame_count,
        best_frame_id, best_score, risk_score, risk_level, summary, reasoning, analyzer)
      select gen_random_uuid(), camera_id, state, started_at + n * interval '2 s', ended_at + n * interval '2 s', last_received_at,
        labels, detection_count, frame_count, best_frame_id, best_score, risk_score, risk_level, summary, reasoning, analyzer
      from events, generate_series(1, 1299) as n`,
  );
  await db.query(
    (sql) => sql`
      insert into detections (id, frame_id, event_id, camera_id, label, score, x, y, width, height, captured_at, model)
      select gen_random_uuid(), best_frame_id, id, camera_id, 'person', 0.5, 1, 1, 1, 1, started_at, 'test' from events
      where started_at > ${at(0)}`,
  );
  const bounded = createRuleTrials({ db, clock: steadyClock, eventsMax: 1_200 });
  const trial = await bounded(await addRule(), span);
  expect(trial).toMatchObject({ eventsExamined: 1_200, total: 1_200, suppressed: 0, truncated: true });
  expect([trial.wouldAlert.length, trial.stoppedAt]).toEqual([200, at(1_199 * 2)]);
  const rest = await bounded(await addRule(), { ...span, since: at(1_199 * 2) });
  expect(rest).toMatchObject({ eventsExamined: 101, stoppedAt: null });
  let nowMs = 0;
  const hasty = createRuleTrials({ db, clock: { nowMs: () => (nowMs += 4_000) } });
  expect(await hasty(await addRule(), span)).toMatchObject({ eventsExamined: 1_000, stoppedAt: at(999 * 2) });
});

it('is one of two at a time', async () => {
  const trials = createRuleTrials({ db, clock: steadyClock });
  const rule = await addRule();
  const outcomes = await Promise.allSettled([1, 2, 3].map(() => trials(rule, span)));
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  expect(await trials(rule, span)).toMatchObject({ total: 0 });
});

describe('the trial and the pipeline', () => {
  const object: fc.Arbitrary<DetectedObject> = fc
    .record({ label: fc.constantFrom('person', 'dog', 'cat', 'car'), score: fc.constantFrom(0.3, 0.55, 0.7, 0.8123456789, 0.9) })
    .map(({ label, score }) => seen(label, score)); // prettier-ignore
  const shots = fc
    .array(
      fc.record({
        gap: fc.constantFrom(1, 5, 20, 40, 75, 200),
        cameraId: fc.constantFrom('yard', 'door'),
        objects: fc.array(object, { maxLength: 3 }),
      }),
      { minLength: 10, maxLength: 25 },
    )
    .map((given) => {
      let second = 0;
      return given.map(({ gap, ...shot }): Shot => ({ ...shot, second: (second += gap) }));
    });
  const rule = fc.record({
    labels: fc.subarray(['person', 'dog', 'cat', 'car']),
    cameraIds: fc.subarray(['yard', 'door']),
    scoreMin: fc.constantFrom(0, 0.55, 0.7, 0.8123456789),
    riskMin: fc.constantFrom(0, 20, 40, 50),
    cooldownS: fc.constantFrom(0, 60, 200, 600),
    schedule: fc.constantFrom(null, {
      timeZone: 'Asia/Kathmandu',
      windows: [{ days: ['mon' as const], from: '17:47', until: '18:00' }],
    }),
  });

  it('agree on any history that came in its order', async () => {
    const store = openStore();
    const property = fc.asyncProperty(shots, fc.array(rule, { minLength: 3, maxLength: 8 }), fc.integer({ min: 1, max: 7 }), async (history, given, together) => {
      await db.query((sql) => sql`truncate rules, events, frames cascade`);
      const made = await Promise.all(given.map((one) => addRule(one)));
      for (let index = 0; index < history.length; index += together)
        await shoot(history.slice(index, index + together), store);
      const alerts = await readAlerts();
      for (const one of made) {
        const { wouldAlert } = await tryRule(one);
        const told = alerts.filter(({ ruleId }) => ruleId === one.id);
        const tried = wouldAlert.filter(({ suppressedByCooldown }) => !suppressedByCooldown);
        const toFacts = (all: readonly { eventId: string; frameId: string; label: string; score: number; capturedAt: Date }[]) =>
          all.map(({ eventId, frameId, label, score, capturedAt }) => ({ eventId, frameId, label, score, capturedAt }))
            .toSorted((a, b) => a.capturedAt.getTime() - b.capturedAt.getTime() || (a.eventId < b.eventId ? -1 : 1));
        expect(toFacts(tried)).toEqual(toFacts(told));
      }
    }); // prettier-ignore
    await fc.assert(property, { numRuns: 5 });
  });
});
