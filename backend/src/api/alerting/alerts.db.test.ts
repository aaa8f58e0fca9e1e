import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { z } from '@hono/zod-openapi';
import { createCleanups } from '../../../tests/harness/cleanups.ts';
import { createTestDatabase, type TestDatabase } from '../../../tests/harness/database.ts';
import { newId } from '../../lib/id.ts';
import { alertSchema } from '../../model/wire.ts';
import { seedCamera, seedEvent, seedFrame, seedTime } from '../tests/seed.ts';
import { startTestApi, type TestApi } from '../tests/test-api.ts';
import { heldBy, seedAlert } from './test-alerting.ts';

let db: TestDatabase;
let api: TestApi;
const cleanups = createCleanups();
const ids: string[] = [];
const eventIds: string[] = [];
beforeAll(async () => {
  db = await createTestDatabase();
  api = await startTestApi(db);
});
beforeEach(async () => {
  await db.query((sql) => sql`truncate cameras, audit cascade`);
  ids.length = eventIds.length = 0;
  for (const cameraId of ['yard', 'door']) await seedCamera(db, cameraId);
  for (const second of [0, 1, 2, 3]) {
    const place = { cameraId: second % 2 === 0 ? 'yard' : 'door', capturedAt: seedTime(second) };
    const frameId = await seedFrame(db, place);
    const eventId = await seedEvent(db, { ...place, bestFrameId: frameId, startedAt: place.capturedAt });
    const acknowledged = second === 3;
    eventIds.push(eventId);
    ids.push(await seedAlert(db, { ...place, eventId, frameId, second, acknowledged, riskLevel: second === 0 ? 'critical' : 'low' }));
  }
}); // prettier-ignore
afterEach(cleanups.run);
afterAll(async () => {
  await api.close();
  await db.close();
});

const pageSchema = z.object({ items: z.array(alertSchema), next_cursor: z.string().nullable() });
async function secondsOf(query: string, of = api): Promise<readonly number[]> {
  const { items } = pageSchema.parse(await of.get(`/api/alerts${query}`));
  return items.map(({ id }) => ids.indexOf(id));
}
async function openFor(role: 'admin' | 'viewer', cameraIds: readonly string[] | null): Promise<TestApi> {
  const other = await startTestApi(db, heldBy({ role, cameraIds }));
  cleanups.add(() => other.close());
  return other;
}

it('are listed newest first, by filters, page by page', async () => {
  expect(await secondsOf('')).toEqual([3, 2, 1, 0]);
  expect(await secondsOf('?camera_id=yard')).toEqual([2, 0]);
  expect(await secondsOf('?acknowledged=true')).toEqual([3]);
  expect(await secondsOf('?acknowledged=false')).toEqual([2, 1, 0]);
  expect(await secondsOf('?risk_level=critical')).toEqual([0]);
  expect(await secondsOf(`?event_id=${eventIds[1]}`)).toEqual([1]);
  expect(await secondsOf(`?rule_id=${newId()}`)).toEqual([]);
  expect(await secondsOf(`?since=${seedTime(1).toISOString()}&until=${seedTime(3).toISOString()}`)).toEqual([2, 1]);
  const first = pageSchema.parse(await api.get('/api/alerts?limit=3'));
  expect(await secondsOf(`?limit=3&cursor=${first.next_cursor}`)).toEqual([0]);
});

it('are acknowledged by name, once, and told', async () => {
  const path = `/api/alerts/${ids[0]}`;
  const response = await api.sendJson('PATCH', path, { acknowledged: true });
  const acknowledged = alertSchema.parse(await response.json());
  expect([response.status, acknowledged.acknowledged_by]).toEqual([200, 'ADMIN_API_KEY']);
  const other = await startTestApi(db, heldBy({ role: 'admin', cameraIds: null }));
  cleanups.add(() => other.close());
  expect(await (await other.sendJson('PATCH', path, { acknowledged: true })).json()).toEqual(acknowledged);
  expect(await api.get(path)).toEqual(acknowledged);
  expect([api.said.at(-1), other.said]).toEqual([{ type: 'alert.updated', data: acknowledged }, []]);

  const taken = await other.sendJson('PATCH', path, { acknowledged: false });
  expect(await taken.json()).toMatchObject({ acknowledged_at: null, acknowledged_by: null });
  expect(other.said).toMatchObject([{ type: 'alert.updated', data: { acknowledged_by: null } }]);
  const audit = await db.query((sql) => sql`select action, target_id, actor_name from audit order by at`);
  expect(audit).toEqual([
    { action: 'alert.updated', targetId: ids[0], actorName: 'ADMIN_API_KEY' },
    { action: 'alert.updated', targetId: ids[0], actorName: 'a limited key' },
  ]);
});

it('say what their event says by now, when an acknowledgement is taken back', async () => {
  const path = `/api/alerts/${ids[0]}`;
  const seen = alertSchema.parse(await (await api.sendJson('PATCH', path, { acknowledged: true })).json());
  const analyzed = { risk_score: 91, risk_level: 'critical', summary: 'Someone climbs the fence.' };
  await db.query((sql) => sql`update events set ${sql(analyzed)} where id = ${eventIds[0] ?? ''}`);
  expect(await api.get(path)).toEqual(seen);
  expect(await (await api.sendJson('PATCH', path, { acknowledged: true })).json()).toEqual(seen);
  await api.sendJson('PATCH', path, { acknowledged: false });
  expect(await api.get(path)).toEqual({ ...seen, ...analyzed, acknowledged_at: null, acknowledged_by: null });
  expect(api.said.at(-1)).toMatchObject({ type: 'alert.updated', data: analyzed });
});

it('are looked at by viewers, and acknowledged by admins', async () => {
  const viewer = await openFor('viewer', null);
  expect(await secondsOf('', viewer)).toEqual([3, 2, 1, 0]);
  expect((await viewer.sendJson('PATCH', `/api/alerts/${ids[0]}`, { acknowledged: true })).status).toBe(403);
});

it('of other cameras are not there for a key that is limited to some', async () => {
  const other = await openFor('admin', ['door']);
  expect(await secondsOf('', other)).toEqual([3, 1]);
  expect(await secondsOf('?camera_id=yard', other)).toEqual([]);
  expect((await other.send(`/api/alerts/${ids[0]}`)).status).toBe(404);
  expect((await other.sendJson('PATCH', `/api/alerts/${ids[0]}`, { acknowledged: true })).status).toBe(404);
  expect((await other.send(`/api/alerts/${ids[1]}`)).status).toBe(200);
  expect(await secondsOf('', await openFor('viewer', []))).toEqual([]);
});

it('are not there when they are not', async () => {
  expect((await api.send(`/api/alerts/${newId()}`)).status).toBe(404);
  expect((await api.sendJson('PATCH', `/api/alerts/${newId()}`, { acknowledged: true })).status).toBe(404);
  expect((await api.sendJson('PATCH', `/api/alerts/${ids[0]}`, {})).status).toBe(400);
});
