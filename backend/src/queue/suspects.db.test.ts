/** Frames that were in hand when their process ended: who is a suspect, who claims it, and when it is buried. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { eventually } from '../../tests/harness/eventually.ts';
import { createTestQueue, toArrival, toTransact } from '../../tests/harness/ledger.ts';
import { HangError, NightjarError } from '../lib/errors.ts';
import type { Queue } from './index.ts';
import { reapLeases, toBackoffSeconds, type Reaped } from './leases.ts';

let db: TestDatabase;
const queues: Queue[] = [];
beforeEach(async () => {
  db = await createTestDatabase();
});
afterEach(async () => {
  await Promise.all(queues.splice(0).map((queue) => queue.close()));
  await db.close();
});

async function openQueue(options: Parameters<typeof createTestQueue>[1] = {}): Promise<Queue> {
  const queue = await createTestQueue(db, options);
  queues.push(queue);
  return queue;
}

async function recordSome(queue: Queue, count: number): Promise<void> {
  await queue.resolveCamera('a');
  for (let at = 0; at < count; at += 1) await queue.record(toArrival('a', { sourceName: `${at}.jpg` }));
}

/** Takes back what is leased, as it is when its process is found to be gone (queue.db.test.ts sees to the finding). */
async function crash(attemptsMax = 3, { isGone = true } = {}): Promise<Reaped> {
  const leased = await db.query((sql) => sql<{ owner: number }[]>`select lease_owner as owner from frames where state = 'leased'`); // prettier-ignore
  const missing = leased.map(({ owner }) => owner);
  return toTransact(db)((tx, say) => reapLeases(tx, say, attemptsMax, { missing, gone: isGone ? missing : [] }));
}

interface Row {
  readonly state: string;
  readonly attempts: number;
  readonly crashes: number;
  readonly errorMessage: string | null;
}
const read = () => db.query((sql) => sql<Row[]>`select * from frames order by received_at, id`);
const makeAvailable = () => db.query((sql) => sql`update frames set available_at = now()`);

describe('suspects', () => {
  it('are those in hand when a process ended; the others go on without them', async () => {
    const queue = await openQueue();
    await recordSome(queue, 5);
    expect(await queue.hasSuspects()).toBe(false);
    await queue.claim(3);
    expect(await crash()).toEqual({ frames: 3, suspects: 3 });
    const message = 'the process that examined it ended, attempt 1';
    const suspects = (await read()).filter(({ crashes }) => crashes > 0);
    expect(suspects).toHaveLength(3);
    for (const suspect of suspects)
      expect(suspect).toMatchObject({ state: 'pending', attempts: 1, errorMessage: message });
    expect(await queue.hasSuspects()).toBe(true);
    expect(await queue.claim(10)).toHaveLength(2);
    expect(await queue.claim(10)).toHaveLength(0);
  });

  it('are claimed one at a time, the least tried first, and done like any other', async () => {
    const queue = await openQueue();
    await recordSome(queue, 3);
    await queue.claim(3);
    await crash();
    const [first] = await queue.claimSuspect();
    if (!first) throw new Error('a suspect waits');
    await queue.fail(first, new NightjarError('unavailable', 'it ended with SIGSEGV'));
    await makeAvailable();
    const others = [...(await queue.claimSuspect()), ...(await queue.claimSuspect())];
    expect(others.map(({ id, attempts }) => [id === first.id, attempts])).toEqual([[false, 2], [false, 2]]); // prettier-ignore
    expect((await toTransact(db)((tx) => queue.complete(tx, others))).size).toBe(2);
    expect(await queue.claimSuspect()).toMatchObject([{ id: first.id, attempts: 3 }]);
    expect(await queue.claimSuspect()).toEqual([]);
    expect(await queue.hasSuspects()).toBe(false);
  });

  it('are never claimed twice at once', async () => {
    const [a, b] = [await openQueue(), await openQueue()];
    await recordSome(a, 6);
    await a.claim(6);
    await crash();
    const claims = await Promise.all([a, b, a, b, a, b, a, b].map((queue) => queue.claimSuspect()));
    const ids = claims.flat().map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(0);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('of a camera that is switched off wait', async () => {
    const queue = await openQueue();
    await recordSome(queue, 1);
    await queue.claim(1);
    await crash();
    await db.query((sql) => sql`update cameras set enabled = false`);
    expect([await queue.hasSuspects(), await queue.claimSuspect()]).toEqual([false, []]);
  });

  it('get one more attempt after a first crash, whatever the limit, and are buried by the second', async () => {
    const queue = await openQueue({ attemptsMax: 1 });
    await recordSome(queue, 1);
    await queue.claim(1);
    await crash(1);
    expect(await read()).toMatchObject([{ state: 'pending', attempts: 1, crashes: 1 }]);
    await queue.claimSuspect();
    await crash(1);
    expect(await read()).toMatchObject([{ state: 'dead', attempts: 2, crashes: 2 }]);
  });

  it('fence off what comes late from the process that lost them', async () => {
    const [slow, quick] = [await openQueue(), await openQueue()];
    await recordSome(slow, 1);
    await slow.claim(1);
    await crash();
    const late = await slow.claimSuspect();
    await db.query((sql) => sql`update frames set state = 'pending', lease_owner = null, lease_expires_at = null`);
    const again = await quick.claimSuspect();
    expect((await toTransact(db)((tx) => slow.complete(tx, late))).size).toBe(0);
    expect((await toTransact(db)((tx) => quick.complete(tx, again))).size).toBe(1);
  });

  it('are not those whose process was only silent', async () => {
    const queue = await openQueue({ leaseMs: 600 });
    await recordSome(queue, 1);
    for (const frame of await queue.claim(1)) queue.forget(frame);
    await eventually(async () => (await read())[0]?.state === 'pending', { what: 'the lease to run out' });
    const message = 'the process that examined it was silent for too long, attempt 1';
    expect(await read()).toMatchObject([{ crashes: 0, errorMessage: message }]);
  });

  it('are those as well whose lease ran out before their process was known to be gone', async () => {
    const queue = await openQueue();
    await recordSome(queue, 1);
    await queue.claim(1);
    await db.query((sql) => sql`update frames set lease_owner = 1, lease_expires_at = now() - interval '1 h'`);
    expect(await crash(3, { isGone: false })).toEqual({ frames: 0, suspects: 0 });
    expect(await crash()).toEqual({ frames: 1, suspects: 1 });
    expect(await read()).toMatchObject([{ state: 'pending', crashes: 1 }]);
  });

  it('are those that native code never came back from', async () => {
    const queue = await openQueue();
    await recordSome(queue, 2);
    const [hung, failed] = await queue.claim(2);
    if (!hung || !failed) throw new Error('two frames wait');
    await queue.fail(hung, new HangError('no answer within 60000 ms'));
    await queue.fail(failed, new NightjarError('unavailable', 'the server is away'));
    await makeAvailable();
    expect(await queue.claim(2)).toMatchObject([{ id: failed.id }]);
    expect(await queue.claimSuspect()).toMatchObject([{ id: hung.id }]);
  });
});

it('frames that failed together come back spread over as long as they wait', () => {
  expect([0, 0.5, 1].map((random) => toBackoffSeconds(1, random))).toEqual([0.5, 1, 1.5]);
  expect(toBackoffSeconds(3, 0.5)).toBe(4);
  expect(toBackoffSeconds(50, 1)).toBe(90);
});
