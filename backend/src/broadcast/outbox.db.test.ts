import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { messageSchema } from '../model/wire.ts';
import { prune, publish, readAfter, readLatest, readOldest } from './outbox.ts';
import { detectionCreated, eventOpened } from './test-messages.ts';

const at = new Date('2026-03-01T12:00:00.123Z');
const minutesLater = (minutes: number): Date => new Date(at.getTime() + minutes * 60_000);

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.close());
beforeEach(async () => {
  await db.query((sql) => sql`delete from outbox`);
  await db.query((sql) => sql`update outbox_head set seq = 0`);
});

const publishAt = (time: Date, count = 1) =>
  db.transaction((tx) =>
    publish(
      tx,
      Array.from({ length: count }, () => eventOpened()),
      time,
    ),
  );
const seqsAfter = async (seq: number) => (await readAfter(db, seq, 1_000)).map((message) => message.seq);

describe('publish', () => {
  it('gives back what is stored, as the schema says', async () => {
    const given = [eventOpened('front_door', `quotes " ' \\ and é 夜鷹`), detectionCreated('yard')];
    const published = await db.transaction((tx) => publish(tx, given, at));
    expect(published.map(({ seq, at }) => [seq, at])).toEqual([
      [1, '2026-03-01T12:00:00.123Z'],
      [2, '2026-03-01T12:00:00.123Z'],
    ]);
    const stored = await readAfter(db, 0, 10);
    expect(stored).toEqual(published);
    expect(stored.map((message) => messageSchema.parse(message))).toEqual(published);
  });

  it('of nothing takes no number and no lock', async () => {
    expect(await db.transaction((tx) => publish(tx, [], at))).toEqual([]);
    expect(await readLatest(db)).toBe(0);
  });

  it('rolled back leaves no gap', async () => {
    await publishAt(at);
    const failing = db.transaction(async (tx) => {
      await publish(tx, [eventOpened(), eventOpened()], at);
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    await publishAt(at);
    expect(await seqsAfter(0)).toEqual([1, 2]);
  });

  it('numbers in commit order: a reader that remembers the last number misses none', { timeout: 60_000 }, async () => {
    const writers = 8;
    const rounds = 25;
    const committed: string[] = [];
    let writing = true;

    async function write(writer: number): Promise<void> {
      for (let round = 0; round < rounds; round++) {
        const name = `${writer}/${round}`;
        const isRolledBack = Math.random() < 0.3;
        await db
          .transaction(async (tx) => {
            await tx`select 1`; // the transaction, and its snapshot, begin here
            await sleep(Math.random() * 8);
            await publish(tx, [eventOpened('a', name), eventOpened('a', name)], at);
            await sleep(Math.random() * 3);
            if (isRolledBack) throw new Error('rolled back');
            committed.push(name);
          })
          .catch((thrown: unknown) => {
            if (!isRolledBack) throw thrown;
          });
      }
    }

    async function poll(): Promise<readonly { seq: number; name: string }[]> {
      const seen: { seq: number; name: string }[] = [];
      for (;;) {
        const isLastLook = !writing;
        for (const { seq, data } of await readAfter(db, seen.at(-1)?.seq ?? 0, 7))
          seen.push({ seq, name: 'summary' in data ? data.summary : '' });
        if (isLastLook && (await readLatest(db)) === (seen.at(-1)?.seq ?? 0)) return seen;
      }
    }

    const polling = poll();
    await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
    writing = false;
    const seen = await polling;
    expect(committed.length).toBeGreaterThan(0);
    expect(seen.map(({ seq }) => seq)).toEqual(Array.from({ length: committed.length * 2 }, (_, index) => index + 1));
    // Between two names the lock was given away only by a commit, so the order of commits is the order of numbers.
    expect(seen.map(({ name }) => name).sort()).toEqual([...committed, ...committed].sort());
  });
});

describe('prune', () => {
  it('forgets the oldest in small steps and keeps the numbers going', async () => {
    for (let minute = 0; minute < 5; minute++) await publishAt(minutesLater(minute));
    const horizon = minutesLater(3);
    expect([await prune(db, horizon, 2), await prune(db, horizon, 2), await prune(db, horizon, 2)]).toEqual([2, 1, 0]);
    expect(await seqsAfter(0)).toEqual([4, 5]);
    expect(await readOldest(db)).toBe(4);
    await prune(db, minutesLater(60), 10);
    expect([await readOldest(db), await readLatest(db)]).toEqual([6, 5]);
    await publishAt(at);
    expect(await seqsAfter(0)).toEqual([6]);
  });

  it('never tears a hole, though the clock stepped back', async () => {
    for (const minute of [0, 10, 1, 11]) await publishAt(minutesLater(minute));
    expect(await prune(db, minutesLater(5), 10)).toBe(1);
    expect(await seqsAfter(0)).toEqual([2, 3, 4]);
  });

  it('has nothing to do on an empty table', async () => {
    expect([await prune(db, at, 10), await readOldest(db), await readLatest(db)]).toEqual([0, 1, 0]);
  });
});
