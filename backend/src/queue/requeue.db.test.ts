import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { eventually } from '../../tests/harness/eventually.ts';
import { createTestQueue, toArrival } from '../../tests/harness/ledger.ts';
import { NightjarError } from '../lib/errors.ts';
import { silentLog as log } from '../lib/log.ts';
import type { Arrival, FrameState } from '../model/index.ts';
import { createNotices, createRequeue, INBOX_CHANNEL, type Queue, type Requeue, type RequeueOptions } from './index.ts';

const NOBODY = '00000000-0000-7000-8000-000000000000';
const junk = { mediaType: null, mediaPath: null, width: null, height: null, error: { kind: 'invalid', message: 'too large' } } as const; // prettier-ignore

let db: TestDatabase;
let queue: Queue;
let requeue: Requeue;
let stored = true;
let woken = 0;
let inspect: RequeueOptions['inspect'];
beforeEach(async () => {
  db = await createTestDatabase();
  [stored, woken] = [true, 0];
  inspect = () => Promise.reject(new NightjarError('invalid', 'too many pixels'));
  queue = await createTestQueue(db, { onPending: () => (woken += 1) });
  requeue = createRequeue({ db, hasMedia: () => Promise.resolve(stored), inspect: (...given) => inspect(...given) });
  await queue.resolveCamera('a');
  await queue.resolveCamera('b');
});
afterEach(async () => {
  await queue.close();
  await db.close();
});

interface Row {
  readonly id: string;
  readonly state: FrameState;
  readonly attempts: number;
  readonly crashes: number;
  readonly errorMessage: string | null;
  readonly processedAt: Date | null;
}
const read = () => db.query((sql) => sql<Row[]>`select * from frames order by captured_at, id`);

async function record(cameraId: string, partial: Partial<Arrival> = {}): Promise<string> {
  const arrival = toArrival(cameraId, partial);
  await queue.record(arrival);
  const [row] = await db.query((sql) => sql<Row[]>`select id from frames where source_name = ${arrival.sourceName}`);
  return row?.id ?? '';
}

/** Dead letters with a picture, a second apart. */
async function bury(cameraId: string, count: number, kind = 'unavailable'): Promise<void> {
  await db.query((sql) => sql`
    insert into frames (id, camera_id, state, source_name, sha256, media_type, media_path, width, height, bytes, captured_at,
      processed_at, attempts, error_kind, error_message)
    select gen_random_uuid(), ${cameraId}, 'dead', n || '.jpg', encode(sha256((${cameraId}::text || ${kind}::text || n)::bytea), 'hex'), 'image/jpeg',
      'x', 640, 480, 1000, timestamptz '2024-06-10 12:00:00Z' + n * interval '1 s', now(), 5, ${kind}, 'it is away'
    from generate_series(1, ${count}::int) as n`); // prettier-ignore
}
const pending = async (): Promise<number> => (await read()).filter(({ state }) => state === 'pending').length;

describe('one dead letter', () => {
  it('has all its attempts again, and keeps its reason and its past until it is done', async () => {
    const id = await record('a');
    const [leased] = await queue.claim(1);
    if (!leased) throw new Error('a frame waits');
    await queue.fail(leased, new NightjarError('invalid', 'not a whole picture'));
    await db.query((sql) => sql`update frames set crashes = 2`);
    const before = woken;
    expect(await requeue.one(id)).toMatchObject({ outcome: 'pending', frame: { id, state: 'pending', attempts: 0, processedAt: null } }); // prettier-ignore
    expect(await read()).toMatchObject([{ crashes: 2, errorMessage: 'not a whole picture' }]);
    await eventually(() => woken > before, { what: 'those who examine to be woken' });
    expect(await queue.claimSuspect()).toMatchObject([{ id, attempts: 1 }]);
  });

  it('is refused when there is no such frame, it is not dead, or its file is gone', async () => {
    const id = await record('a');
    await expect(requeue.one(NOBODY)).rejects.toMatchObject({ kind: 'not_found' });
    await expect(requeue.one(id)).rejects.toMatchObject({ kind: 'conflict', message: /pending/ });
    await db.query((sql) => sql`update frames set state = 'dead', processed_at = now(), error_kind = 'x', error_message = 'y'`); // prettier-ignore
    stored = false;
    await expect(requeue.one(id)).rejects.toMatchObject({ kind: 'conflict', message: /media store/ });
  });

  it('that was never read is forgotten with its file in the inbox, which is then new', async () => {
    const left = { path: 'a/x.jpg', bytes: 3, mtimeNs: '17' };
    const id = await record('a', { ...junk, sha256: null, left });
    expect(await queue.isKnownFile(left)).toBe(true);
    let told = 0;
    const notices = await createNotices({ db, log, channel: INBOX_CHANNEL, onNotice: () => (told += 1) });
    const before = told;
    expect(await requeue.one(id)).toMatchObject({ outcome: 'forgotten', frame: { id, state: 'dead' } });
    expect(await queue.isKnownFile(left)).toBe(false);
    await eventually(() => told > before, { what: 'ingest to be told' }).finally(notices.close);
    expect(await read()).toEqual([]);
  });

  it('that is junk and not kept stays where it is', async () => {
    const id = await record('a', junk);
    await expect(requeue.one(id)).rejects.toMatchObject({ kind: 'conflict', message: /never was a picture/ });
    expect(await read()).toMatchObject([{ state: 'dead' }]);
  });

  it('that is kept junk is looked at once more: a limit may have been raised', async () => {
    const id = await record('a', { ...junk, mediaPath: 'a/aa/aa.dead' });
    await expect(requeue.one(id)).rejects.toMatchObject({
      kind: 'conflict',
      message: /cannot be examined: too many pixels/,
    });
    expect(await read()).toMatchObject([{ state: 'dead' }]);
    inspect = () => Promise.reject(new NightjarError('unavailable', 'the store is away'));
    await expect(requeue.one(id)).rejects.toMatchObject({ kind: 'unavailable' });
    inspect = async () => ({ mediaType: 'image/png', width: 2_000, height: 1_000 });
    expect(await requeue.one(id)).toMatchObject({
      outcome: 'pending',
      frame: { id, mediaType: 'image/png', width: 2_000 },
    });
    expect(await queue.claim(1)).toMatchObject([{ id, mediaPath: 'a/aa/aa.dead', height: 1_000 }]);
  });
});

describe('all dead letters', () => {
  it('are queued again in steps, as far as they have a picture', async () => {
    await bury('a', 1_203);
    await record('a', junk);
    await record('a');
    expect(await requeue.dead({})).toBe(1_203);
    expect(await pending()).toBe(1_204);
    expect(await requeue.dead({})).toBe(0);
  });

  it('are looked at once more if they are kept junk', async () => {
    for (const name of ['text', 'bomb', 'svg'])
      await record('a', { ...junk, sourceName: `${name}.png`, mediaPath: `a/${name}.dead` });
    inspect = async (_mediaPath, name) => {
      if (name !== 'bomb.png') throw new NightjarError('invalid', 'not a picture');
      return { mediaType: 'image/png', width: 2_000, height: 1_000 };
    };
    expect(await requeue.dead({ kind: 'internal' })).toBe(0);
    expect(await requeue.dead({ kind: 'invalid' })).toBe(1);
    expect(await queue.claim(9)).toMatchObject([{ sourceName: 'bomb.png' }]);
  });

  it('are narrowed down by camera, kind and time of capture', async () => {
    for (const kind of ['unavailable', 'internal']) for (const camera of ['a', 'b']) await bury(camera, 10, kind);
    expect(await requeue.dead({ cameraId: 'a', kind: 'internal' })).toBe(10);
    const [since, until] = ['2024-06-10T12:00:03Z', '2024-06-10T12:00:07Z'].map((time) => new Date(time));
    expect(await requeue.dead({ cameraId: 'b', since, until })).toBe(8);
    expect(await requeue.dead({ cameraId: 'nobody' })).toBe(0);
    expect(await pending()).toBe(18);
  });

  it('are met once each: one that dies again meanwhile does not keep it going', async () => {
    await bury('a', 700);
    await db.query((sql) => sql`
      create function die_again() returns trigger language plpgsql as $$ begin
        new.state := 'dead'; new.processed_at := now(); return new; end $$`); // prettier-ignore
    await db.query((sql) => sql`create trigger die_again before update on frames for each row when (new.state = 'pending') execute function die_again()`); // prettier-ignore
    expect(await requeue.dead({})).toBe(700);
  });
});
