import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTestQueue } from '../../tests/harness/ledger.ts';
import { seedCamera } from '../api/tests/seed.ts';
import { startTestApi, type TestApi } from '../api/tests/test-api.ts';
import { createTestHouse, type TestHouse } from './tests/test-house.ts';

let house: TestHouse;
let api: TestApi;
beforeEach(async () => {
  house = await createTestHouse();
  api = await startTestApi(house.db);
});
afterEach(async () => {
  await api.close();
  await house.close();
});

const purge = async (): Promise<{ status: number; body: unknown }> => {
  const response = await api.send('/api/cameras/yard?purge=true', { method: 'DELETE' });
  return { status: response.status, body: await response.json() };
};
const runOnce = () => house.createRetention({ ageMaxMs: undefined }).runOnce();
const nothing = { events: 0, frames: 0, clips: 0 };

async function fill(): Promise<void> {
  for (let count = 0; count < 12; count += 1) await house.addEvent({ ageDays: 0, frames: 3 });
  await house.addEvent({ ageDays: 0, state: 'open', isDue: false });
  await house.addFrames(130, (n) => ({ ageDays: 0, state: (['pending', 'done', 'dead'] as const)[n % 3] ?? 'done' }));
  const clip = await house.addClip({ ageDays: 0 });
  await house.addFrame({ ageDays: 0, clipId: clip.id, offsetMs: 0 });
  await house.addClip({ ageDays: 0, state: 'pending' });
}

async function expectEmpty(): Promise<void> {
  for (const table of ['frames', 'events', 'detections', 'analyses', 'clips'] as const)
    expect([table, await house.count(table)]).toEqual([table, 0]);
  expect(await house.files()).toEqual([]);
  expect(await house.db.query((sql) => sql`select id from cameras where id = 'yard'`)).toEqual([]);
}

describe('a camera that is purged', () => {
  test('goes with all that came through it, in the background; asking again tells what is left', async () => {
    await fill();
    expect(await purge()).toEqual({ status: 202, body: { camera_id: 'yard', left: { events: 13, frames: 169, clips: 2 } } }); // prettier-ignore
    expect(await purge()).toMatchObject({ status: 202 });
    expect((await api.send('/api/cameras/yard')).status).toBe(404);
    await runOnce();
    await expectEmpty();
    expect((await purge()).status).toBe(404);
    const audit = await house.db.query((sql) => sql`select action, target_id from audit`);
    expect(audit).toEqual([{ action: 'camera.purged', targetId: 'yard' }]);
  });

  test('may have been deleted before', async () => {
    await house.addEvent();
    expect((await api.send('/api/cameras/yard', { method: 'DELETE' })).status).toBe(204);
    expect(await purge()).toMatchObject({ status: 202, body: { left: { ...nothing, events: 1, frames: 2 } } });
    await runOnce();
    await expectEmpty();
  });

  test('leaves the others alone', async () => {
    await fill();
    await seedCamera(house.db, 'door');
    await house.db.query((sql) => sql`
      insert into frames (id, camera_id, state, source_name, sha256, media_type, media_path, width, height, bytes, captured_at)
      select gen_random_uuid(), 'door', 'pending', 'a.jpg', repeat('a', 64), 'image/jpeg', 'door/aa/a.jpg', 8, 8, 1, now()`); // prettier-ignore
    await purge();
    await runOnce();
    expect(await house.db.query((sql) => sql`select camera_id from frames`)).toEqual([{ cameraId: 'door' }]);
    expect((await api.send('/api/cameras/door')).status).toBe(200);
  });

  test('goes on where it was interrupted', async () => {
    await fill();
    await purge();
    let removals = 0;
    const stop = new AbortController();
    const removeMedia = (mediaPath: string) => {
      if ((removals += 1) === 40) stop.abort();
      return house.media.remove(mediaPath);
    };
    await house.createRetention({ ageMaxMs: undefined, removeMedia }).runOnce(stop.signal);
    expect(await house.count('frames')).toBeGreaterThan(0);
    await runOnce();
    await expectEmpty();
  });

  test('waits for what somebody has in hand, and takes what still arrives', async () => {
    const { id } = await house.addFrame({ ageDays: 0 });
    await purge();
    await house.db.transaction(async (tx) => {
      await tx`select 1 from frames where id = ${id} for update`;
      await runOnce();
    });
    expect(await house.count('frames')).toBe(1);
    await house.addFrame({ ageDays: 0, state: 'pending' });
    await runOnce();
    await expectEmpty();
  });

  test('is no camera again before it is gone: neither by its folder nor by hand', async () => {
    const queue = await createTestQueue(house.db);
    await house.addFrame();
    await purge();
    await expect(queue.resolveCamera('Yard')).rejects.toMatchObject({ kind: 'forbidden', message: /purged/ });
    expect((await api.sendJson('POST', '/api/cameras', { id: 'yard', name: 'Yard' })).status).toBe(409);
    await runOnce();
    expect(await queue.resolveCamera('Yard')).toMatchObject({ id: 'yard' });
    await queue.close();
  });
});
