import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { systemClock } from '../lib/clock.ts';
import { toZoneWire, zoneSchema, type ZoneWire } from '../model/zone-wire.ts';
import type { Zone } from '../model/zone.ts';
import { createAuthenticator, type Identity } from './auth.ts';
import { seedCamera } from './tests/seed.ts';
import { startTestApi, TEST_KEY, type TestApi } from './tests/test-api.ts';

let db: TestDatabase;
let api: TestApi;
/** Who asks. */
let identity: Identity;

beforeAll(async () => {
  db = await createTestDatabase();
  const authenticator = createAuthenticator({ adminApiKey: TEST_KEY, clock: systemClock });
  api = await startTestApi(db, { authenticator: { ...authenticator, authenticateRequest: async () => identity } });
  for (const camera of ['yard', 'door', 'gone']) await seedCamera(db, camera);
});
beforeEach(async () => {
  identity = { role: 'admin', by: 'key', keyId: 'k1', name: 'Ada', cameraIds: null, sessionId: null, expiresAt: null };
  await db.query((sql) => sql`delete from zones`);
  await db.query((sql) => sql`delete from audit`);
});
afterAll(async () => {
  await api.close();
  await db.close();
});

const polygon = [[0, 0.5], [1, 0.5], [1, 1], [0, 1]]; // prettier-ignore
const drive = { name: 'Drive', kind: 'watch', polygon, labels: ['person', 'car'] };
const create = (body: unknown, camera = 'yard') => api.sendJson('POST', `/api/cameras/${camera}/zones`, body);
async function createZone(body: unknown = drive): Promise<ZoneWire> {
  const response = await create(body);
  expect(response.status).toBe(201);
  return zoneSchema.strict().parse(await response.json());
}
const pathOf = (zone: ZoneWire): string => `/api/cameras/yard/zones/${zone.id}`;
const readAudit = () =>
  db.query((sql) => sql`select actor_name, action, target_id, before, after from audit order by at, id`);

test('a zone is created, found, changed in what is given, and deleted; each change is in the audit', async () => {
  const response = await create(drive);
  const zone = zoneSchema.strict().parse(await response.json());
  expect(zone).toMatchObject({ ...drive, camera_id: 'yard', enabled: true });
  expect(response.headers.get('location')).toBe(pathOf(zone));
  expect(await api.get(pathOf(zone))).toEqual(zone);
  const triangle = polygon.slice(1);
  const patched = await api.sendJson('PATCH', pathOf(zone), { polygon: triangle, enabled: false });
  const after = zoneSchema.strict().parse(await patched.json());
  expect(after).toEqual({ ...zone, polygon: triangle, enabled: false });
  const renamed = { ...after, name: 'Drive 2', kind: 'ignore', labels: [] };
  expect(await (await api.sendJson('PATCH', pathOf(zone), { name: 'Drive 2', kind: 'ignore', labels: [] })).json()).toEqual(renamed); // prettier-ignore
  const [row] = await db.query((sql) => sql<Zone[]>`select * from zones`);
  expect(row && toZoneWire(row)).toEqual(renamed);
  expect((await api.send(pathOf(zone), { method: 'DELETE' })).status).toBe(204);
  expect((await api.send(pathOf(zone))).status).toBe(404);
  expect(await readAudit()).toEqual([
    { actorName: 'Ada', action: 'zone.created', targetId: zone.id, before: null, after: zone },
    { actorName: 'Ada', action: 'zone.updated', targetId: zone.id, before: zone, after },
    { actorName: 'Ada', action: 'zone.updated', targetId: zone.id, before: after, after: renamed },
    { actorName: 'Ada', action: 'zone.deleted', targetId: zone.id, before: renamed, after: null },
  ]);
});

test('the list has those of the camera, newest first, in pages', async () => {
  const zones = [];
  for (const name of ['a', 'b', 'c']) zones.unshift(await createZone({ ...drive, name }));
  expect(await api.get('/api/cameras/yard/zones?count=true')).toEqual({ items: zones, next_cursor: null, total: 3 });
  const page = (await api.get('/api/cameras/yard/zones?limit=2')) as { items: unknown; next_cursor: string };
  expect(page.items).toEqual(zones.slice(0, 2));
  expect(await api.get(`/api/cameras/yard/zones?cursor=${page.next_cursor}`)).toMatchObject({ items: zones.slice(2) });
  expect(await api.get('/api/cameras/door/zones')).toEqual({ items: [], next_cursor: null });
});

test.each([
  [{ polygon: [[0, 0], [1, 1], [1, 0], [0, 1]] }, 'body.polygon', 'must not cross'],
  [{ polygon: [[0, 0], [0.001, 0], [0, 0.001]] }, 'body.polygon', 'nearly no area'],
  [{ polygon: [...polygon, polygon[0]] }, 'body.polygon', 'leave it out'],
  [{ polygon: polygon.slice(2) }, 'body.polygon', '3'],
  [{ polygon: [[0, 0], [1, 0], [0.5, 1.01]] }, 'body.polygon.2.1', '1'],
  [{ polygon: [[0, 0], [1, 0], [-0.1, 1]] }, 'body.polygon.2.0', '0'],
  [{ polygon: [[0, 0], [1, 0], [0.5]] }, 'body.polygon.2', ''],
  [{ polygon: [[0, 0], [1, 0], [0, null]] }, 'body.polygon.2.1', 'number'],
  [{ polygon: '0,0 1,1' }, 'body.polygon', 'array'],
  [{ kind: 'mask' }, 'body.kind', 'watch'],
  [{ labels: ['car', 'car'] }, 'body.labels', 'twice'],
  [{ labels: [''] }, 'body.labels.0', ''],
  [{ name: 'Drive\n' }, 'body.name', 'control'],
  [{ name: 'a'.repeat(101) }, 'body.name', '100'],
  [{ id: 'x' }, 'body.id', 'not known'],
])('%j is refused', async (change, path, message) => {
  const response = await create({ ...drive, ...change });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ errors: [{ path, message: expect.stringContaining(message) as string }] });
}); // prettier-ignore

test('a number that is too large for one, too much of anything, an empty change: refused, and nothing changed', async () => {
  const zone = await createZone();
  const text = JSON.stringify(drive).replace('0.5', '1e999');
  const headers = { 'Content-Type': 'application/json' };
  expect((await api.send('/api/cameras/yard/zones', { method: 'POST', body: text, headers })).status).toBe(400);
  const crossed = [[0, 0], [1, 1], [1, 0], [0, 1]]; // prettier-ignore
  const corners = Array.from({ length: 20_000 }, (_, n) => [n / 20_000, 0.5]);
  const labels = Array.from({ length: 101 }, (_, n) => `l${n}`);
  for (const wrong of [{}, { polygon: crossed }, { polygon: corners }, { labels }, { camera_id: 'door' }])
    expect((await api.sendJson('PATCH', pathOf(zone), wrong)).status).toBe(400);
  expect(await api.get(pathOf(zone))).toEqual(zone);
});

test('a camera has fifty at most, also when several are made at once', async () => {
  await db.query((sql) => sql`
    insert into zones (id, camera_id, name, kind, polygon, labels)
    select gen_random_uuid(), 'yard', 'a', 'watch', ${JSON.stringify(polygon)}::text::jsonb, '{}' from generate_series(1, 48)`); // prettier-ignore
  const statuses = await Promise.all(Array.from({ length: 5 }, async () => (await create(drive)).status));
  expect(statuses.sort()).toEqual([201, 201, 409, 409, 409]);
  expect((await create(drive, 'door')).status).toBe(201);
});

test('what is of another camera, or of none that is there, is not found', async () => {
  const zone = await createZone();
  const wrongs = [pathOf(zone).replace('yard', 'door'), pathOf(zone).replace('yard', 'nobody'), `/api/cameras/yard/zones/${zone.id.replace(/.$/, (last) => (last === '0' ? '1' : '0'))}`, '/api/cameras/yard/zones/1']; // prettier-ignore
  for (const path of wrongs) {
    expect((await api.send(path)).status).toBe(404);
    expect((await api.sendJson('PATCH', path, { enabled: false })).status).toBe(404);
    expect((await api.send(path, { method: 'DELETE' })).status).toBe(404);
  }
  expect((await create(drive, 'nobody')).status).toBe(404);
  expect((await api.send('/api/cameras/nobody/zones')).status).toBe(404);
  const lost = (await (await create(drive, 'gone')).json()) as ZoneWire;
  await api.send('/api/cameras/gone', { method: 'DELETE' });
  for (const path of ['/api/cameras/gone/zones', `/api/cameras/gone/zones/${lost.id}`])
    expect((await api.send(path)).status).toBe(404);
  expect((await create(drive, 'gone')).status).toBe(404);
});

test('a viewer looks, at the cameras of its key; only an admin changes', async () => {
  const zone = await createZone();
  identity = { ...identity, role: 'viewer', cameraIds: ['yard'] };
  expect(await api.get(pathOf(zone))).toEqual(zone);
  expect((await create(drive)).status).toBe(403);
  expect((await api.sendJson('PATCH', pathOf(zone), { enabled: false })).status).toBe(403);
  expect((await api.send(pathOf(zone), { method: 'DELETE' })).status).toBe(403);
  expect((await api.send('/api/cameras/door/zones')).status).toBe(404);
  identity = { ...identity, cameraIds: ['door'] };
  const hidden = await api.send(pathOf(zone));
  expect([hidden.status, await hidden.json()]).toMatchObject([404, { detail: 'there is no camera "yard"' }]);
  identity = { ...identity, role: 'ingest', cameraIds: null };
  expect((await api.send('/api/cameras/yard/zones')).status).toBe(403);
});
