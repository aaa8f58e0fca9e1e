import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTestQueue } from '../../tests/harness/ledger.ts';
import { seedCamera } from '../api/tests/seed.ts';
import { startTestApi, type TestApi } from '../api/tests/test-api.ts';
import { foldTallies } from '../api/stats/fold.ts';
import { newId } from '../lib/id.ts';
import { ROUND_STEPS_MAX } from './purge.ts';
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

/** Alerts of its events, each on its way to a channel; one whose alert is gone already; another camera's; a zone, a parked car. */
async function tellOf(camera: string): Promise<void> {
  const channel = newId();
  const { db } = house;
  await db.query((sql) => sql`insert into channels (id, name, kind, settings) values (${channel}, 'Bell', 'ntfy', '{}')`);
  await db.query((sql) => sql`
    insert into alerts (id, rule_name, event_id, camera_id, frame_id, captured_at, created_at, label, score, zone_ids, risk_score, risk_level, summary)
    select gen_random_uuid(), 'People', id, camera_id, best_frame_id, started_at, now(), 'person', 0.9, '{}', 20, 'low', '' from events`);
  await db.query((sql) => sql`
    insert into deliveries (id, channel_id, alert_id, payload, state, created_at)
    select gen_random_uuid(), ${channel}, id, jsonb_build_object('data', jsonb_build_object('alert', jsonb_build_object('camera_id', camera_id))), 'pending', now()
    from (select id, camera_id from alerts union all values (null::uuid, ${camera}), (null, 'door')) as told`);
  await db.query((sql) => sql`
    insert into zones (id, camera_id, name, kind, polygon, labels) values (gen_random_uuid(), ${camera}, 'z', 'watch', '[[0,0],[1,0],[1,1]]', '{}')`);
  await db.query((sql) => sql`
    insert into stationary_objects (id, camera_id, label, box, first_seen_at, last_seen_at, sightings)
    values (gen_random_uuid(), ${camera}, 'car', '{"x":0,"y":0,"width":1,"height":1}', now(), now(), 3)`);
} // prettier-ignore

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

  test('leaves nothing that was said, drawn or counted of it', async () => {
    await seedCamera(house.db, 'door');
    await fill();
    await tellOf('yard');
    const told = await house.db.query((sql) => sql<{ count: number }[]>`select count(*) from deliveries`);
    expect(told[0]?.count).toBe(13 + 2);
    await purge();
    await runOnce();
    await expectEmpty();
    for (const table of ['alerts', 'zones', 'stationary_objects'] as const)
      expect([table, await house.db.query((sql) => sql`select from ${sql(table)}`)]).toEqual([table, []]);
    const left = await house.db.query((sql) => sql`select payload #>> '{data,alert,camera_id}' as of from deliveries`);
    expect(left).toEqual([{ of: 'door' }]);
    while ((await foldTallies(house.db)) > 0);
    expect(await house.db.query((sql) => sql`select * from tallies union all select * from tally_deltas`)).toEqual([]);
  });

  test('is deleted in rounds, between which retention sees to the rest', async () => {
    await house.db.query((sql) => sql`
      insert into frames (id, camera_id, state, source_name, sha256, media_type, media_path, width, height, bytes, captured_at)
      select gen_random_uuid(), 'yard', 'pending', 'a.jpg', encode(sha256(n::text::bytea), 'hex'), 'image/jpeg', 'yard/aa/' || repeat('a', 64) || '.jpg', 8, 8, 1, now()
      from generate_series(1, ${ROUND_STEPS_MAX * 100 + 150}::int) as n`); // prettier-ignore
    await purge();
    await runOnce();
    expect(await house.count('frames')).toBe(150);
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
