import { afterEach, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../tests/harness/database.ts';
import { eventually } from '../../tests/harness/eventually.ts';
import { systemClock } from '../lib/clock.ts';
import { silentLog } from '../lib/log.ts';
import type { Message } from '../model/wire.ts';
import { createLocalBus, type Bus } from './bus.ts';
import { createHub, type HubOptions } from './hub.ts';
import { prune, publish, readAfter, readLatest } from './outbox.ts';
import { eventOpened } from './test-messages.ts';

const HOUR_MS = 3_600_000;
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function createHouse(options: Partial<HubOptions> = {}, before = 0) {
  const db = await createTestDatabase();
  const bus: Bus = createLocalBus();
  let reads = 0;
  const send = (count = 1): Promise<readonly Message[]> =>
    db.transaction((tx) =>
      publish(
        tx,
        Array.from({ length: count }, () => eventOpened()),
        new Date(),
      ),
    );
  await send(before);
  const hub = await createHub({
    bus,
    readAfter: (seq, limit) => {
      reads += 1;
      return readAfter(db, seq, limit);
    },
    readLatest: () => readLatest(db),
    clock: systemClock,
    log: silentLog,
    pollMs: HOUR_MS,
    ...options,
  });
  closers.push(
    () => db.close(),
    () => hub.close(),
  );
  await eventually(() => reads > 0, { what: 'the first look' });
  const heard: number[] = [];
  hub.attach((deliveries) => heard.push(...deliveries.map(({ seq }) => seq)));
  return { db, bus, hub, send, heard, reads: () => reads };
}

/** What was heard goes out at the end of the turn. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('the hub', () => {
  it('starts at the latest', async () => {
    const { hub, heard } = await createHouse({}, 3);
    expect([hub.latestSeq(), heard]).toEqual([3, []]);
  });

  it('passes on the next number at once, without the database', async () => {
    const { bus, send, heard, reads } = await createHouse();
    const readsBefore = reads();
    bus.publish(await send(2));
    bus.publish(await send(1));
    await nextTurn();
    expect(heard).toEqual([1, 2, 3]);
    expect(reads()).toBe(readsBefore);
  });

  it('passes on together what is heard together, though a page brings some of it first', async () => {
    const { bus, hub, send } = await createHouse();
    const calls: number[][] = [];
    hub.attach((deliveries) => calls.push(deliveries.map(({ seq }) => seq)));
    const [first, second, third] = [await send(2), await send(), await send()];
    for (const told of [first, second, second, third]) bus.publish(told);
    await nextTurn();
    expect(calls).toEqual([[1, 2, 3, 4]]);
    const [lost, heard] = [await send(), await send()];
    for (const told of [heard, lost, heard]) bus.publish(told);
    await eventually(() => calls.flat().length === 6);
    await nextTurn();
    expect(calls.flat()).toEqual(upTo(6));
  });

  it('reads what a hint shows to be missing, and drops what it knows', async () => {
    const { bus, send, heard } = await createHouse();
    const [first, second, third] = [await send(), await send(450), await send()];
    bus.publish(third);
    await eventually(() => heard.length === 452);
    for (const late of [second, first, third]) bus.publish(late);
    bus.publish(await send());
    await nextTurn();
    expect(heard).toEqual(upTo(453));
  });

  it('hears of other processes by polling alone', async () => {
    const { send, heard } = await createHouse({ pollMs: 5 });
    for (let round = 0; round < 20; round++) await send(3);
    await eventually(() => heard.length === 60);
    expect(heard).toEqual(upTo(60));
  });

  it('looks again after a reconnect of the bus', async () => {
    let look: (messages: readonly Message[]) => void = () => undefined;
    const bus = {
      subscribe: (onMessages: typeof look) => {
        look = onMessages;
        return () => undefined;
      },
    };
    const { send, heard } = await createHouse({ bus });
    await send(3);
    look([]);
    await eventually(() => heard.length === 3);
  });

  it('goes on after what was pruned while it was away', async () => {
    const { db, bus, send, heard } = await createHouse();
    await send(5);
    await prune(db, new Date(Date.now() + HOUR_MS), 10);
    bus.publish(await send());
    await eventually(() => heard.length === 1);
    expect(heard).toEqual([6]);
  });

  it('shares a page among those who ask for it at the same time', async () => {
    const { hub, send, reads } = await createHouse();
    await send(3);
    const readsBefore = reads();
    const pages = await Promise.all(upTo(500).map(() => hub.readPage(1)));
    expect(reads()).toBe(readsBefore + 1);
    expect(new Set(pages.map(({ deliveries }) => deliveries[0]?.frame)).size).toBe(1);
    expect((await hub.readPage(0)).deliveries.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  it('tells nobody after it is closed', async () => {
    const { bus, hub, send, heard } = await createHouse();
    await hub.close();
    bus.publish(await send());
    await nextTurn();
    expect(heard).toEqual([]);
  });
});
