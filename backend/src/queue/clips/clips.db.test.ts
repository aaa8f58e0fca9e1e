import { createHash, randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../tests/harness/database.ts';
import { eventually } from '../../../tests/harness/eventually.ts';
import { createTestQueue, toArrival } from '../../../tests/harness/ledger.ts';
import { readAfter } from '../../broadcast/index.ts';
import { NightjarError } from '../../lib/errors.ts';
import type { ClipArrival, ClipFrame, ClipPlan, LeasedClip } from '../../model/clip.ts';
import type { Queue } from '../index.ts';

const unavailable = new NightjarError('unavailable', 'the disk is away');
const invalid = new NightjarError('invalid', 'not a film');
const CAPTURED = new Date('2024-06-10T12:00:00.000Z');
const plan: ClipPlan = {
  durationMs: 6_000,
  width: 640,
  height: 480,
  capturedAt: CAPTURED,
  capturedFrom: 'metadata',
  framesPlanned: 3,
};

const toSha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function toClipArrival(cameraId: string, partial: Partial<ClipArrival> = {}): ClipArrival {
  const sha256 = partial.sha256 ?? toSha256(randomUUID());
  return {
    cameraId,
    sourceName: `${sha256.slice(0, 8)}.mp4`,
    sha256,
    mediaType: 'video/mp4',
    mediaPath: `${cameraId}/${sha256.slice(0, 2)}/${sha256}.mp4`,
    bytes: 5_000_000_000,
    capturedAt: CAPTURED,
    capturedFrom: 'modified',
    left: null,
    ...partial,
  };
}

/** The same picture at each moment, as of a camera that sees nothing move. */
const toClipFrame = (offsetMs: number): ClipFrame => ({
  offsetMs,
  sha256: toSha256('still'),
  mediaPath: `a/aa/${toSha256('still')}.jpg`,
  width: 640,
  height: 480,
  bytes: 900,
});

describe('the ledger of clips', () => {
  let db: TestDatabase;
  const queues: Queue[] = [];
  const openQueue = async (options: Parameters<typeof createTestQueue>[1] = {}): Promise<Queue> => {
    const queue = await createTestQueue(db, options);
    queues.push(queue);
    return queue;
  };
  const query = <Row extends object>(text: string) => db.query((sql) => sql.unsafe<Row[]>(text));
  const states = async () =>
    (await query<{ state: string }>('select state from clips order by received_at, id')).map(({ state }) => state);
  const frames = () =>
    query<{ id: string; state: string; clipOffsetMs: number; capturedAt: Date; sourceName: string }>(
      'select * from frames order by clip_offset_ms',
    );
  const claim = async (queue: Queue): Promise<LeasedClip> => {
    const clip = await queue.clips.claimClip();
    if (!clip) throw new Error('a clip waits');
    return clip;
  };
  /** What the reaper does to a lease that ran out, without the wait. */
  const takeBack = () =>
    query(`update clips set state = 'pending', lease_owner = null, lease_expires_at = null where state = 'leased'`);

  beforeEach(async () => {
    db = await createTestDatabase();
    const queue = await openQueue();
    await Promise.all(['a', 'b', 'c'].map((folder) => queue.resolveCamera(folder)));
  });
  afterEach(async () => {
    await Promise.all(queues.splice(0).map((queue) => queue.close()));
    await db.close();
  });

  it('takes the file of a clip that had lost it, to be cut if it never was', async () => {
    const queue = await openQueue();
    await queue.resolveCamera('a');
    const arrival = toClipArrival('a');
    await queue.recordClip(arrival);
    await query(
      `update clips set state = 'dead', processed_at = now(), media_path = null, error_kind = 'not_found', error_message = 'lost'`,
    );
    expect(await queue.recordClip(arrival)).toBe('known');
    expect((await claim(queue)).mediaPath).toBe(arrival.mediaPath);
  });

  it('has a clip once, however often and however concurrently it arrives', async () => {
    const queue = await openQueue();
    const arrival = toClipArrival('a', { left: { path: 'a/x.mp4', bytes: 7, mtimeNs: '1' } });
    const results = await Promise.all(Array.from({ length: 20 }, () => queue.recordClip(arrival)));
    expect(results.filter((result) => result === 'recorded')).toHaveLength(1);
    expect(await queue.recordClip({ ...arrival, left: { path: 'a/y.mp4', bytes: 7, mtimeNs: '1' } })).toBe('known');
    expect(await queue.recordClip({ ...arrival, cameraId: 'b' })).toBe('recorded');
    expect(await states()).toEqual(['pending', 'pending']);
    for (const path of ['a/x.mp4', 'a/y.mp4']) {
      expect(await queue.isKnownFile({ path, bytes: 7, mtimeNs: '1' })).toBe(true);
      expect(await queue.isKnownFile({ path, bytes: 7, mtimeNs: '2' })).toBe(false);
    }
  });

  it('knows that what is at a path now is a clip, and then a picture again', async () => {
    const queue = await openQueue();
    const left = (mtimeNs: string) => ({ path: 'a/x', bytes: 7, mtimeNs });
    await queue.record(toArrival('a', { left: left('1') }));
    await queue.recordClip(toClipArrival('a', { left: left('2') }));
    expect(await query('select mtime_ns, frame_id is null as is_clip from inbox_files')).toEqual([
      { mtimeNs: '2', isClip: true },
    ]);
    await queue.record(toArrival('a', { left: left('3') }));
    expect(await query('select mtime_ns, clip_id is null as is_picture from inbox_files')).toEqual([
      { mtimeNs: '3', isPicture: true },
    ]);
  });

  it('tells that the camera is online, and wakes those who cut, here and in other processes', async () => {
    let woken = 0;
    let here = 0;
    await openQueue({ onClip: () => (woken += 1) });
    const queue = await openQueue({ onClip: () => (here += 1) });
    const before = woken;
    await queue.recordClip(toClipArrival('a'));
    expect(here).toBeGreaterThan(0);
    await eventually(() => woken > before, { what: 'the notice' });
    expect((await readAfter(db, 0, 10)).map(({ type }) => type)).toContain('camera.status');
  });

  it('gives each camera its turn, its newest clip first, and now and then the oldest of all', async () => {
    const queue = await openQueue();
    const at = (minute: number) => ({ capturedAt: new Date(CAPTURED.getTime() + minute * 60_000) });
    for (let minute = 0; minute < 20; minute += 1) await queue.recordClip(toClipArrival('a', at(minute)));
    for (const cameraId of ['b', 'c']) await queue.recordClip(toClipArrival(cameraId, at(-60)));
    const order: string[] = [];
    for (let count = 0; count < 8; count += 1) {
      const { cameraId, capturedAt } = await claim(queue);
      order.push(`${cameraId} ${(capturedAt.getTime() - CAPTURED.getTime()) / 60_000}`);
    }
    // Every fourth is the one that came first.
    expect(order).toEqual(['a 19', 'b -60', 'c -60', 'a 0', 'a 18', 'a 17', 'a 16', 'a 1']);
  });

  it('leaves clips of a disabled camera alone, and those that were just tried', async () => {
    const queue = await openQueue();
    await queue.recordClip(toClipArrival('a'));
    await query('update cameras set enabled = false');
    expect(await queue.clips.claimClip()).toBeUndefined();
    await query('update cameras set enabled = true');
    await queue.clips.failClip(await claim(queue), unavailable);
    expect([await states(), await queue.clips.claimClip()]).toEqual([['pending'], undefined]);
  });

  it('never leases a clip twice at once, with eight claimers racing', async () => {
    const first = await openQueue();
    const all = [first, await openQueue(), await openQueue(), await openQueue()];
    await Promise.all(Array.from({ length: 40 }, () => first.recordClip(toClipArrival('a'))));
    const claimed: string[] = [];
    const claimUntilDry = async (queue: Queue): Promise<void> => {
      while ((await states()).includes('pending')) {
        const clip = await queue.clips.claimClip();
        if (clip) claimed.push(clip.id);
      }
    };
    await Promise.all([...all, ...all].map(claimUntilDry));
    expect(claimed).toHaveLength(40);
    expect(new Set(claimed).size).toBe(40);
  });

  it('makes frames of a clip, each with its own time and place, though they look the same', async () => {
    let woken = 0;
    const queue = await openQueue({ onPending: () => (woken += 1) });
    await queue.recordClip(toClipArrival('a', { sourceName: 'day/x.mp4' }));
    const clip = await claim(queue);
    expect(await queue.clips.planClip(clip, plan)).toBe(true);
    const before = woken;
    expect(await queue.clips.recordClipFrames(clip, [0, 2_000, 4_000].map((offset) => ({ ...toClipFrame(offset), traceParent: `trace ${offset}` })))).toBe(true); // prettier-ignore
    expect(woken).toBeGreaterThan(before);
    expect(await queue.clips.completeClip(clip)).toBe(true);
    queue.clips.forgetClip(clip);
    expect(await frames()).toMatchObject(
      [0, 2_000, 4_000].map((offset) => ({
        state: 'pending',
        cameraId: 'a',
        clipId: clip.id,
        clipOffsetMs: offset,
        capturedAt: new Date(CAPTURED.getTime() + offset),
        sourceName: 'day/x.mp4',
        mediaType: 'image/jpeg',
      })),
    );
    expect(await query('select * from clips')).toMatchObject([{ ...plan, state: 'done', errorKind: null }]);
    const claimed = await queue.claim(5);
    expect(claimed.map(({ clipOffsetMs }) => clipOffsetMs)).toEqual([0, 2_000, 4_000]);
    expect(claimed.map(({ traceParent }) => traceParent)).toEqual(['trace 0', 'trace 2000', 'trace 4000']);
  });

  it('keeps the first plan, and takes no frames before there is one', async () => {
    const queue = await openQueue();
    await queue.recordClip(toClipArrival('a'));
    const clip = await claim(queue);
    await expect(queue.clips.recordClipFrames(clip, [toClipFrame(0)])).rejects.toMatchObject({ kind: 'internal' });
    await queue.clips.planClip(clip, plan);
    const other = { ...plan, durationMs: 9, framesPlanned: 9, capturedAt: new Date(0), capturedFrom: 'name' as const };
    expect(await queue.clips.planClip(clip, other)).toBe(true);
    expect(await query('select * from clips')).toMatchObject([plan]);
  });

  it('goes on after a crash where it was, each offset once', async () => {
    const [first, second] = [await openQueue(), await openQueue()];
    await first.recordClip(toClipArrival('a'));
    const clip = await claim(first);
    await first.clips.planClip(clip, plan);
    await first.clips.recordClipFrames(clip, [toClipFrame(0), toClipFrame(2_000)]);
    await takeBack();
    const again = await claim(second);
    expect(again).toMatchObject({ attempts: 2, framesPlanned: 3, capturedAt: CAPTURED });
    expect(await second.clips.recordedOffsets(again)).toEqual(new Set([0, 2_000]));
    const before = await frames();
    await second.clips.recordClipFrames(again, [toClipFrame(2_000), toClipFrame(4_000)]);
    expect((await frames()).map(({ clipOffsetMs }) => clipOffsetMs)).toEqual([0, 2_000, 4_000]);
    expect((await frames()).slice(0, 2)).toEqual(before);
  });

  it('fences off whoever lost the lease: nothing that comes too late changes anything', async () => {
    const [slow, quick] = [await openQueue(), await openQueue()];
    await slow.recordClip(toClipArrival('a'));
    const late = await claim(slow);
    await slow.clips.planClip(late, plan);
    await takeBack();
    const again = await claim(quick);
    expect(await slow.clips.planClip(late, { ...plan, durationMs: 1 })).toBe(false);
    expect(await slow.clips.recordClipFrames(late, [toClipFrame(0)])).toBe(false);
    expect(await slow.clips.completeClip(late)).toBe(false);
    await slow.clips.failClip(late, invalid);
    await slow.clips.releaseClip(late);
    expect([await frames(), await states()]).toEqual([[], ['leased']]);
    expect(await quick.clips.recordClipFrames(again, [toClipFrame(0)])).toBe(true);
    expect(await quick.clips.completeClip(again)).toBe(true);
    expect(await quick.clips.recordClipFrames(again, [toClipFrame(2_000)])).toBe(false);
    expect(await frames()).toHaveLength(1);
    expect(await states()).toEqual(['done']);
  });

  it('has each offset once when two who believe to hold the clip write at the same time', async () => {
    const [slow, quick] = [await openQueue(), await openQueue()];
    const offsets = Array.from({ length: 30 }, (_, index) => index * 100);
    await slow.recordClip(toClipArrival('a'));
    const late = await claim(slow);
    await slow.clips.planClip(late, plan);
    const write = async (queue: Queue, clip: LeasedClip): Promise<boolean> => {
      for (const offset of offsets)
        if (!(await queue.clips.recordClipFrames(clip, [toClipFrame(offset)]))) return false;
      return queue.clips.completeClip(clip);
    };
    const lost = write(slow, late);
    await eventually(async () => (await frames()).length > 3);
    await takeBack();
    const kept = write(quick, await claim(quick));
    expect(await Promise.all([lost, kept])).toEqual([false, true]);
    expect((await frames()).map(({ clipOffsetMs }) => clipOffsetMs)).toEqual(offsets);
  });

  it('tries again what may heal, buries what cannot, and tells of it', async () => {
    const queue = await openQueue({ attemptsMax: 2 });
    await queue.recordClip(toClipArrival('a'));
    for (const after of ['pending', 'dead']) {
      await queue.clips.failClip(await claim(queue), unavailable);
      expect(await states()).toEqual([after]);
      await query('update clips set available_at = now()');
    }
    await queue.recordClip(toClipArrival('b'));
    await queue.clips.failClip(await claim(queue), invalid);
    const told = (await readAfter(db, 0, 20)).filter(({ type }) => type === 'clip.dead');
    expect(told.map(({ data }) => data)).toMatchObject([
      { camera_id: 'a', state: 'dead', attempts: 2, error: { kind: 'unavailable', message: 'the disk is away' } },
      { camera_id: 'b', state: 'dead', attempts: 1, bytes: 5_000_000_000, error: { kind: 'invalid' } },
    ]);
  });

  it('takes clips back uncounted: one that is handed back, and those still held when the queue closes', async () => {
    const queue = await openQueue({ attemptsMax: 1 });
    const closing = await createTestQueue(db, { attemptsMax: 1 });
    await queue.recordClip(toClipArrival('a'));
    await queue.clips.releaseClip(await claim(queue));
    await claim(closing);
    await closing.close();
    expect((await claim(queue)).attempts).toBe(1);
  });

  it('takes back the clip of a process that is gone, and buries it after the last attempt', async () => {
    const survivor = await openQueue({ attemptsMax: 3 });
    await survivor.recordClip(toClipArrival('a'));
    await query(`update clips set state = 'leased', attempts = 1, lease_owner = 1, lease_expires_at = now() + interval '1 h'`);
    await eventually(async () => (await states())[0] === 'pending', { what: 'the clip to be taken back' });
    await query(`update clips set state = 'leased', attempts = 3, lease_owner = 1, lease_expires_at = now() - interval '1 s'`);
    await eventually(async () => (await states())[0] === 'dead', { what: 'the clip to be buried' });
    const [dead] = (await readAfter(db, 0, 20)).filter(({ type }) => type === 'clip.dead');
    expect(dead?.data).toMatchObject({ error: { kind: 'unavailable' } });
  }); // prettier-ignore

  it('keeps the lease of a clip that takes long, and loses that of one it forgot', async () => {
    const queue = await openQueue({ leaseMs: 600 });
    await queue.recordClip(toClipArrival('a'));
    const clip = await claim(queue);
    const expiry = async () =>
      (await query<{ leaseExpiresAt: Date | null }>('select lease_expires_at from clips'))[0]?.leaseExpiresAt ?? null;
    const first = (await expiry())?.getTime() ?? 0;
    await eventually(async () => ((await expiry())?.getTime() ?? 0) > first + 600, { what: 'two renewals' });
    expect(await states()).toEqual(['leased']);
    queue.clips.forgetClip(clip);
    await eventually(async () => (await states())[0] === 'pending', { what: 'the forgotten clip to be taken back' });
  });

  it('says how many clips wait and are being cut', async () => {
    const queue = await openQueue();
    await Promise.all([1, 2, 3].map(() => queue.recordClip(toClipArrival('a'))));
    await claim(queue);
    expect(await queue.depths()).toMatchObject({ clips: { pending: 2, leased: 1, dead: 0 } });
  });
});
