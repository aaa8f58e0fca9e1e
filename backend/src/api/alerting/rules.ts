import { eq } from 'drizzle-orm';
import { z } from '@hono/zod-openapi';
import { tables, type Database, type Tx } from '../../db/index.ts';
import { lockRules } from '../../db/rule-lock.ts';
import { NightjarError } from '../../lib/errors.ts';
import { newId } from '../../lib/id.ts';
import type { Rule } from '../../model/alert.ts';
import { route } from '../access.ts';
import { recordChange } from '../audit-log.ts';
import { createOnce } from '../create-once.ts';
import type { ApiOptions } from '../options.ts';
import { readPage } from '../lists/read-page.ts';
import { pageOf, pageQuery } from '../pagination.ts';
import { bodyOf, conflict, idempotencyHeaders, invalid, json, notFound, otherRequest, uuidParams, type ApiApp } from '../route-parts.ts'; // prettier-ignore
import { assertNamed } from './rule-checks.ts';
import { ruleCreateSchema, rulePatchSchema, ruleSchema, toRule, toRuleInput, toRuleWire, type RuleInput, type RulePatch } from './rule-schema.ts'; // prettier-ignore

const { rules } = tables;
/** All of them are read for each transaction that stores frames. */
const RULES_MAX = 200;
const tags = ['rules'];
const one = json(ruleSchema, 'the rule');

const list = route('admin', {
  method: 'get',
  path: '/api/rules',
  tags,
  description: 'What alerts are made of.',
  request: { query: z.strictObject(pageQuery) },
  responses: { 200: json(pageOf(ruleSchema), 'rules, newest first'), ...invalid },
}); // prettier-ignore
const get = route('admin', {
  method: 'get',
  path: '/api/rules/{id}',
  tags,
  request: { params: uuidParams },
  responses: { 200: one, ...notFound },
});
const create = route('admin', {
  method: 'post',
  path: '/api/rules',
  tags,
  description: 'It looks at what comes from then on; `/api/rules/{id}/test` tells what it would have made of the past.',
  request: { headers: idempotencyHeaders, body: bodyOf(ruleCreateSchema) },
  responses: { 201: one, ...invalid, ...otherRequest, 409: { ...conflict[409], description: 'there are as many rules as there may be' } },
}); // prettier-ignore
const patch = route('admin', {
  method: 'patch',
  path: '/api/rules/{id}',
  tags,
  request: { params: uuidParams, body: bodyOf(rulePatchSchema) },
  responses: { 200: one, ...invalid, ...notFound },
});
const remove = route('admin', {
  method: 'delete',
  path: '/api/rules/{id}',
  tags,
  description: 'Its alerts stay, with its name.',
  request: { params: uuidParams, query: z.strictObject({}) },
  responses: { 204: { description: 'deleted' }, ...invalid, ...notFound },
});

/** The rules of alerts: what somebody wants to be told of, when, and where. */
export function addRules(app: ApiApp, { db, transact, clock }: Pick<ApiOptions, 'db' | 'transact' | 'clock'>): void {
  app.openapi(list, async (c) => {
    const source = { table: rules, at: rules.createdAt, id: rules.id, held: [], span: {} };
    const { rows, ...page } = await db.read((orm) => readPage(orm, source, c.req.valid('query')));
    return c.json({ items: rows.map(toRuleWire), ...page }, 200);
  });

  app.openapi(get, async (c) => c.json(toRuleWire(await readRule(db, c.req.valid('param').id)), 200));

  app.openapi(create, async (c) => {
    const input = c.req.valid('json');
    const rule = toRule(input, { id: newId(), createdAt: new Date(clock.nowMs()) });
    const { body, headers } = await createOnce(c, {
      transact,
      create: async (tx) => {
        await assertRoom(tx);
        await assertNamed(tx, { rule, given: input, place: 'body' });
        const wire = toRuleWire(await writeRule(tx, rule));
        await recordChange(tx, c, { action: 'rule.created', targetId: wire.id, before: null, after: wire });
        return { body: wire, location: `/api/rules/${wire.id}` };
      },
    });
    return c.json(body, 201, headers);
  });

  app.openapi(patch, async (c) => {
    const { id } = c.req.valid('param');
    const given = c.req.valid('json');
    const changed = await db.transaction(async (tx) => {
      const rule = await lockRule(tx, id);
      const patched = toPatched(rule, given);
      await assertNamed(tx, { rule: patched, given, place: 'body' });
      const wire = toRuleWire(await writeRule(tx, patched));
      await recordChange(tx, c, { action: 'rule.updated', targetId: id, before: toRuleWire(rule), after: wire });
      return wire;
    });
    return c.json(changed, 200);
  }); // prettier-ignore

  app.openapi(remove, async (c) => {
    const { id } = c.req.valid('param');
    await db.transaction(async (tx) => {
      await lockRules(tx);
      const rule = await lockRule(tx, id);
      await tx`delete from rules where id = ${id}`;
      await recordChange(tx, c, { action: 'rule.deleted', targetId: id, before: toRuleWire(rule), after: null });
    });
    return c.body(null, 204);
  });
}

/** Throws `not_found`. */
export async function readRule(db: Database, id: string): Promise<Rule> {
  const [row] = await db.read((orm) => orm.select().from(rules).where(eq(rules.id, id)));
  return row ?? throwNoRule();
}

async function lockRule(tx: Tx, id: string): Promise<Rule> {
  const [row] = await tx<Rule[]>`select * from rules where id = ${id} for no key update`;
  return row ?? throwNoRule();
}

const throwNoRule = (): never => {
  throw new NightjarError('not_found', 'there is no rule with this id');
};

/** A field that is given is never undefined, whatever its type says: JSON does not know that. */
const toPatched = (rule: Rule, given: RulePatch): Rule => toRule({ ...toRuleInput(rule), ...given } as RuleInput, rule);

async function assertRoom(tx: Tx): Promise<void> {
  await lockRules(tx); // so that of two, each of which would be the last, one is counted by the other
  const [held] = await tx<{ count: number }[]>`select count(*) from rules`;
  if (held && held.count >= RULES_MAX)
    throw new NightjarError('conflict', `there are ${RULES_MAX} rules already, and no more are allowed`);
}

async function writeRule(tx: Tx, rule: Rule): Promise<Rule> {
  const [row] = await tx<Rule[]>`
    insert into rules (id, name, enabled, labels, camera_ids, zone_ids, score_min, risk_min, schedule, cooldown_s, channel_ids,
      created_at)
    values (${rule.id}, ${rule.name}, ${rule.enabled}, ${[...rule.labels]}::text[], ${[...rule.cameraIds]}::text[],
      ${[...rule.zoneIds]}::uuid[], ${rule.scoreMin}, ${rule.riskMin}, ${rule.schedule && JSON.stringify(rule.schedule)}::text::jsonb,
      ${rule.cooldownS}, ${[...rule.channelIds]}::uuid[], ${rule.createdAt})
    on conflict (id) do update set name = excluded.name, enabled = excluded.enabled, labels = excluded.labels,
      camera_ids = excluded.camera_ids, zone_ids = excluded.zone_ids, score_min = excluded.score_min,
      risk_min = excluded.risk_min, schedule = excluded.schedule, cooldown_s = excluded.cooldown_s,
      channel_ids = excluded.channel_ids
    returning *`;
  return row ?? throwNoRule();
}
