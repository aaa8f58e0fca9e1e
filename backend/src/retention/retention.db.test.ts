import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestQueue, toArrival } from '../../tests/harness/ledger.ts';
import { systemClock } from '../lib/clock.ts';
import { createTestHouse, DAY_MS, type TestHouse } from './tests/test-house.ts';

let house: TestHouse;
beforeEach(async () => void (house = await createTestHouse()));
afterEach(() => house.close());

const GIB = 1024 ** 3;

/** A disk that gains `eachBytes` with every file that is removed. */
function createDisk(freeBytes: number, eachBytes: number) {
  const disk = {
    free: freeBytes,
    freeBytes: () => Promise.resolve(disk.free),
    async removeMedia(mediaPath: string) {
      await house.media.remove(mediaPath);
      disk.free += eachBytes;
    },
  };
  return disk;
}

describe('by age', () => {
  it('deletes what is too old, with all that belongs to it, and nothing else', async () => {
    await house.addEvent();
    await house.addEvent({ reviewed: true });
    await house.addFrame();
    await house.addFrame({ state: 'dead' });
    const clip = await house.addClip();
    await house.addFrame({ clipId: clip.id });
    await house.addClip();
    const young = [await house.addFrame({ ageDays: 1 }), await house.addClip({ ageDays: 1 })];
    await house.addEvent({ ageDays: 1 });
    const retention = house.createRetention();
    await retention.runOnce();
    expect(retention.stats()).toMatchObject({ events: 2, frames: 7, clips: 2, files: 9 });
    expect(
      await Promise.all((['events', 'frames', 'detections', 'analyses', 'clips'] as const).map(house.count)),
    ).toEqual([1, 3, 2, 1, 1]);
    expect(await house.files()).toEqual(expect.arrayContaining(young.map(({ mediaPath }) => mediaPath)));
    expect(await house.faults()).toEqual([]);
  });

  it('deletes what did not count with its frame, whether that is of an event or of none', async () => {
    const alone = await house.addFrame();
    const young = await house.addFrame({ ageDays: 1 });
    await house.addEvent({ frames: 2 });
    await house.db.query(
      (sql) => sql`
        insert into detections (id, frame_id, camera_id, label, score, x, y, width, height, captured_at, model, suppressed_by)
        select gen_random_uuid(), id, 'yard', 'car', 0.9, 1, 1, 2, 2, now(), 'm', 'stationary' from frames`,
    );
    const retention = house.createRetention();
    await retention.runOnce();
    expect(retention.stats()).toMatchObject({ events: 1, frames: 3 });
    expect(await house.media.has(alone.mediaPath)).toBe(false);
    expect(await house.db.query((sql) => sql`select frame_id from detections`)).toEqual([{ frameId: young.id }]);
    expect(await house.faults()).toEqual([]);
  });

  it('leaves what is under way: pending frames, open events, events to be analyzed, clips being cut', async () => {
    await house.addFrame({ state: 'pending' });
    await house.addEvent({ state: 'open' });
    await house.addEvent({ state: 'closed', isDue: true });
    const clip = await house.addClip({ state: 'pending' });
    await house.addFrame({ clipId: clip.id });
    await house.createRetention().runOnce();
    expect(await house.count('frames')).toBe(6);
    expect(await house.count('events')).toBe(2);
    expect(await house.count('clips')).toBe(1);
    await house.db.query((sql) => sql`update clips set state = 'done', processed_at = now()`);
    await house.createRetention().runOnce();
    expect([await house.count('frames'), await house.count('clips')]).toEqual([5, 0]);
    expect(await house.faults()).toEqual([]);
  });

  it('does not believe a clock that was just set ahead; after an hour it does', async () => {
    const time = { steadyMs: 1e9, atMs: Date.now() };
    const retention = house.createRetention({
      steady: { nowMs: () => time.steadyMs },
      clock: { ...systemClock, nowMs: () => time.atMs },
    });
    await retention.runOnce();
    await house.addFrame({ ageDays: 31 });
    const pass = async (steadyMs: number): Promise<number> => {
      time.steadyMs += steadyMs;
      time.atMs += 60_000;
      await retention.runOnce();
      return house.count('frames');
    };
    // To the database two days more have gone by than to us.
    expect(await pass(-2 * DAY_MS)).toBe(1);
    expect(await pass(3_500_000)).toBe(1);
    expect(await pass(100_000)).toBe(0);
  });

  it('keeps a clip for as long as one of its frames', async () => {
    const clip = await house.addClip();
    await house.addFrame({ clipId: clip.id, offsetMs: 0 });
    await house.addFrame({ clipId: clip.id, offsetMs: 2_000, ageDays: 1 });
    await house.createRetention().runOnce();
    expect([await house.count('frames'), await house.count('clips')]).toEqual([1, 1]);
  });

  it('keeps a file that another row speaks of', async () => {
    const clip = await house.addClip({ ageDays: 1 });
    const bytes = Buffer.from('the same picture');
    await house.addFrame({ bytes });
    const kept = await house.addFrame({ bytes, clipId: clip.id, ageDays: 1 });
    await house.createRetention().runOnce();
    expect(await house.count('frames')).toBe(1);
    expect(await house.media.has(kept.mediaPath)).toBe(true);
    expect([await house.count('media_removals'), await house.faults()]).toEqual([0, []]);
  });

  it('keeps everything when no age is set', async () => {
    await house.addEvent();
    await house.createRetention({ ageMaxMs: undefined }).runOnce();
    expect(await house.count('events')).toBe(1);
  });

  it('goes in small steps, and an event that is larger than a step goes whole', async () => {
    await house.addFrames(230);
    await house.addEvent({ frames: 120 });
    const retention = house.createRetention();
    await retention.runOnce();
    expect(retention.stats()).toMatchObject({ events: 1, frames: 350, files: 350 });
    const [row] = await house.db.query(
      (sql) => sql<{ most: number; steps: number }[]>`
        select max(count) as most, count(*) as steps from (select count(*) from media_removals group by requested_at) as step`,
    );
    expect(row).toEqual({ most: 120, steps: 4 });
  });

  it('leaves what another has locked, and passes over what cannot be deleted', async () => {
    const held = await house.addFrame();
    const stuck = await house.addFrame();
    await house.addFrames(3);
    const event = await house.addEvent({ ageDays: 1 });
    // Never written by the program: a detection whose frame knows no event.
    await house.db.query(
      (sql) => sql`
        insert into detections (id, frame_id, event_id, camera_id, label, score, x, y, width, height, captured_at, model)
        values (gen_random_uuid(), ${stuck.id}, ${event}, 'yard', 'person', 0.9, 1, 1, 2, 2, now(), 'm')`,
    );
    const besides = await house.addEvent({ frames: 3 });
    const retention = house.createRetention();
    await house.db.transaction(async (tx) => {
      await tx`select from frames where id = ${held.id} for update`;
      await tx`select from frames where event_id = ${besides} limit 1 for update`;
      await retention.runOnce();
    });
    // Of the event nothing went, for one of its frames was held.
    expect(retention.stats()).toMatchObject({ events: 0, frames: 3 });
    await house.createRetention().runOnce();
    const left = await house.db.query((sql) => sql<{ id: string }[]>`select id from frames where event_id is null`);
    expect(left.map(({ id }) => id)).toEqual([stuck.id]);
  });
});

describe('where a file stays in the inbox', () => {
  const left = { path: 'Yard/old.jpg', bytes: 4, mtimeNs: '1' };

  async function recordLeft(): Promise<void> {
    const queue = await createTestQueue(house.db);
    await queue.record(toArrival('yard', { left }));
    await queue.close();
    await house.db.query(
      (sql) => sql`update frames set state = 'done', processed_at = now(), received_at = now() - interval '40 days'`,
    );
    await house.createRetention().runOnce();
    expect(await house.count('frames')).toBe(0);
  }

  const isKnown = async (): Promise<boolean> => {
    const queue = await createTestQueue(house.db);
    return queue.isKnownFile(left).finally(() => queue.close());
  };

  it('knows it still when its frame is deleted, and forgets it when it has gone', async () => {
    await mkdir(path.join(house.inbox, 'Yard'));
    for (const name of ['old.jpg', 'other.jpg']) await writeFile(path.join(house.inbox, 'Yard', name), 'jpeg');
    await recordLeft();
    await house.createRetention().runOnce();
    expect(await isKnown()).toBe(true);
    await rm(path.join(house.inbox, 'Yard/old.jpg'));
    await house.createRetention().runOnce();
    expect(await isKnown()).toBe(false);
  });

  it('forgets nothing while the share is not mounted', async () => {
    await recordLeft();
    await house.createRetention().runOnce();
    await mkdir(path.join(house.inbox, 'Yard'));
    await house.createRetention().runOnce();
    await house.createRetention({ inbox: '/nowhere' }).runOnce();
    expect(await isKnown()).toBe(true);
  });
});

describe('by room', () => {
  it('deletes the oldest first, what nobody reviewed before the rest, and stops when there is room', async () => {
    const reviewed = await house.addEvent({ ageDays: 20, reviewed: true, frames: 1 });
    for (const ageDays of [9, 7, 5, 3, 1]) await house.addFrame({ ageDays });
    const [old, young] = [
      await house.addEvent({ ageDays: 8, frames: 1 }),
      await house.addEvent({ ageDays: 2, frames: 1 }),
    ];
    // Each file is half the disk's least room, and the steps are larger: so one step at first takes what it may.
    const disk = createDisk(0, GIB / 2);
    const retention = house.createRetention({ ...disk, freeMinBytes: GIB, ageMaxMs: undefined });
    await retention.runOnce();
    expect(retention.stats().trouble).toBeNull();
    const ids = await house.db.query((sql) => sql<{ id: string }[]>`select id from events`);
    expect(ids.map(({ id }) => id)).toEqual([reviewed]);
    expect([old, young]).not.toContain(reviewed);
  });

  it('takes no more steps than it needs', async () => {
    await house.addFrames(350, (n) => ({ ageDays: 10 - n / 100 }));
    const disk = createDisk(GIB - 1, GIB / 200);
    await house.createRetention({ ...disk, freeMinBytes: GIB, ageMaxMs: undefined }).runOnce();
    // A hundred files are half a GiB; the margin is a tenth of one.
    expect(await house.count('frames')).toBe(250);
    const [oldest] = await house.db.query(
      (sql) =>
        sql<
          { days: number }[]
        >`select extract(epoch from now() - min(received_at))::float8 / 86400 as days from frames`,
    );
    expect(oldest?.days).toBeCloseTo(9, 1);
    expect(await house.faults()).toEqual([]);
  });

  it('takes reviewed events when nothing else is left, and says so when nothing is left at all', async () => {
    await house.addEvent({ reviewed: true, ageDays: 50 });
    await house.addEvent({ state: 'open', ageDays: 0 });
    await house.addFrame({ state: 'pending' });
    await house.addFrame({ ageDays: 0 });
    const disk = createDisk(0, 1);
    const retention = house.createRetention({ ...disk, freeMinBytes: GIB });
    await retention.runOnce();
    expect(retention.stats()).toMatchObject({
      events: 1,
      frames: 3,
    });
    expect(retention.stats().trouble).toMatch(/nothing is left/);
    expect([await house.count('events'), await house.count('frames')]).toEqual([1, 3]);
    disk.free = 2 * GIB;
    await retention.runOnce();
    expect(retention.stats().trouble).toBeNull();
  });

  it('stops when deleting makes no room', async () => {
    await house.addFrames(250, () => ({ bytesSaid: 20 * 1024 ** 2 }));
    const retention = house.createRetention({ ...createDisk(0, 0), freeMinBytes: GIB, ageMaxMs: undefined });
    await retention.runOnce();
    await retention.runOnce();
    expect(retention.stats().frames).toBe(100);
    expect(retention.stats().trouble).toMatch(/something else/);
  });

  it('deletes nothing where nobody can say how much room there is', async () => {
    await house.addFrame({ ageDays: 1 });
    await house.createRetention({ freeBytes: () => Promise.resolve(null), freeMinBytes: GIB }).runOnce();
    expect(await house.count('frames')).toBe(1);
  });
});

describe('the cost', () => {
  it('has an index for each foreign key whose target is ever deleted', async () => {
    const bare = await house.db.query(
      (sql) => sql`
        select conrelid::regclass::text as table, conname from pg_constraint
        where contype = 'f' and connamespace = 'public'::regnamespace and confrelid <> 'cameras'::regclass
          and not exists (select from pg_index where indrelid = conrelid and indkey[0] = conkey[1])`,
    );
    expect(bare).toEqual([]);
  });

  it('grows with what is deleted: no table is read through', async () => {
    const { db } = house;
    await db.query(
      (sql) => sql`
        insert into frames (id, camera_id, state, source_name, sha256, media_type, media_path, width, height, bytes,
          captured_at, received_at, processed_at, event_id)
        select gen_random_uuid(), 'yard', 'done', 'a.jpg', encode(sha256(n::text::bytea), 'hex'), 'image/jpeg', null, 8, 8, 1,
          now(), now(), now(), case when n % 4 = 0 then gen_random_uuid() end from generate_series(1, 20000) as n`,
    );
    await db.query(
      (sql) => sql`
        insert into events (id, camera_id, state, started_at, ended_at, last_received_at, labels, detection_count,
          frame_count, best_frame_id, best_score, risk_score, risk_level, summary, reasoning, analyzer)
        select event_id, 'yard', 'analyzed', now(), now(), now(), '{}', 1, 1, id, 0.9, 1, 'low', '', '', 'rules'
        from frames where event_id is not null`,
    );
    await db.query(
      (sql) => sql`
        insert into detections (id, frame_id, event_id, camera_id, label, score, x, y, width, height, captured_at, model)
        select gen_random_uuid(), id, event_id, 'yard', 'person', 0.9, 1, 1, 2, 2, now(), 'm'
        from frames where event_id is not null`,
    );
    await db.query((sql) => sql`
      insert into inbox_files (path, bytes, mtime_ns, frame_id) select id::text, 1, '1', id from frames`); // prettier-ignore
    await db.query((sql) => sql`analyze`);
    for (let n = 0; n < 5; n++) await house.addEvent({ ageDays: 40 });
    await house.addFrames(20);
    const before = await readSeqTuples();
    const retention = house.createRetention({ ageMaxMs: 30 * DAY_MS });
    await retention.runOnce();
    expect(retention.stats()).toMatchObject({ events: 5, frames: 30 });
    const after = await readSeqTuples();
    expect(Object.entries(after).filter(([table, read]) => read - (before[table] ?? 0) > 1_000)).toEqual([]);
  });

  async function readSeqTuples(): Promise<Record<string, number>> {
    // The figures of a session come when it says so, or ends; each of the pool must say it.
    await Promise.all(
      Array.from({ length: 24 }, () => house.db.query((sql) => sql`select pg_stat_force_next_flush(), pg_sleep(0.01)`)),
    );
    const rows = await house.db.query(
      (sql) => sql<{ relname: string; seqTupRead: number }[]>`
        select relname, seq_tup_read from pg_stat_user_tables
        where relname in ('frames', 'events', 'detections', 'inbox_files')`,
    );
    return Object.fromEntries(rows.map(({ relname, seqTupRead }) => [relname, seqTupRead]));
  }
});
