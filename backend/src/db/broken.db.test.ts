/** Connections that break in the middle of what they do: an error for whoever uses them, and no more than that. */
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { eventually } from '../../tests/harness/eventually.ts';
import { AwayError } from '../lib/errors.ts';
import { connect, type Sql, type Tx } from './index.ts';

let db: TestDatabase;
let other: Sql;
beforeAll(async () => {
  db = await createTestDatabase();
  other = connect(db.target, { max: 1 });
});
afterAll(async () => {
  await other.end();
  await db.close();
});

const readPid = async (tx: Tx): Promise<number> =>
  (await tx<{ pid: number }[]>`select pg_backend_pid() as pid`)[0]?.pid ?? 0;

async function cut(pid: number): Promise<void> {
  await other`select pg_terminate_backend(${pid})`;
  const isGone = async () => (await other`select from pg_stat_activity where pid = ${pid}`).length === 0;
  await eventually(isGone, { what: 'the end of the session' });
}

it('with a statement under way', async () => {
  const broken = db.transaction(async (tx) => {
    const pid = await readPid(tx);
    const sleeping = tx`select pg_sleep(60)`;
    void cut(pid);
    await sleeping;
  });
  await expect(broken).rejects.toBeInstanceOf(AwayError);
  expect(await db.query((sql) => sql`select 1 as one`)).toEqual([{ one: 1 }]);
});

it('between two statements', async () => {
  let reached = 0;
  const broken = db.transaction(async (tx) => {
    await cut(await readPid(tx));
    // The news of its end is in the socket by now: let it be read.
    for (let round = 0; round < 5; round += 1) await turn();
    await tx`select 1`;
    reached += 1;
  });
  await expect(broken).rejects.toBeInstanceOf(AwayError);
  expect(reached).toBe(0);
});

it('and the caller fails for reasons of its own', async () => {
  const broken = db.transaction(async (tx) => {
    await cut(await readPid(tx));
    for (let round = 0; round < 5; round += 1) await turn();
    throw new Error('mine');
  });
  await expect(broken).rejects.toThrow();
});

it('all at once, again and again: the pool works on', async () => {
  for (let round = 0; round < 10; round += 1) {
    const work = () =>
      db.transaction(async (tx) => {
        await tx`select pg_sleep(0.01)`;
        await tx`select 1`;
      });
    const working = Promise.allSettled(Array.from({ length: 20 }, work));
    await other`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`;
    for (const result of await working)
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(AwayError);
  }
  const reads = await Promise.all(Array.from({ length: 20 }, () => db.query((sql) => sql`select 1 as one`)));
  expect(reads).toHaveLength(20);
});

it('left open by a process that stands still: its locks are free again, and it finds out', async () => {
  const [row] = await other<{ limit: string }[]>`
    select current_setting('idle_in_transaction_session_timeout') as limit`;
  expect(row).toEqual({ limit: '10s' });
  const broken = db.transaction(async (tx) => {
    await tx`set local idle_in_transaction_session_timeout = '100ms'`;
    await tx`update outbox_head set seq = seq + 1`;
    // Standing still. Whoever waits for that row gets it.
    await other`select from outbox_head for update`;
    await tx`select 1`;
  });
  await expect(broken).rejects.toBeInstanceOf(AwayError);
  expect(await db.query((sql) => sql`select seq from outbox_head`)).toEqual([{ seq: 0 }]);
});
