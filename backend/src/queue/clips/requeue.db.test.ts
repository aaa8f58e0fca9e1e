import { afterEach, beforeEach, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../tests/harness/database.ts';
import { eventually } from '../../../tests/harness/eventually.ts';
import { createTestQueue } from '../../../tests/harness/ledger.ts';
import { NightjarError } from '../../lib/errors.ts';
import type { LeasedClip } from '../../model/clip.ts';
import { createClipRequeue, type ClipRequeue, type Queue } from '../index.ts';

const NOBODY = '00000000-0000-7000-8000-000000000000';
const CAPTURED = new Date('2024-06-10T12:00:00.000Z');
const sha256 = 'a'.repeat(64);

let db: TestDatabase;
let queue: Queue;
let requeue: ClipRequeue;
let stored = true;
let woken = 0;
beforeEach(async () => {
  db = await createTestDatabase();
  [stored, woken] = [true, 0];
  queue = await createTestQueue(db, { onClip: () => (woken += 1) });
  requeue = createClipRequeue({ db, hasMedia: () => Promise.resolve(stored) });
  await queue.resolveCamera('a');
  await queue.resolveCamera('b');
});
afterEach(async () => {
  await queue.close();
  await db.close();
});

async function claimOne(): Promise<LeasedClip> {
  const clip = await queue.clips.claimClip();
  if (!clip) throw new Error('a clip waits');
  return clip;
}

/** Dead clips, a second apart. */
const bury = (cameraId: string, count: number, kind = 'unavailable') => db.query((sql) => sql`
  insert into clips (id, camera_id, state, source_name, sha256, media_type, media_path, bytes, captured_at, captured_from,
    processed_at, attempts, error_kind, error_message)
  select gen_random_uuid(), ${cameraId}, 'dead', n || '.mp4', encode(sha256((${cameraId}::text || ${kind}::text || n)::bytea), 'hex'), 'video/mp4',
    'x', 1000, timestamptz '2024-06-10 12:00:00Z' + n * interval '1 s', 'name', now(), 5, ${kind}, 'it is away'
  from generate_series(1, ${count}::int) as n`); // prettier-ignore

it('a dead clip has all its attempts again, keeps its reason, and goes on after the frames that it has', async () => {
  const at = { capturedAt: CAPTURED, capturedFrom: 'modified' as const };
  await queue.recordClip({ cameraId: 'a', sourceName: 'x.mp4', sha256, mediaType: 'video/mp4', mediaPath: 'a/x', bytes: 9, ...at, left: null }); // prettier-ignore
  const first = await claimOne();
  await queue.clips.planClip(first, { durationMs: 4_000, width: 640, height: 480, framesPlanned: 2, ...at });
  await queue.clips.recordClipFrames(first, [{ offsetMs: 0, sha256, mediaPath: 'a/f', width: 640, height: 480, bytes: 9 }]); // prettier-ignore
  await queue.clips.failClip(first, new NightjarError('invalid', 'ffmpeg crashed'));
  queue.clips.forgetClip(first);
  const before = woken;
  const error = { kind: 'invalid', message: 'ffmpeg crashed' };
  expect(await requeue.one(first.id)).toMatchObject({ id: first.id, state: 'pending', attempts: 0, processedAt: null, error }); // prettier-ignore
  await eventually(() => woken > before, { what: 'those who cut to be woken' });
  const again = await claimOne();
  expect(again).toMatchObject({ id: first.id, attempts: 1, framesPlanned: 2 });
  expect(await queue.clips.recordedOffsets(again)).toEqual(new Set([0]));
});

it('is refused when there is no such clip, it is not dead, or its bytes are gone', async () => {
  await bury('a', 1);
  const [{ id } = { id: '' }] = await db.query((sql) => sql<{ id: string }[]>`select id from clips`);
  await expect(requeue.one(NOBODY)).rejects.toMatchObject({ kind: 'not_found', message: /clip/ });
  stored = false;
  await expect(requeue.one(id)).rejects.toMatchObject({ kind: 'conflict', message: /media store/ });
  stored = true;
  await requeue.one(id);
  await expect(requeue.one(id)).rejects.toMatchObject({ kind: 'conflict', message: /pending/ });
  await db.query((sql) => sql`update clips set state = 'dead', processed_at = now(), media_path = null`);
  await expect(requeue.one(id)).rejects.toMatchObject({ kind: 'conflict', message: /media store/ });
  expect(await requeue.dead({})).toBe(0);
});

it('all of them are queued again in steps, narrowed down by camera, kind and time of capture', async () => {
  for (const camera of ['a', 'b']) await bury(camera, 10, 'internal');
  await bury('a', 1_203);
  expect((await queue.depths()).clips).toEqual({ pending: 0, leased: 0, dead: 1_223 });
  const [since, until] = ['2024-06-10T12:00:03Z', '2024-06-10T12:00:07Z'].map((time) => new Date(time));
  expect(await requeue.dead({ cameraId: 'b', since, until })).toBe(4);
  expect(await requeue.dead({ cameraId: 'a', kind: 'internal' })).toBe(10);
  expect(await requeue.dead({})).toBe(1_209);
  expect((await queue.depths()).clips).toEqual({ pending: 1_223, leased: 0, dead: 0 });
});
