import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { createTestQueue, toArrival, toTransact } from '../../tests/harness/ledger.ts';
import { readAfter } from '../broadcast/index.ts';
import type { Tx } from '../db/index.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { newId } from '../lib/id.ts';
import { silentLog as log } from '../lib/log.ts';
import type { DetectedObject, ExaminedFrame, LeasedFrame } from '../model/index.ts';
import { messageSchema } from '../model/wire.ts';
import type { Queue } from '../queue/index.ts';
import { analyzeDue } from './analysis/rules.ts';
import { closeEvents } from './close.ts';
import { createEventStore } from './index.ts';

const rules = { idleMs: 30_000, windowMs: 90_000, bands: { lowMax: 29, mediumMax: 59, highMax: 84 }, timeZone: 'UTC' };
const person: DetectedObject = { label: 'person', score: 0.9, bbox: { x: 1, y: 2, width: 30, height: 60 } };
const at = (second: number): Date => new Date(Date.UTC(2024, 5, 10, 12, 0, second));

describe('events', () => {
  let db: TestDatabase;
  let queue: Queue;
  let store: ReturnType<typeof createEventStore>;

  beforeEach(async () => {
    db = await createTestDatabase();
    queue = await createTestQueue(db);
    store = createEventStore({ transact: toTransact(db), rules, clock, log, newId, complete: queue.complete });
    await queue.resolveCamera('Front Door');
  });
  afterEach(async () => {
    await store.close();
    await queue.close();
    await db.close();
  });

  /** Frames of the camera, captured at these seconds, recorded and claimed. */
  async function lease(...seconds: number[]): Promise<readonly LeasedFrame[]> {
    for (const second of seconds) await queue.record(toArrival('front_door', { capturedAt: at(second) }));
    return queue.claim(seconds.length);
  }
  const examine = (frame: LeasedFrame, objects: readonly DetectedObject[] = [person]): ExaminedFrame => ({
    frame,
    objects,
    model: 'test',
  });
  const storeAll = (frames: readonly LeasedFrame[], objects?: readonly DetectedObject[]) =>
    Promise.all(frames.map((frame) => store.store(examine(frame, objects))));
  const count = async (table: string): Promise<number> => {
    const [row] = await db.query((sql) => sql<{ count: number }[]>`select count(*) from ${sql(table)}`);
    return row?.count ?? -1;
  };
  const messages = async () => readAfter(db, 0, 1_000);
  const close = () => toTransact(db)((tx, say) => closeEvents(tx, say, rules));
  const letTimePass = () => db.query((sql) => sql`update events set last_received_at = now() - interval '31 s'`);

  it('stores detections, event, completion and messages together', async () => {
    expect(await storeAll(await lease(0, 5))).toEqual([true, true]);
    const events = await db.query((sql) => sql`select * from events`);
    expect(events).toMatchObject([
      {
        state: 'open',
        labels: { person: 1 },
        detectionCount: 2,
        frameCount: 2,
        riskScore: 40,
        riskLevel: 'medium',
        startedAt: at(0),
        endedAt: at(5),
      },
    ]);
    expect(await db.query((sql) => sql`select state from frames`)).toMatchObject([
      { state: 'done' },
      { state: 'done' },
    ]);
    expect(await count('detections')).toBe(2);
    const told = await messages();
    expect(told.map(({ seq }) => seq)).toEqual(told.map((_, index) => index + 1));
    expect(told.filter(({ type }) => type === 'detection.created')).toHaveLength(2);
    expect(told.filter(({ type }) => type === 'event.opened')).toHaveLength(1);
    for (const message of told) expect(messageSchema.safeParse(message).error).toBeUndefined();
  });

  it('completes a frame without detections and says nothing of it', async () => {
    const before = (await messages()).length;
    const frames = await lease(0);
    const heard = (await messages()).length;
    await storeAll(frames, []);
    expect(await count('events')).toBe(0);
    expect((await messages()).length).toBe(heard);
    expect(heard).toBeGreaterThanOrEqual(before);
    expect(await db.query((sql) => sql`select state from frames`)).toMatchObject([{ state: 'done' }]);
  });

  it('stores nothing at all when the last step fails', async () => {
    const transact = toTransact(db);
    const frames = await lease(0);
    const before = await messages();
    const broken = createEventStore({
      transact: (use) =>
        transact(async (tx, say) => {
          await use(tx, say);
          throw new Error('the power went');
        }),
      rules,
      clock,
      log,
      newId,
      complete: queue.complete,
    });
    await expect(Promise.all(frames.map((frame) => broken.store(examine(frame))))).rejects.toThrow('the power went');
    expect([await count('events'), await count('detections')]).toEqual([0, 0]);
    expect(await db.query((sql) => sql`select state from frames`)).toMatchObject([{ state: 'leased' }]);
    expect(await messages()).toEqual(before);
    expect(await storeAll(frames)).toEqual([true]);
    expect((await messages()).map(({ seq }) => seq)).toEqual((await messages()).map((_, index) => index + 1));
  });

  it('leaves out a result whose lease was lost, and keeps the others of its batch', async () => {
    const frames = await lease(0, 1);
    const [lost] = frames;
    if (!lost) throw new Error('two frames');
    await db.query((sql) => sql`update frames set attempts = attempts + 1 where id = ${lost.id}`);
    expect(await storeAll(frames)).toEqual([false, true]);
    expect(await count('detections')).toBe(1);
  });

  it('counts a frame once that was claimed again while its first result was on the way', async () => {
    const [lost] = await lease(0);
    await db.query((sql) => sql`update frames set state = 'pending', lease_owner = null, lease_expires_at = null`);
    const [current] = await queue.claim(1);
    if (!lost || !current) throw new Error('two leases of one frame');
    // Of one process, and at one time: they share a transaction. The same lease twice is no more than once either.
    expect(await storeAll([lost, current, { ...current }])).toEqual([false, true, false]);
    expect(await count('detections')).toBe(1);
    expect((await messages()).filter(({ type }) => type === 'detection.created')).toHaveLength(1);
  });

  it('a result that the database refuses takes no other with it', async () => {
    const [bad, good] = await lease(0, 1);
    if (!bad || !good) throw new Error('two frames');
    const nonsense = { ...person, score: 7 };
    const results = await Promise.allSettled([store.store(examine(bad, [nonsense])), store.store(examine(good))]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect(await db.query((sql) => sql`select state from frames order by captured_at`)).toMatchObject([
      { state: 'leased' },
      { state: 'done' },
    ]);
  });

  it('stores a frame once even if told twice', async () => {
    const frames = await lease(0);
    expect([...(await storeAll(frames)), ...(await storeAll(frames))]).toEqual([true, false]);
    expect(await count('detections')).toBe(1);
  });

  it('continues an open event after a restart', async () => {
    await storeAll(await lease(0));
    const afterRestart = createEventStore({
      transact: toTransact(db),
      rules,
      clock,
      log,
      newId,
      complete: queue.complete,
    });
    for (const frame of await lease(20)) await afterRestart.store(examine(frame));
    expect(await db.query((sql) => sql`select frame_count from events`)).toMatchObject([{ frameCount: 2 }]);
  });

  it('two processes storing frames of one camera at once make one event', async () => {
    const other = createEventStore({ transact: toTransact(db), rules, clock, log, newId, complete: queue.complete });
    const frames = await lease(...Array.from({ length: 30 }, (_, second) => second));
    await Promise.all(frames.map((frame, index) => (index % 2 ? store : other).store(examine(frame))));
    expect(await db.query((sql) => sql`select frame_count, detection_count from events`)).toMatchObject([
      { frameCount: 30, detectionCount: 30 },
    ]);
    const told = await messages();
    expect(told.map(({ seq }) => seq)).toEqual(told.map((_, index) => index + 1));
  });

  it('closes an event when the silence is over, and analyzes it', async () => {
    await storeAll(await lease(0));
    expect(await close()).toBe(0);
    await letTimePass();
    expect(await close()).toBe(1);
    expect(await toTransact(db)((tx, say) => analyzeDue(tx, say, { rules, newId, nowMs: Date.now() }))).toBe(1);
    expect(await db.query((sql) => sql`select state, analyzer, summary from events`)).toMatchObject([
      { state: 'analyzed', analyzer: 'rules', summary: 'A person at Front Door, 12:00:00' },
    ]);
    expect((await messages()).map(({ type }) => type).slice(-2)).toEqual(['event.closed', 'event.analyzed']);
  });

  it('closes by capture time as soon as a later frame was examined', async () => {
    await storeAll(await lease(0));
    await storeAll(await lease(31), []);
    expect(await close()).toBe(1);
  });

  it('keeps an event open while a frame that could extend it waits', async () => {
    await storeAll(await lease(0));
    await queue.record(toArrival('front_door', { capturedAt: at(20) }));
    await letTimePass();
    expect(await close()).toBe(0);
    await storeAll(await queue.claim(1), []);
    expect(await close()).toBe(1);
  });

  it('a frame captured beyond the window does not keep it open', async () => {
    await storeAll(await lease(0, 30, 60, 90));
    await storeAll(await lease(91), []);
    expect(await close()).toBe(1);
  });

  it('refuses nonsense in the database itself, not only in code', async () => {
    const [frame] = await lease(0);
    if (!frame) throw new Error('a frame');
    const insert = (change: string) => (tx: Tx) => tx.unsafe(change);
    await storeAll([frame]);
    const wrongs = [
      'update detections set score = 1.5',
      'update detections set width = 0',
      'update detections set x = -1',
      'update events set risk_score = 101',
      "update events set risk_level = 'dreadful'",
      "update events set ended_at = started_at - interval '1 s'",
      "update frames set state = 'lost'",
      "update frames set state = 'leased'",
      "update frames set state = 'dead'",
      'update frames set sha256 = null',
      'delete from frames',
      'delete from cameras',
      'insert into outbox_head (one, seq) values (false, 1)',
    ];
    for (const wrong of wrongs) await expect(db.transaction(insert(wrong)), wrong).rejects.toThrow(/violates/);
  });
});
