import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from '@hono/zod-openapi';
import { createCleanups } from '../../../tests/harness/cleanups.ts';
import { createTestDatabase, type TestDatabase } from '../../../tests/harness/database.ts';
import { eventually } from '../../../tests/harness/eventually.ts';
import { holdRules } from '../../db/rule-lock.ts';
import { newId } from '../../lib/id.ts';
import { seedCamera, seedDetection, seedEvent, seedFrame, seedTime } from '../tests/seed.ts';
import { startTestApi, type TestApi } from '../tests/test-api.ts';
import { heldBy, seedAlert, seedChannel, seedZone } from './test-alerting.ts';

let db: TestDatabase;
let api: TestApi;
const cleanups = createCleanups();
beforeAll(async () => {
  db = await createTestDatabase();
  api = await startTestApi(db);
  await seedCamera(db, 'yard');
  await seedCamera(db, 'door', seedTime(1));
});
afterEach(async () => {
  await cleanups.run();
  await db.query((sql) => sql`truncate rules, zones, channels, events, frames, audit cascade`);
});
afterAll(async () => {
  await api.close();
  await db.close();
});

const ruleSchema = z.looseObject({ id: z.uuid() });
async function createRule(body: object = {}, on = api): Promise<z.infer<typeof ruleSchema>> {
  const response = await on.sendJson('POST', '/api/rules', { name: 'People', ...body });
  const rule: unknown = await response.json();
  if (response.status !== 201) throw new Error(JSON.stringify(rule));
  return ruleSchema.parse(rule);
}
async function faultsOf(response: Response): Promise<readonly string[]> {
  expect(response.status).toBe(400);
  const { errors } = z.object({ errors: z.array(z.object({ path: z.string(), message: z.string() })) }).parse(await response.json()); // prettier-ignore
  return errors.map(({ path, message }) => `${path}: ${message}`);
}

const night = { time_zone: 'Europe/Berlin', windows: [{ days: ['mon', 'sun'], from: '22:00', until: '06:00' }] };

describe('rules', () => {
  it('are made with defaults, shown, changed and deleted, and every change is written down', async () => {
    const response = await api.sendJson('POST', '/api/rules', { name: 'People' });
    expect(response.status).toBe(201);
    const rule = ruleSchema.parse(await response.json());
    expect(response.headers.get('location')).toBe(`/api/rules/${rule.id}`);
    const plain = { labels: [], camera_ids: [], zone_ids: [], channel_ids: [], score_min: 0, risk_min: 0, schedule: null };
    expect(rule).toEqual({ ...plain, id: rule.id, name: 'People', enabled: true, cooldown_s: 60, created_at: rule['created_at'] });
    expect(await api.get(`/api/rules/${rule.id}`)).toEqual(rule);
    expect(await api.get('/api/rules?count=true')).toEqual({ items: [rule], next_cursor: null, total: 1 });

    const changes = { enabled: false, labels: ['person', 'ca"r\\'], score_min: 0.7, schedule: night, cooldown_s: 0 };
    const changed = await api.sendJson('PATCH', `/api/rules/${rule.id}`, changes);
    expect([changed.status, await changed.json()]).toEqual([200, { ...rule, ...changes }]);
    expect(await api.get(`/api/rules/${rule.id}`)).toEqual({ ...rule, ...changes });
    const always = await api.sendJson('PATCH', `/api/rules/${rule.id}`, { schedule: null });
    expect(await always.json()).toEqual({ ...rule, ...changes, schedule: null });

    expect((await api.send(`/api/rules/${rule.id}`, { method: 'DELETE' })).status).toBe(204);
    for (const method of ['GET', 'DELETE']) expect((await api.send(`/api/rules/${rule.id}`, { method })).status).toBe(404);
    const audit = await db.query((sql) => sql`select action, target_id, before ->> 'enabled' as was, after ->> 'enabled' as is from audit order by at`);
    expect(audit.map(({ action, targetId, was, is }) => [action, targetId, was, is] as unknown)).toEqual([
      ['rule.created', rule.id, null, 'true'],
      ['rule.updated', rule.id, 'true', 'false'],
      ['rule.updated', rule.id, 'false', 'false'],
      ['rule.deleted', rule.id, 'false', null],
    ]);
  }); // prettier-ignore

  it('keep six digits of a score, as detections do', async () => {
    const make = async (score_min: number) => (await api.sendJson('POST', '/api/rules', { name: 'few', score_min })).json();
    expect(await Promise.all([1e-101, 0.123456789, 1].map(make))).toMatchObject([{ score_min: 0 }, { score_min: 0.123457 }, { score_min: 1 }]);
  }); // prettier-ignore

  it.each<[string, object, string]>([
    ['a name', { name: ' ' }, 'body.name: must not be blank'],
    ['a name for people', { name: 'a\u202eb' }, 'body.name: must not hold control characters'],
    ['a label once', { labels: ['cat', 'cat'] }, 'body.labels: must not name anything twice'],
    ['a score', { score_min: 1.1 }, 'body.score_min: '],
    ['a risk', { risk_min: 0.5 }, 'body.risk_min: '],
    ['a cool-down of a week at most', { cooldown_s: 604_801 }, 'body.cooldown_s: '],
    ['a zone of time', { schedule: { ...night, time_zone: 'Mars/Olympus' } }, 'body.schedule.time_zone: must be a time zone'],
    ['a name of a zone', { schedule: { ...night, time_zone: '+02:00' } }, 'body.schedule.time_zone: must be the name of'],
    ['a window', { schedule: { ...night, windows: [] } }, 'body.schedule.windows: '],
    ['a day', { schedule: { ...night, windows: [{ ...night.windows[0], days: [] }] } }, 'body.schedule.windows.0.days: '],
    ['days of the week', { schedule: { ...night, windows: [{ ...night.windows[0], days: ['monday'] }] } }, 'body.schedule.windows.0.days.0: '],
    ['times of day', { schedule: { ...night, windows: [{ ...night.windows[0], until: '24:00' }] } }, 'body.schedule.windows.0.until: must be a time of day'],
    ['a known field', { zones: [] }, 'body.zones: is not known here'],
    ['a known camera', { camera_ids: ['yard', 'moon'] }, 'body.camera_ids.1: there is no camera "moon"'],
    ['a known zone', { zone_ids: [newId()] }, 'body.zone_ids.0: there is no zone with this id'],
    ['a known channel', { channel_ids: [newId()] }, 'body.channel_ids.0: there is no channel with this id'],
  ])('need %s', async (_what, body, expected) => {
    const faults = await faultsOf(await api.sendJson('POST', '/api/rules', { name: 'People', ...body }));
    expect(faults).toContainEqual(expect.stringContaining(expected));
    const { id } = await createRule();
    expect(await faultsOf(await api.sendJson('PATCH', `/api/rules/${id}`, body))).toEqual(expect.arrayContaining([...faults]));
  }); // prettier-ignore

  it('name zones of their own cameras', async () => {
    const [ofYard, ofDoor] = [await seedZone(db, 'yard'), await seedZone(db, 'door')];
    const both = { name: 'Gates', camera_ids: ['yard'], zone_ids: [ofYard, ofDoor] };
    expect(await faultsOf(await api.sendJson('POST', '/api/rules', both))).toEqual([
      'body.zone_ids.1: is a zone of the camera "door", which camera_ids leaves out',
    ]);
    const { id } = await createRule({ zone_ids: [ofYard] });
    expect(await faultsOf(await api.sendJson('PATCH', `/api/rules/${id}`, { camera_ids: ['door'] }))).toEqual([
      'body.camera_ids: leaves out the camera "yard", which zone_ids has a zone of',
    ]);
    expect((await api.sendJson('PATCH', `/api/rules/${id}`, { camera_ids: ['door'], zone_ids: [ofDoor] })).status).toBe(200);
  }); // prettier-ignore

  it('name zones in which they can match', async () => {
    const ignore = await seedZone(db, 'yard', { kind: 'ignore' });
    const cars = await seedZone(db, 'yard', { labels: ['car', 'truck'] });
    const off = await seedZone(db, 'yard', { labels: ['person'], enabled: false });
    const impossible = { name: 'People', labels: ['person'], zone_ids: [ignore, cars, off] };
    expect(await faultsOf(await api.sendJson('POST', '/api/rules', impossible))).toEqual([
      'body.zone_ids.0: is a zone of the kind ignore: what stands in it never counts',
      'body.zone_ids.1: is about car, truck alone, which labels leaves out',
    ]);
    expect(await faultsOf(await api.sendJson('POST', '/api/rules/test', { rule: { zone_ids: [ignore] } }))).toEqual([
      'body.rule.zone_ids.0: is a zone of the kind ignore: what stands in it never counts',
    ]);
    const { id } = await createRule({ zone_ids: [cars] });
    const patch = (body: object) => api.sendJson('PATCH', `/api/rules/${id}`, body);
    expect(await faultsOf(await patch({ labels: ['person'] }))).toEqual([
      'body.labels: leaves out car, truck, which the zone "Gate" of zone_ids is about alone',
    ]);
    expect((await patch({ labels: ['person', 'truck'] })).status).toBe(200);
    expect((await patch({ labels: ['person'], zone_ids: [off] })).status).toBe(200);
    // What became of a zone later is in nobody's way.
    await db.query((sql) => sql`update zones set kind = 'ignore', labels = '{cat}'`);
    expect((await patch({ name: 'Still' })).status).toBe(200);
  });

  it('keep what they name when it is deleted: a zone that is gone is not everywhere', async () => {
    const zone = await seedZone(db, 'yard');
    const channel = await seedChannel(db);
    await seedCamera(db, 'shed');
    const named = { camera_ids: ['shed', 'yard'], zone_ids: [zone], channel_ids: [channel] };
    const { id } = await createRule(named);
    await db.query((sql) => sql`delete from zones`);
    await db.query((sql) => sql`delete from channels`);
    await db.query((sql) => sql`delete from cameras where id = 'shed'`);
    expect(await api.get(`/api/rules/${id}`)).toMatchObject(named);
    expect((await api.sendJson('PATCH', `/api/rules/${id}`, { name: 'Still' })).status).toBe(200);
    expect(await api.get(`/api/rules/${id}`)).toMatchObject({ ...named, name: 'Still' });
    expect(await faultsOf(await api.sendJson('PATCH', `/api/rules/${id}`, named))).toHaveLength(3);
  });

  it('are made once for each Idempotency-Key, also when what they name is gone by then', async () => {
    const body = JSON.stringify({ name: 'Bell', channel_ids: [await seedChannel(db)], zone_ids: [await seedZone(db, 'yard')] });
    const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': newId() };
    const create = async () => {
      const response = await api.send('/api/rules', { method: 'POST', body, headers });
      return { status: response.status, rule: await response.json() };
    };
    const first = await create();
    await db.query((sql) => sql`delete from zones`);
    await db.query((sql) => sql`delete from channels`);
    expect(first.status).toBe(201);
    expect(await create()).toEqual(first);
    expect(await api.get('/api/rules?count=true')).toMatchObject({ total: 1 });
  }); // prettier-ignore

  it('are 200 at most', async () => {
    await db.query((sql) => sql`
      insert into rules (id, name, labels, camera_ids, zone_ids, score_min, risk_min, cooldown_s, channel_ids)
      select gen_random_uuid(), n::text, '{}', '{}', '{}', 0, 0, 0, '{}' from generate_series(1, 199) as n`); // prettier-ignore
    const responses = await Promise.all([1, 2, 3].map(() => api.sendJson('POST', '/api/rules', { name: 'One more' })));
    expect(responses.map(({ status }) => status).toSorted()).toEqual([201, 409, 409]);
  });

  it('leave their alerts behind', async () => {
    const { id } = await createRule();
    const frameId = await seedFrame(db, { cameraId: 'yard', capturedAt: seedTime(0) });
    const eventId = await seedEvent(db, { cameraId: 'yard', bestFrameId: frameId, startedAt: seedTime(0) });
    const alertId = await seedAlert(db, { eventId, frameId, cameraId: 'yard', second: 0, ruleId: id });
    expect(await api.get(`/api/alerts/${alertId}`)).toMatchObject({ rule_id: id });
    await api.send(`/api/rules/${id}`, { method: 'DELETE' });
    expect(await api.get(`/api/alerts/${alertId}`)).toMatchObject({ rule_id: null, rule_name: 'People' });
  });

  it('are not deleted while a transaction makes alerts of them', async () => {
    const { id } = await createRule();
    const frameId = await seedFrame(db, { cameraId: 'yard', capturedAt: seedTime(0) });
    const eventId = await seedEvent(db, { cameraId: 'yard', bestFrameId: frameId, startedAt: seedTime(0) });
    let removing: Promise<Response> | undefined;
    const readWaiting = () =>
      db.query((sql) => sql`
        select pid from pg_locks join pg_database on pg_database.oid = pg_locks.database
        where datname = current_database() and locktype = 'advisory' and not granted`);
    await db.transaction(async (tx) => {
      expect(await holdRules(tx)).toMatchObject([{ id }]);
      removing = api.send(`/api/rules/${id}`, { method: 'DELETE' });
      await eventually(async () => (await readWaiting()).length === 1, { what: 'the deletion waits', withinMs: 5_000 });
      await tx`
        insert into alerts (id, rule_id, rule_name, event_id, camera_id, frame_id, captured_at, created_at, label, score, zone_ids,
          risk_score, risk_level, summary)
        values (gen_random_uuid(), ${id}, 'People', ${eventId}, 'yard', ${frameId}, now(), now(), 'person', 1, '{}', 1, 'low', '')`;
    });
    expect((await removing)?.status).toBe(204);
    expect(await api.get('/api/alerts')).toMatchObject({ items: [{ rule_id: null, event_id: eventId }] });
  }); // prettier-ignore

  it('are for admins', async () => {
    const viewer = await startTestApi(db, heldBy({ role: 'viewer', cameraIds: null }));
    cleanups.add(() => viewer.close());
    const { id } = await createRule();
    for (const [method, path] of [['GET', '/api/rules'], ['GET', `/api/rules/${id}`], ['DELETE', `/api/rules/${id}`]] as const)
      expect((await viewer.send(path, { method })).status).toBe(403);
    for (const [method, path] of [['POST', '/api/rules'], ['PATCH', `/api/rules/${id}`], ['POST', `/api/rules/${id}/test`], ['POST', '/api/rules/test']] as const)
      expect((await viewer.sendJson(method, path, { name: 'Mine' })).status).toBe(403);
  }); // prettier-ignore
});

describe('a trial', () => {
  const today = new Date(Date.now() - 3_600_000);
  /** Three figures in the zone, and one that is not. */
  async function seedPast(): Promise<string> {
    const old = new Date(Date.now() - 30 * 86_400_000);
    const seen = [
      { capturedAt: today, isInZone: true },
      { capturedAt: new Date(today.getTime() + 40_000), isInZone: true },
      { capturedAt: new Date(today.getTime() + 80_000), isInZone: false },
      { capturedAt: old, isInZone: true },
    ];
    let first = '';
    for (const { capturedAt, isInZone } of seen) {
      const cameraId = 'yard';
      const frameId = await seedFrame(db, { cameraId, capturedAt });
      const eventId = await seedEvent(db, { cameraId, bestFrameId: frameId, startedAt: capturedAt });
      const id = await seedDetection(db, { frameId, eventId, cameraId, capturedAt });
      await db.query((sql) => sql`update detections set x = ${isInZone ? 600 : 10} where id = ${id}`);
      first ||= eventId;
    }
    return first;
  }

  it('of a stored rule tells what it would have told of in the last seven days', async () => {
    const eventId = await seedPast();
    const zone = await seedZone(db, 'yard');
    const { id } = await createRule({ zone_ids: [zone], enabled: false });
    const response = await api.send(`/api/rules/${id}/test`, { method: 'POST' });
    expect(response.status).toBe(200);
    const trial = (await response.json()) as { would_alert: unknown[] };
    expect(trial).toMatchObject({ events_examined: 3, total: 2, suppressed_by_cooldown: 1, truncated: false, stopped_at: null });
    expect(trial.would_alert).toMatchObject([
      { event_id: eventId, camera_id: 'yard', captured_at: today.toISOString(), label: 'person', score: 0.9, risk_score: 20, zone_ids: [zone], suppressed_by_cooldown: false },
      { suppressed_by_cooldown: true },
    ]);
    const longer = { since: new Date(Date.now() - 31 * 86_400_000).toISOString() };
    expect(await (await api.sendJson('POST', `/api/rules/${id}/test`, longer)).json()).toMatchObject({ events_examined: 4, total: 3 });
  }); // prettier-ignore

  it('of a rule that is not stored does the same', async () => {
    await seedPast();
    const draft = { rule: { cooldown_s: 0 }, until: new Date(today.getTime() + 80_000).toISOString() };
    const response = await api.sendJson('POST', '/api/rules/test', draft);
    expect([response.status, await response.json()]).toMatchObject([200, { events_examined: 2, total: 2, suppressed_by_cooldown: 0 }]);
    expect(await faultsOf(await api.sendJson('POST', '/api/rules/test', { rule: { camera_ids: ['moon'] } }))).toEqual([
      'body.rule.camera_ids.0: there is no camera "moon"',
    ]);
    expect(await api.get('/api/rules')).toMatchObject({ items: [] });
  }); // prettier-ignore

  it.each([
    [{ since: '2025-06-02T00:00:00Z', until: '2025-06-02T00:00:00Z' }, 'body.since: must be before `until`'],
    [{ since: '2025-01-01T00:00:00Z', until: '2025-06-02T00:00:00Z' }, 'body.since: must be at most 90 days before `until`'],
    [{ since: 'yesterday' }, 'body.since: must be a time such as'],
  ])('has a span: %j', async (span, expected) => {
    const { id } = await createRule();
    expect(await faultsOf(await api.sendJson('POST', `/api/rules/${id}/test`, span))).toEqual([expect.stringContaining(expected)]);
  }); // prettier-ignore
});
