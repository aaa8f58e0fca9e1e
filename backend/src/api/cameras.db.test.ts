import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { NightjarError } from '../lib/errors.ts';
import { cameraSchema, eventSchema } from '../model/wire.ts';
import { seedCamera, seedEvent, seedFrame, seedTime } from './tests/seed.ts';
import { startTestApi, type TestApi } from './tests/test-api.ts';

let db: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  db = await createTestDatabase();
});
beforeEach(async () => {
  await db.query((sql) => sql`truncate cameras cascade`);
  api = await startTestApi(db);
  return () => api.close();
});
afterAll(() => db.close());

const create = (body: unknown) => api.sendJson('POST', '/api/cameras', body);

test('a camera is created, told of, and found', async () => {
  const response = await create({ name: 'Front Door' });
  expect(response.status).toBe(201);
  expect(response.headers.get('location')).toBe('/api/cameras/front_door');
  const camera = cameraSchema.strict().parse(await response.json());
  expect(camera).toMatchObject({ id: 'front_door', name: 'Front Door', folder: 'front_door', status: 'unknown', enabled: true, last_seen_at: null }); // prettier-ignore
  expect(api.said).toEqual([{ type: 'camera.created', data: camera }]);
  expect(await api.get('/api/cameras/front_door')).toEqual(camera);
});

test.each([
  [{ name: 'Ünter den Linden!' }, { id: 'unter_den_linden', folder: 'unter_den_linden' }],
  [
    { name: 'Yard', folder: 'Cam 7' },
    { id: 'cam_7', folder: 'Cam 7' },
  ],
  [
    { id: 'c1', name: '前门' },
    { id: 'c1', name: '前门', folder: 'c1' },
  ],
  [{ id: 'c1', name: 'a', folder: '后门' }, { folder: '后门' }],
  [
    { name: 'a', folder: 'caf\\xe9' },
    { id: 'caf_xe9', folder: 'caf\\xe9' },
  ],
  [{ name: '前门' }, { id: 'camera', name: '前门' }],
])('%j becomes %j', async (body, expected) => {
  const response = await create(body);
  expect(response.status).toBe(201);
  expect(await response.json()).toMatchObject(expected);
});

test.each([
  [{ name: ' ' }, 'body.name'],
  [{ name: 'a', id: 'Front Door' }, 'body.id'],
  [{ name: 'a', id: '../x' }, 'body.id'],
  [{ name: 'a'.repeat(101) }, 'body.name'],
  [{ name: 'Yard\u001b[2J' }, 'body.name'],
  [{ name: 'Yard\nforged line of a log' }, 'body.name'],
  [{ name: 'Yard \u202egpj.exe' }, 'body.name'],
  [{ name: 'a', folder: '门'.repeat(100) }, 'body.folder'],
  [{ name: 'a', folder: 'a/b' }, 'body.folder'],
])('%j is refused', async (body, at) => {
  const response = await create(body);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ errors: [{ path: at }] });
});

test('an id or folder that is taken is a conflict, and nothing is told', async () => {
  await seedCamera(db, 'yard');
  const taken = [{ id: 'yard', name: 'a', folder: 'b' }, { id: 'b', name: 'a', folder: 'yard' }]; // prettier-ignore
  for (const body of taken) {
    const response = await create(body);
    expect(response.status).toBe(409);
    expect((await response.json()) as object).toMatchObject({ kind: 'conflict', detail: expect.stringContaining('yard') as string }); // prettier-ignore
  }
  expect(api.said).toEqual([]);
});

test('when the telling fails, there is no camera', async () => {
  const failing = await startTestApi(db, {
    transact: (use) =>
      db.transaction(async (tx) => {
        await use(tx, () => undefined);
        throw new NightjarError('unavailable', 'the outbox is away');
      }),
  });
  expect((await failing.sendJson('POST', '/api/cameras', { name: 'a' })).status).toBe(503);
  expect((await api.send('/api/cameras/a')).status).toBe(404);
  await failing.close();
});

test('a camera is changed in what is given, and only that', async () => {
  await seedCamera(db, 'yard');
  const response = await api.sendJson('PATCH', '/api/cameras/yard', { enabled: false, name: 'Back yard' });
  expect(await response.json()).toMatchObject({ id: 'yard', name: 'Back yard', enabled: false, folder: 'yard' });
  expect((await api.sendJson('PATCH', '/api/cameras/yard', {})).status).toBe(400);
  const odd = await api.sendJson('PATCH', '/api/cameras/yard', { name: 'a\rb' });
  expect(await odd.json()).toMatchObject({
    status: 400,
    errors: [{ path: 'body.name', message: expect.stringContaining('control characters') as string }],
  });
  expect((await api.sendJson('PATCH', '/api/cameras/yard', { id: 'x' })).status).toBe(400);
  expect((await api.sendJson('PATCH', '/api/cameras/nobody', { name: 'a' })).status).toBe(404);
});

test('a folder of another camera cannot be taken', async () => {
  await seedCamera(db, 'yard');
  await seedCamera(db, 'door');
  const response = await api.sendJson('PATCH', '/api/cameras/door', { folder: 'yard' });
  expect([response.status, await response.json()]).toMatchObject([409, { detail: 'the folder "yard" belongs to another camera' }]); // prettier-ignore
});

test('a deleted camera is gone from the lists, its history stays, and it can come back', async () => {
  await seedCamera(db, 'yard');
  const frame = await seedFrame(db, { cameraId: 'yard', capturedAt: seedTime(1) });
  const remove = () => api.send('/api/cameras/yard', { method: 'DELETE' });
  expect((await remove()).status).toBe(204);
  expect((await remove()).status).toBe(404);
  expect((await api.send('/api/cameras/yard')).status).toBe(404);
  expect((await api.send('/api/cameras/yard/snapshot')).status).toBe(404);
  expect((await api.sendJson('PATCH', '/api/cameras/yard', { name: 'a' })).status).toBe(404);
  expect(await api.get('/api/cameras')).toEqual({ items: [], next_cursor: null });
  expect(await api.get('/api/frames?camera_id=yard')).toMatchObject({ items: [{ id: frame }] });
  expect((await create({ id: 'yard', name: 'Yard again' })).status).toBe(201);
  expect(await api.get('/api/cameras/yard')).toMatchObject({ name: 'Yard again', enabled: true });
});

test('what is not there to delete with is refused, not ignored', async () => {
  await seedCamera(db, 'yard');
  expect((await api.send('/api/cameras/yard?purge=yes', { method: 'DELETE' })).status).toBe(400);
  expect((await api.send('/api/cameras/yard')).status).toBe(200);
});

test('an event is reviewed, and told of as it is then', async () => {
  await seedCamera(db, 'yard');
  const bestFrameId = await seedFrame(db, { cameraId: 'yard', capturedAt: seedTime(1) });
  const id = await seedEvent(db, { cameraId: 'yard', bestFrameId, startedAt: seedTime(1) });
  const patch = (body: unknown) => api.sendJson('PATCH', `/api/events/${id}`, body);
  const response = await patch({ reviewed: true, notes: 'The postman 🙂' });
  const event = eventSchema.strict().parse(await response.json());
  expect(event).toMatchObject({ id, reviewed: true, notes: 'The postman 🙂', labels: { person: 1 } });
  expect(api.said).toEqual([{ type: 'event.updated', data: event }]);
  expect(await api.get(`/api/events/${id}`)).toEqual(event);
  expect(await (await patch({ notes: null })).json()).toMatchObject({ reviewed: true, notes: null });
  for (const wrong of [{}, { reviewed: 'yes' }, { state: 'closed' }, { notes: 'a\0b' }, { notes: 'a'.repeat(10_001) }])
    expect((await patch(wrong)).status).toBe(400);
  const missing = id.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
  expect((await api.sendJson('PATCH', `/api/events/${missing}`, { reviewed: true })).status).toBe(404);
});
