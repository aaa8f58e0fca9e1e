import { z } from '@hono/zod-openapi';
import { NightjarError } from '../../lib/errors.ts';
import { newId } from '../../lib/id.ts';
import type { RuleTrial, TrialAlert, TrialSpan } from '../../model/alert.ts';
import { alertSchema, toTime } from '../../model/wire.ts';
import { route } from '../access.ts';
import type { ApiOptions } from '../options.ts';
import { bodyOf, invalid, json, notFound, problem, seenFilters, uuidParams, type ApiApp } from '../route-parts.ts';
import { assertNamed } from './rule-checks.ts';
import { ruleDraftSchema, toRule } from './rule-schema.ts';
import { readRule } from './rules.ts';

const DAY_MS = 86_400_000;
const DAYS_DEFAULT = 7;
const DAYS_MAX = 90;
const tags = ['rules'];
const count = z.int().min(0);

const trialSchema = z
  .object({
    since: z.string().openapi({ format: 'date-time' }),
    until: z.string().openapi({ format: 'date-time' }),
    events_examined: count,
    would_alert: z
      .array(
        alertSchema
          .pick({ event_id: true, camera_id: true, frame_id: true, captured_at: true, label: true, score: true, zone_ids: true, risk_score: true })
          .extend({ suppressed_by_cooldown: z.boolean() }),
      )
      .openapi({ description: 'the first 200, oldest first' }),
    total: count.openapi({ description: 'events that match, those within the cool-down included' }),
    suppressed_by_cooldown: count,
    truncated: z.boolean().openapi({ description: 'whether `would_alert` leaves some of them out' }),
    stopped_at: z
      .string()
      .nullable()
      .openapi({ format: 'date-time', description: 'the start of the last event that was examined, where there were more than 10,000, or than 10 s are enough for; null when all were' }),
  })
  .openapi('RuleTrial'); // prettier-ignore

const span = {
  since: seenFilters.since.openapi({ description: 'events that began then or later; 7 days before `until` when not given' }),
  until: seenFilters.until.openapi({ description: 'and before then; now when not given. At most 90 days in all' }),
}; // prettier-ignore
const found = json(trialSchema, 'what it would have told of');
const busy = { 503: problem('two are being tried already') };
const limits =
  "Cool-downs included, by the risk that events have today and by the zones of today, as if the rule had been enabled all the time. What did not count when it was seen is in no event, and stays out, though today's zones would let it count.";

const test = route('admin', {
  method: 'post',
  path: '/api/rules/{id}/test',
  tags,
  description: `Applies the rule, enabled or not, to past events. ${limits}`,
  request: {
    params: uuidParams,
    body: { content: { 'application/json': { schema: z.strictObject(span).openapi('RuleTest') } } },
  },
  responses: { 200: found, ...invalid, ...notFound, ...busy },
});
const testDraft = route('admin', {
  method: 'post',
  path: '/api/rules/test',
  tags,
  description: `Applies a rule that is not stored to past events. ${limits}`,
  request: { body: bodyOf(z.strictObject({ ...span, rule: ruleDraftSchema }).openapi('RuleDraftTest')) },
  responses: { 200: found, ...invalid, ...busy },
});

/** What a rule would have made of the past: for whoever writes one. Nothing is stored, nothing is told. */
export function addRuleTests(app: ApiApp, { db, clock, tryRule }: Pick<ApiOptions, 'db' | 'clock' | 'tryRule'>): void {
  app.openapi(test, async (c) => {
    const within = toSpan(c.req.valid('json'), clock.nowMs());
    const rule = await readRule(db, c.req.valid('param').id);
    return c.json(toTrialWire(await tryRule(rule, within), within), 200);
  });

  app.openapi(testDraft, async (c) => {
    const { rule: given, ...asked } = c.req.valid('json');
    const within = toSpan(asked, clock.nowMs());
    const rule = toRule(given, { id: newId(), createdAt: new Date(clock.nowMs()) });
    await db.query((sql) => assertNamed(sql, { rule, given, place: 'body.rule' }));
    return c.json(toTrialWire(await tryRule(rule, within), within), 200);
  });
}

function toSpan(asked: { readonly since?: Date | undefined; readonly until?: Date | undefined }, nowMs: number) {
  const until = asked.until ?? new Date(nowMs);
  const since = asked.since ?? new Date(until.getTime() - DAYS_DEFAULT * DAY_MS);
  if (since >= until) throw fault('must be before `until`');
  if (until.getTime() - since.getTime() > DAYS_MAX * DAY_MS)
    throw fault(`must be at most ${DAYS_MAX} days before \`until\``);
  return { since, until };
}

const fault = (message: string): NightjarError =>
  new NightjarError('invalid', `body.since: ${message}`, { faults: [{ path: 'body.since', message }] });

const toTrialWire = (trial: RuleTrial, { since, until }: TrialSpan) => ({
  since: toTime(since),
  until: toTime(until),
  events_examined: trial.eventsExamined,
  would_alert: trial.wouldAlert.map(toTrialAlertWire),
  total: trial.total,
  suppressed_by_cooldown: trial.suppressed,
  truncated: trial.truncated,
  stopped_at: trial.stoppedAt && toTime(trial.stoppedAt),
});

const toTrialAlertWire = (alert: TrialAlert) => ({
  event_id: alert.eventId,
  camera_id: alert.cameraId,
  frame_id: alert.frameId,
  captured_at: toTime(alert.capturedAt),
  label: alert.label,
  score: alert.score,
  zone_ids: [...alert.zoneIds],
  risk_score: alert.riskScore,
  suppressed_by_cooldown: alert.suppressedByCooldown,
});
