import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { newId } from '../lib/id.ts';
import { createClipRequeue, createRequeue } from '../queue/index.ts';
import { seedCamera, seedClip, seedFrame, seedTime } from './tests/seed.ts';
import { startTestApi, type TestApi } from './tests/test-api.ts';

let db: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  db = await createTestDatabase();
});
beforeEach(async () => {
  const parts = {
    db,
    inspect: () => Promise.reject(new Error('not asked')),
    hasMedia: (mediaPath: string) => Promise.resolve(api.media.has(mediaPath)),
  };
  api = await startTestApi(db, { requeue: createRequeue(parts), requeueClips: createClipRequeue(parts) });
  for (const camera of ['yard', 'door']) await seedCamera(db, camera);
});
afterEach(async () => {
  await api.close();
  await db.query((sql) => sql`delete from frames`);
  await db.query((sql) => sql`delete from clips`);
  await db.query((sql) => sql`delete from cameras`);
});
afterAll(() => db.close());

const seedDead = (cameraId: string, second = 0, mediaPath = 'yard/kept') => seedFrame(db, { cameraId, capturedAt: seedTime(second), state: 'dead', mediaPath }); // prettier-ignore
const post = async (path: string) => {
  const response = await api.send(path, { method: 'POST' });
  const body: unknown = await response.json();
  return { status: response.status, body };
};

describe('POST /api/frames/{id}/requeue', () => {
  it('answers with the frame, pending again', async () => {
    api.media.set('yard/kept', Buffer.from('a picture'));
    const id = await seedDead('yard');
    expect(await post(`/api/frames/${id}/requeue`)).toMatchObject({ status: 200, body: { id, state: 'pending', attempts: 0, processed_at: null } }); // prettier-ignore
    expect(await post(`/api/frames/${id}/requeue`)).toMatchObject({ status: 409, body: { kind: 'conflict', detail: expect.stringContaining('only dead letters') as string } }); // prettier-ignore
  });

  it('says what is not there', async () => {
    const id = await seedDead('yard', 0, 'yard/lost');
    expect(await post(`/api/frames/${id}/requeue`)).toMatchObject({ status: 409, body: { detail: expect.stringContaining('media store') as string } }); // prettier-ignore
    expect(await post(`/api/frames/${newId()}/requeue`)).toMatchObject({ status: 404 });
    expect(await post('/api/frames/nonsense/requeue')).toMatchObject({ status: 404 });
  });

  it('answers 202 for a frame that is forgotten, so that its file is looked at anew', async () => {
    const id = await seedDead('yard');
    await db.query((sql) => sql`update frames set media_path = null, sha256 = null, width = null, height = null`);
    await db.query((sql) => sql`insert into inbox_files (path, bytes, mtime_ns, frame_id) values ('yard/x.jpg', 1, '1', ${id})`); // prettier-ignore
    expect(await post(`/api/frames/${id}/requeue`)).toMatchObject({ status: 202, body: { id, state: 'dead' } });
    expect(await post(`/api/frames/${id}/requeue`)).toMatchObject({ status: 404 });
  });
});

describe('POST /api/frames/requeue', () => {
  it('queues all dead letters again, or those that pass the filters', async () => {
    for (const camera of ['yard', 'door']) for (const second of [1, 2, 3]) await seedDead(camera, second);
    await seedFrame(db, { cameraId: 'yard', capturedAt: seedTime(9) });
    const since = encodeURIComponent(seedTime(2).toISOString());
    const narrow = await post(`/api/frames/requeue?state=dead&camera_id=door&kind=invalid&since=${since}`);
    expect(narrow).toEqual({ status: 200, body: { requeued: 2 } });
    expect(await post('/api/frames/requeue?state=dead&kind=internal')).toMatchObject({ body: { requeued: 0 } });
    expect(await post('/api/frames/requeue?state=dead')).toEqual({ status: 200, body: { requeued: 4 } });
  });

  it.each(['', '?state=done', '?state=dead&kind=odd', '?state=dead&x=1'])('refuses %s', async (query) => {
    expect(await post(`/api/frames/requeue${query}`)).toMatchObject({ status: 400 });
  });
});

describe('clips', () => {
  const bury = (second: number, mediaPath: string | null = 'yard/kept') => seedClip(db, { cameraId: 'yard', capturedAt: seedTime(second), state: 'dead', mediaPath }); // prettier-ignore

  it('are requeued one by one, or it is said why not', async () => {
    api.media.set('yard/kept', Buffer.from('a film'));
    const id = await bury(1);
    const error = { kind: 'invalid', message: 'not a film' };
    expect(await post(`/api/clips/${id}/requeue`)).toMatchObject({ status: 200, body: { id, state: 'pending', attempts: 0, error } }); // prettier-ignore
    expect(await post(`/api/clips/${id}/requeue`)).toMatchObject({ status: 409, body: { detail: expect.stringContaining('only dead letters') as string } }); // prettier-ignore
    for (const lost of ['yard/lost', null])
      expect(await post(`/api/clips/${await bury(2, lost)}/requeue`)).toMatchObject({ status: 409, body: { detail: expect.stringContaining('media store') as string } }); // prettier-ignore
    expect(await post(`/api/clips/${newId()}/requeue`)).toMatchObject({ status: 404 });
  });

  it('are requeued together, by the filters of frames', async () => {
    for (const second of [1, 2, 3]) await bury(second);
    const since = encodeURIComponent(seedTime(2).toISOString());
    expect(await post('/api/clips/requeue?state=dead&camera_id=door')).toMatchObject({ body: { requeued: 0 } });
    expect(await post(`/api/clips/requeue?state=dead&kind=invalid&since=${since}`)).toEqual({ status: 200, body: { requeued: 2 } }); // prettier-ignore
    expect(await post('/api/clips/requeue?state=dead')).toMatchObject({ body: { requeued: 1 } });
    expect(await post('/api/clips/requeue')).toMatchObject({ status: 400 });
  });
});
