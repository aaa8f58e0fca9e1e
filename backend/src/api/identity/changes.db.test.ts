import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../tests/harness/database.ts';
import { createClipRequeue, createRequeue } from '../../queue/index.ts';
import { seedCamera, seedClip, seedEvent, seedFrame, seedTime } from '../tests/seed.ts';
import { startTestApi, type TestApi } from '../tests/test-api.ts';

let db: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  db = await createTestDatabase();
  const stored = { db, hasMedia: () => Promise.resolve(true) };
  const inspect = () => Promise.reject(new Error('not asked for here'));
  api = await startTestApi(db, {
    requeue: createRequeue({ ...stored, inspect }),
    requeueClips: createClipRequeue(stored),
  });
  await seedCamera(db, 'yard');
});
afterAll(async () => {
  await api.close();
  await db.close();
});

interface Change {
  readonly action: string;
  readonly target_id: string | null;
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
}

const readChanges = async (): Promise<readonly Change[]> =>
  ((await api.get('/api/audit')) as { items: Change[] }).items;

/** The changes that a request left behind, newest first. */
async function changesOf(method: string, path: string, body?: object): Promise<readonly Change[]> {
  const before = (await readChanges()).length;
  const response = body ? await api.sendJson(method, path, body) : await api.send(path, { method });
  expect(response.status).toBeLessThan(300);
  const changes = await readChanges();
  return changes.slice(0, changes.length - before);
}

test('a camera: as it was, and as it is', async () => {
  const name = { name: 'Porch' };
  expect(await changesOf('POST', '/api/cameras', name)).toMatchObject([{ action: 'camera.created', target_id: 'porch', before: null, after: name }]); // prettier-ignore
  expect(await changesOf('PATCH', '/api/cameras/porch', { enabled: false })).toMatchObject([{ action: 'camera.updated', target_id: 'porch', before: { ...name, enabled: true }, after: { ...name, enabled: false } }]); // prettier-ignore
  expect(await changesOf('DELETE', '/api/cameras/porch')).toMatchObject([{ action: 'camera.deleted', target_id: 'porch', before: { enabled: false }, after: null }]); // prettier-ignore
});

test('what is refused leaves nothing behind', async () => {
  const before = await readChanges();
  for (const [method, path, body] of [
    ['PATCH', '/api/cameras/nowhere', { name: 'a' }],
    ['POST', '/api/cameras', { name: 'yard' }],
  ] as const)
    // prettier-ignore
    expect((await api.sendJson(method, path, body)).status).toBeGreaterThanOrEqual(400);
  expect(await readChanges()).toEqual(before);
});

test('an event that is reviewed, and one that is analyzed again', async () => {
  const bestFrameId = await seedFrame(db, { cameraId: 'yard', capturedAt: seedTime(0) });
  const id = await seedEvent(db, { cameraId: 'yard', bestFrameId, startedAt: seedTime(0) });
  const path = `/api/events/${id}`;
  expect(await changesOf('PATCH', path, { reviewed: true, notes: 'The cat.' })).toMatchObject([{ action: 'event.updated', target_id: id, before: { reviewed: false, notes: null }, after: { reviewed: true, notes: 'The cat.' } }]); // prettier-ignore
  expect(await changesOf('POST', `${path}/analyze`)).toMatchObject([{ action: 'event.analysis_requested', target_id: id }]); // prettier-ignore
});

test('dead letters that get another chance, one and many', async () => {
  const dead = { cameraId: 'yard', state: 'dead' } as const;
  const frame = await seedFrame(db, { ...dead, capturedAt: seedTime(1) });
  const clip = await seedClip(db, { ...dead, capturedAt: seedTime(1) });
  const once = { before: { state: 'dead' }, after: { state: 'pending' } };
  expect(await changesOf('POST', `/api/frames/${frame}/requeue`)).toMatchObject([{ action: 'frame.requeued', target_id: frame, ...once }]); // prettier-ignore
  expect(await changesOf('POST', `/api/clips/${clip}/requeue`)).toMatchObject([{ action: 'clip.requeued', target_id: clip, ...once }]); // prettier-ignore
  for (const second of [2, 3]) {
    await seedFrame(db, { ...dead, capturedAt: seedTime(second) });
    await seedClip(db, { ...dead, capturedAt: seedTime(second) });
  }
  for (const noun of ['frames', 'clips']) {
    const query = { state: 'dead', camera_id: 'yard' };
    const path = `/api/${noun}/requeue?${new URLSearchParams(query).toString()}`;
    expect(await changesOf('POST', path)).toMatchObject([{ action: `${noun}.requeued`, target_id: null, before: null, after: { requeued: 2, query } }]); // prettier-ignore
    expect(await changesOf('POST', path)).toEqual([]);
  }
});
