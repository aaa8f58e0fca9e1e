import { eq } from 'drizzle-orm';
import { z } from '@hono/zod-openapi';
import { tables, type Tx } from '../../db/index.ts';
import type { Alert } from '../../model/alert.ts';
import { riskLevels } from '../../model/index.ts';
import { alertSchema, toAlertWire } from '../../model/wire.ts';
import { route } from '../access.ts';
import { recordChange } from '../audit-log.ts';
import type { ApiOptions } from '../options.ts';
import { readAlerts } from '../lists/alert-list.ts';
import { cameraIdsFor } from '../lists/seen.ts';
import { pageOf, pageQuery } from '../pagination.ts';
import { bodyOf, flag, invalid, json, notFound, seenFilters, uuidParams, type ApiApp } from '../route-parts.ts';
import { assertVisible } from '../visible.ts';

const { alerts } = tables;
const tags = ['alerts'];
const NO_ALERT = 'there is no alert with this id';

const filters = z.strictObject({
  ...pageQuery,
  ...seenFilters,
  rule_id: z.uuid().optional(),
  event_id: z.uuid().optional(),
  acknowledged: flag.optional(),
  risk_level: z.enum(riskLevels).optional(),
});

const list = route('viewer', {
  method: 'get',
  path: '/api/alerts',
  tags,
  description: '`since` and `until` are about when the alert was made.',
  request: { query: filters },
  responses: { 200: json(pageOf(alertSchema), 'alerts, newest first'), ...invalid },
});
const get = route('viewer', {
  method: 'get',
  path: '/api/alerts/{id}',
  tags,
  request: { params: uuidParams },
  responses: { 200: json(alertSchema, 'the alert'), ...notFound },
});
const patch = route('admin', {
  method: 'patch',
  path: '/api/alerts/{id}',
  tags,
  description:
    'Says that somebody has seen to it, or takes that back. An acknowledged alert stays as it was seen; taken back, it says what its event says by now.',
  request: { params: uuidParams, body: bodyOf(z.strictObject({ acknowledged: z.boolean() }).openapi('AlertPatch')) },
  responses: { 200: json(alertSchema, 'the alert as it is now'), ...invalid, ...notFound },
});

/** What rules have told of. */
export function addAlerts(app: ApiApp, { db, transact }: Pick<ApiOptions, 'db' | 'transact'>): void {
  app.openapi(list, async (c) => {
    const { camera_id, rule_id, event_id, acknowledged, risk_level, since, until, ...page } = c.req.valid('query');
    const cameraIds = cameraIdsFor(c, camera_id);
    const asked = { ruleId: rule_id, eventId: event_id, acknowledged, riskLevel: risk_level, since, until };
    const { rows, ...rest } = await db.read((orm) => readAlerts(orm, { cameraIds, ...asked }, page));
    return c.json({ items: rows.map(toAlertWire), ...rest }, 200);
  });

  app.openapi(get, async (c) => {
    const { id } = c.req.valid('param');
    const [row] = await db.read((orm) => orm.select().from(alerts).where(eq(alerts.id, id)));
    return c.json(toAlertWire(assertVisible(c, row, NO_ALERT)), 200);
  });

  app.openapi(patch, async (c) => {
    const { id } = c.req.valid('param');
    const { acknowledged } = c.req.valid('json');
    const changed = await transact(async (tx, say) => {
      // Events come before alerts, in every transaction; and an analysis of it must not come in between.
      await tx`select from events where id = (select event_id from alerts where id = ${id}) for share`;
      const [row] = await tx<Alert[]>`select * from alerts where id = ${id} for update`;
      const before = assertVisible(c, row, NO_ALERT);
      // Whoever was first stays the one who did.
      if (acknowledged === (before.acknowledgedAt !== null)) return toAlertWire(before);
      const now = await (acknowledged ? acknowledge(tx, id, c.get('identity').name) : takeBack(tx, id));
      const wire = toAlertWire(assertVisible(c, now, NO_ALERT));
      await recordChange(tx, c, { action: 'alert.updated', targetId: id, before: toAlertWire(before), after: wire });
      say({ type: 'alert.updated', data: wire });
      return wire;
    });
    return c.json(changed, 200);
  });
}

async function acknowledge(tx: Tx, id: string, by: string): Promise<Alert | undefined> {
  const [alert] = await tx<Alert[]>`
    update alerts set acknowledged_at = now(), acknowledged_by = ${by} where id = ${id} returning *`;
  return alert;
}

/** While it was acknowledged it did not follow its event. */
async function takeBack(tx: Tx, id: string): Promise<Alert | undefined> {
  const [alert] = await tx<Alert[]>`
    update alerts set acknowledged_at = null, acknowledged_by = null, risk_score = events.risk_score,
      risk_level = events.risk_level, summary = events.summary
    from events where alerts.id = ${id} and events.id = alerts.event_id returning alerts.*`;
  return alert;
}
