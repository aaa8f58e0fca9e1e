import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { eventually } from '../../tests/harness/eventually.ts';
import { createTestQueue, toArrival, toTransact } from '../../tests/harness/ledger.ts';
import { readAfter } from '../broadcast/index.ts';
import { NightjarError } from '../lib/errors.ts';
import type { LeasedFrame } from '../model/index.ts';
import type { Queue } from './index.ts';

const unavailable = new NightjarError('unavailable', 'the detector is away');
const invalid = new NightjarError('invalid', 'not a picture');

describe('queue', () => {
  let db: TestDatabase;
  const queues: Queue[] = [];
  const openQueue = async (options: Parameters<typeof createTestQueue>[1] = {}): Promise<Queue> => {
    const queue = await createTestQueue(db, options);
    queues.push(queue);
    return queue;
  };

  beforeEach(async () => {
    db = await createTestDatabase();
  });
  afterEach(async () => {
    await Promise.all(queues.splice(0).map((queue) => queue.close()));
    await db.close();
  });

  const states = async (): Promise<Record<string, number>> => {
    const rows = await db.query(
      (sql) => sql<{ state: string; count: number }[]>`select state, count(*) from frames group by state`,
    );
    return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
  };
  const completeAll = (queue: Queue, frames: readonly LeasedFrame[]) =>
    toTransact(db)((tx) => queue.complete(tx, frames));
  const makeAvailable = () => db.query((sql) => sql`update frames set available_at = now()`);

  it('creates a camera on first sight, once, whoever asks', async () => {
    const [a, b] = [await openQueue(), await openQueue()];
    const ids = await Promise.all([a, b, a, b].map((queue) => queue.resolveCamera('Front Door')));
    expect(new Set(ids.map(({ id }) => id))).toEqual(new Set(['front_door']));
    expect((await readAfter(db, 0, 10)).map(({ type }) => type)).toEqual(['camera.created']);
  });

  it('gives two folders with the same slug two cameras', async () => {
    const queue = await openQueue();
    expect((await queue.resolveCamera('Front Door')).id).toBe('front_door');
    expect((await queue.resolveCamera('front_door')).id).toBe('front_door_2');
    expect((await queue.resolveCamera('.')).id).toBe('default');
  });

  it('records a frame once, however often and however concurrently it arrives', async () => {
    const queue = await openQueue();
    await queue.resolveCamera('a');
    const arrival = toArrival('a');
    const results = await Promise.all(Array.from({ length: 20 }, () => queue.record(arrival)));
    expect(results.filter((result) => result === 'recorded')).toHaveLength(1);
    expect(await queue.record(arrival)).toBe('known');
    expect(await states()).toEqual({ pending: 1 });
  });

  it.each([
    ['dead', 'pending', 0],
    ['done', 'done', 2],
  ] as const)('takes the file of a %s frame that had lost it: then it is %s', async (state, then, attempts) => {
    const queue = await openQueue();
    await queue.resolveCamera('a');
    const arrival = toArrival('a');
    await queue.record(arrival);
    await db.query((sql) => sql`
      update frames set state = ${state}, attempts = 2, processed_at = now(), media_path = null, error_kind = 'not_found',
        error_message = 'its file is missing from the media store'`); // prettier-ignore
    expect(await Promise.all([queue.record(arrival), queue.record(arrival)])).toEqual(['known', 'known']);
    expect(await db.query((sql) => sql`select state, attempts, media_path from frames`)).toMatchObject([
      { state: then, attempts, mediaPath: arrival.mediaPath },
    ]);
  });

  it('takes up what was junk when it comes again and is a picture by now: a limit was raised', async () => {
    const queue = await openQueue();
    await queue.resolveCamera('a');
    const picture = toArrival('a');
    const junkPath = picture.mediaPath?.replace('.jpg', '.dead') ?? '';
    const error = { kind: 'invalid', message: 'too many pixels' } as const;
    const junk = { ...picture, mediaType: null, mediaPath: junkPath, width: null, height: null, error };
    expect([await queue.record(junk), await queue.record(junk)]).toEqual(['recorded', 'known']);
    expect(await states()).toEqual({ dead: 1 });
    expect(await Promise.all([queue.record(picture), queue.record(picture)])).toEqual(['known', 'known']);
    const { mediaPath, mediaType, width } = picture;
    expect(await queue.claim(9)).toMatchObject([{ attempts: 1, mediaPath, mediaType, width }]);
    expect(await db.query((sql) => sql`select media_path from media_removals`)).toEqual([{ mediaPath: junkPath }]);
  });

  it('tells that the camera is online, once', async () => {
    const queue = await openQueue();
    await queue.resolveCamera('a');
    await queue.record(toArrival('a'));
    await queue.record(toArrival('a'));
    expect((await readAfter(db, 0, 10)).map(({ type, data }) => [type, 'status' in data && data.status])).toEqual([
      ['camera.created', 'unknown'],
      ['camera.status', 'online'],
    ]);
  });

  it('buries junk at once, with its reason, and knows the file that was left', async () => {
    const queue = await openQueue();
    await queue.resolveCamera('a');
    const left = { path: 'a/x.jpg', bytes: 3, mtimeNs: '1700000000123456789' };
    const junk = { sha256: null, mediaType: null, mediaPath: null, width: null, height: null, error: { kind: 'invalid', message: 'not an image' } } as const; // prettier-ignore
    await queue.record(toArrival('a', { ...junk, left }));
    expect(await states()).toEqual({ dead: 1 });
    expect(await queue.isKnownFile(left)).toBe(true);
    expect(await queue.isKnownFile({ ...left, mtimeNs: '1700000000123456790' })).toBe(false);
    expect((await readAfter(db, 1, 10)).find(({ type }) => type === 'frame.dead')).toMatchObject({
      data: { error: junk.error },
    });
  });

  it('records a file that was never read once, however many watchers met it; and again when it has changed', async () => {
    const [a, b] = [await openQueue(), await openQueue()];
    await a.resolveCamera('a');
    const unread = { sha256: null, mediaType: null, mediaPath: null, width: null, height: null, error: { kind: 'invalid', message: 'symbolic link' } } as const; // prettier-ignore
    const left = { path: 'a/x.jpg', bytes: 3, mtimeNs: '1700000000123456789' };
    const link = toArrival('a', { ...unread, left });
    const outcomes = await Promise.all([a, b, a, b].map((queue) => queue.record(link)));
    expect(outcomes.toSorted()).toEqual(['known', 'known', 'known', 'recorded']);
    // The answer to the first was lost with its connection: it is recorded once more.
    expect(await b.record(link)).toBe('known');
    expect(await states()).toEqual({ dead: 1 });
    expect(await b.record({ ...link, left: { ...left, bytes: 4 } })).toBe('recorded');
    expect(await states()).toEqual({ dead: 2 });
  });

  it('claims what is newest, dealt among the cameras in turn', async () => {
    const queue = await openQueue();
    await Promise.all(['busy', 'calm'].map((folder) => queue.resolveCamera(folder)));
    const at = (second: number) => ({ capturedAt: new Date(Date.UTC(2024, 0, 1, 0, 0, second)) });
    for (let second = 0; second < 40; second += 1) await queue.record(toArrival('busy', at(second)));
    for (let second = 0; second < 3; second += 1) await queue.record(toArrival('calm', at(second)));
    const claimed = await queue.claim(8);
    const secondsOf = (cameraId: string) =>
      claimed.filter((frame) => frame.cameraId === cameraId).map((frame) => frame.capturedAt.getUTCSeconds());
    // Two of eight are the oldest received (busy's 0 and 1), the others are dealt in turn.
    expect(secondsOf('calm')).toEqual([0, 1, 2]);
    expect(secondsOf('busy')).toEqual([0, 1, 37, 38, 39]);
  });

  it('leaves frames of a disabled camera alone until it is enabled', async () => {
    const queue = await openQueue();
    await queue.resolveCamera('a');
    await queue.record(toArrival('a'));
    await db.query((sql) => sql`update cameras set enabled = false`);
    expect(await queue.claim(5)).toHaveLength(0);
    await db.query((sql) => sql`update cameras set enabled = true`);
    expect(await queue.claim(5)).toHaveLength(1);
  });

  it('never leases a frame twice at once, with eight claimers racing', async () => {
    const first = await openQueue();
    const claimers = [first, await openQueue(), await openQueue(), await openQueue()];
    await first.resolveCamera('a');
    await Promise.all(Array.from({ length: 200 }, () => first.record(toArrival('a'))));
    const claimed: string[] = [];
    const claimUntilDry = async (queue: Queue): Promise<void> => {
      // A race may leave a claimer with nothing although frames wait: it looks again, as the worker's poll does.
      while ((await states())['pending'] !== undefined) claimed.push(...(await queue.claim(7)).map(({ id }) => id));
    };
    await Promise.all(claimers.flatMap((queue) => [claimUntilDry(queue), claimUntilDry(queue)]));
    expect(claimed).toHaveLength(200);
    expect(new Set(claimed).size).toBe(200);
  });

  it('tries again what may heal, after a back-off, and buries it when the attempts are used up', async () => {
    const queue = await openQueue({ attemptsMax: 2 });
    await queue.resolveCamera('a');
    await queue.record(toArrival('a'));
    for (const after of [{ pending: 1 }, { dead: 1 }]) {
      const [frame] = await queue.claim(1);
      if (!frame) throw new Error('a frame waits');
      await queue.fail(frame, unavailable);
      expect(await states()).toEqual(after);
      expect(await queue.claim(1)).toHaveLength(0);
      await makeAvailable();
    }
    const [dead] = await db.query((sql) => sql<{ attempts: number; errorMessage: string }[]>`select * from frames`);
    expect(dead).toMatchObject({ attempts: 2, errorMessage: 'the detector is away' });
  });

  it('tries again what was missing: a share shows new files late', async () => {
    const queue = await openQueue();
    await queue.resolveCamera('a');
    await queue.record(toArrival('a'));
    for (const frame of await queue.claim(1)) await queue.fail(frame, new NightjarError('not_found', 'no such file'));
    expect(await states()).toEqual({ pending: 1 });
  });

  it('buries at once what cannot heal', async () => {
    const queue = await openQueue();
    await queue.resolveCamera('a');
    await queue.record(toArrival('a'));
    for (const frame of await queue.claim(1)) await queue.fail(frame, invalid);
    expect(await states()).toEqual({ dead: 1 });
  });

  it('waits for no time that was written while the clock of the server ran ahead', async () => {
    const queue = await openQueue();
    await queue.resolveCamera('a');
    await queue.record(toArrival('a'));
    await db.query((sql) => sql`update frames set available_at = now() + interval '60 s'`);
    expect(await queue.claim(1)).toHaveLength(0);
    await db.query((sql) => sql`update frames set available_at = now() + interval '1 h'`);
    expect(await queue.claim(1)).toHaveLength(1);
  });

  it('hands a frame back uncounted', async () => {
    const queue = await openQueue({ attemptsMax: 1 });
    await queue.resolveCamera('a');
    await queue.record(toArrival('a'));
    await queue.release(await queue.claim(1));
    expect((await queue.claim(1))[0]?.attempts).toBe(1);
  });

  it('fences off a result that comes after the lease was lost', async () => {
    const [slow, quick] = [await openQueue(), await openQueue()];
    await slow.resolveCamera('a');
    await slow.record(toArrival('a'));
    const late = await slow.claim(1);
    await db.query((sql) => sql`update frames set state = 'pending', lease_owner = null, lease_expires_at = null`);
    const again = await quick.claim(1);
    expect((await completeAll(slow, late)).size).toBe(0);
    expect(await states()).toEqual({ leased: 1 });
    expect((await completeAll(quick, again)).size).toBe(1);
    expect((await completeAll(quick, again)).size).toBe(0);
    expect(await states()).toEqual({ done: 1 });
  });

  it('takes back the frames of a process that is gone, soon, as suspects', async () => {
    const survivor = await openQueue();
    const doomed = await createTestQueue(db);
    await survivor.resolveCamera('a');
    await survivor.record(toArrival('a'));
    expect(await doomed.claim(1)).toHaveLength(1);
    await doomed.close(); // its connection, and with it its lock, goes as it would by SIGKILL
    await eventually(async () => (await survivor.claimSuspect()).length === 1, { what: 'the frame to be taken back' });
    expect(await survivor.claim(1)).toEqual([]);
  });

  it('loses no frame, and counts no attempt, when the connection of its lock is cut', async () => {
    const queue = await openQueue();
    await queue.resolveCamera('a');
    await queue.record(toArrival('a'));
    await queue.claim(1);
    const holders = () => db.query((sql) => sql<{ pid: number }[]>`
      select pid from pg_locks where locktype = 'advisory' and objsubid = 2
        and database = (select oid from pg_database where datname = current_database())`); // prettier-ignore
    const [before] = await holders();
    await db.query((sql) => sql`select pg_terminate_backend(${before?.pid ?? 0})`);
    const isBack = async () => ((await holders())[0]?.pid ?? before?.pid) !== before?.pid;
    await eventually(isBack, { what: 'the lock to be taken again' });
    expect(await db.query((sql) => sql`select state, attempts from frames`)).toMatchObject([
      { state: 'leased', attempts: 1 },
    ]);
  });

  it('keeps the lease of a frame that takes long, and loses that of one it forgot', async () => {
    const queue = await openQueue({ leaseMs: 600 });
    const other = await openQueue({ leaseMs: 600 });
    await queue.resolveCamera('a');
    await queue.record(toArrival('a'));
    const [frame] = await queue.claim(1);
    if (!frame) throw new Error('a frame waits');
    const expiry = async () => {
      const [row] = await db.query(
        (sql) => sql<{ leaseExpiresAt: Date | null }[]>`select lease_expires_at from frames`,
      );
      return row?.leaseExpiresAt?.getTime() ?? 0;
    };
    const first = await expiry();
    await eventually(async () => (await expiry()) > first + 600, { what: 'the lease to be renewed twice' });
    expect(await other.claim(1)).toHaveLength(0);
    queue.forget(frame);
    await eventually(async () => (await other.claim(1))[0]?.attempts === 2, {
      what: 'the forgotten frame to be taken back',
    });
  });

  it('keeps the lease of a frame that was claimed again before it was forgotten for the first time', async () => {
    const queue = await openQueue({ leaseMs: 600 });
    await queue.resolveCamera('a');
    await queue.record(toArrival('a'));
    const [first] = await queue.claim(1);
    if (!first) throw new Error('a frame waits');
    await queue.release([first]);
    expect(await queue.claim(1)).toMatchObject([{ id: first.id, attempts: first.attempts }]);
    queue.forget(first);
    const expiry = async () => {
      const [row] = await db.query((sql) => sql<{ at: Date | null }[]>`select lease_expires_at as at from frames`);
      return row?.at?.getTime() ?? 0;
    };
    const before = await expiry();
    await eventually(async () => (await expiry()) > before + 600, { what: 'the second lease to be renewed twice' });
  });

  it('wakes the other process when a frame arrives', async () => {
    let woken = 0;
    const here = await openQueue();
    await openQueue({ onPending: () => (woken += 1) });
    await here.resolveCamera('a');
    const before = woken;
    await here.record(toArrival('a'));
    await eventually(() => woken > before, { what: 'the notice' });
  });

  it('says how deep the queue is', async () => {
    const queue = await openQueue();
    await queue.resolveCamera('a');
    await Promise.all([1, 2, 3].map(() => queue.record(toArrival('a'))));
    await queue.claim(1);
    expect(await queue.depths()).toMatchObject({ pending: 2, leased: 1, dead: 0 });
    expect((await queue.depths()).oldest_pending_s).toBeGreaterThanOrEqual(0);
  });
});
