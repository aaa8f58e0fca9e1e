import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../tests/harness/eventually.ts';
import { NightjarError } from '../lib/errors.ts';
import { prune, readAfter } from './outbox.ts';
import { detectionCreated, eventOpened } from './test-messages.ts';
import { createTestHouse, expectSeqs, fromTo, subscribe, type TestHouse, closeAfterEachTest } from './test-house.ts';

closeAfterEachTest();

const HOUR_MS = 3_600_000;
const many = (count: number) => Array.from({ length: count }, () => eventOpened());
const pruneAll = (house: TestHouse) => prune(house.db, new Date(Date.now() + HOUR_MS), 10_000);

describe('replay', () => {
  it('brings everything above `after`, in pages, then what is live', async () => {
    const house = await createTestHouse();
    await house.send(...many(1_001));
    const client = await house.connect();
    expect(await subscribe(client, { after: 1 })).toBe(1_001);
    await house.send();
    await expectSeqs(client, fromTo(2, 1_002));
  });

  it('is filtered as live messages are', async () => {
    const house = await createTestHouse();
    await house.send(eventOpened('a'), detectionCreated('a'), eventOpened('b'), eventOpened('a'));
    const client = await house.connect();
    await subscribe(client, { after: 0, topics: ['event.*'], camera_ids: ['a'] });
    await house.send(eventOpened('b'), eventOpened('a'));
    await expectSeqs(client, [1, 4, 6]);
  });

  it('tells what is no longer kept', async () => {
    const house = await createTestHouse();
    await house.send(...many(5));
    await prune(house.db, new Date(Date.now() + HOUR_MS), 3);
    const [late, inTime] = [await house.connect(), await house.connect()];
    await subscribe(late, { after: 1 });
    await subscribe(inTime, { after: 3 });
    await Promise.all([expectSeqs(late, [4, 5]), expectSeqs(inTime, [4, 5])]);
    expect(late.received.slice(0, 2)).toEqual([
      { type: 'subscribed', data: { latest_seq: 5 } },
      { type: 'replay.gap', data: { oldest: 4 } },
    ]);
    expect(inTime.received.some(({ type }) => type === 'replay.gap')).toBe(false);
  });

  it('tells it also when nothing is kept at all', async () => {
    const house = await createTestHouse();
    await house.send(...many(5));
    await pruneAll(house);
    const client = await house.connect();
    await subscribe(client, { after: 2 });
    expect((await client.heard('replay.gap')).data).toEqual({ oldest: 6 });
    await house.send();
    await expectSeqs(client, [6]);
  });

  it('tells it to each client anew: what came since is kept', async () => {
    const house = await createTestHouse();
    await house.send(...many(1_000));
    await pruneAll(house);
    const first = await house.connect();
    await subscribe(first, { after: 300 });
    expect((await first.heard('replay.gap')).data).toEqual({ oldest: 1_001 });
    await house.send(...many(50));
    const second = await house.connect();
    await subscribe(second, { after: 300 });
    await Promise.all([first, second].map((client) => expectSeqs(client, fromTo(1_001, 1_050))));
  });

  it('skips nothing that comes while another reads that nothing is kept', async () => {
    let reading = (): void => undefined;
    let goOn = (): void => undefined;
    const isReading = new Promise<void>((resolve) => (reading = resolve));
    const mayGoOn = new Promise<void>((resolve) => (goOn = resolve));
    const house: TestHouse = await createTestHouse({
      hub: {
        readAfter: async (seq, limit) => {
          const found = await readAfter(house.db, seq, limit);
          if (seq !== 2) return found;
          reading();
          await mayGoOn;
          return found;
        },
      },
    });
    await house.send(...many(5));
    await pruneAll(house);
    const early = await house.connect();
    await subscribe(early, { after: 2 });
    await isReading;
    await house.send(...many(3));
    const late = await house.connect();
    expect(await subscribe(late, { after: 2 })).toBe(8);
    goOn();
    await Promise.all([early, late].map((client) => expectSeqs(client, [6, 7, 8])));
  });

  it('after a number that was never given begins at the latest', async () => {
    const house = await createTestHouse();
    await house.send(...many(3));
    const client = await house.connect();
    expect(await subscribe(client, { after: 1_000_000 })).toBe(3);
    expect((await client.heard('replay.gap')).data).toEqual({ oldest: 4 });
    await house.send();
    await expectSeqs(client, [4]);
    await subscribe(client, { after: Number.MAX_SAFE_INTEGER });
    await eventually(() => client.received.filter(({ type }) => type === 'replay.gap').length === 2);
    await house.send();
    await expectSeqs(client, [4, 5]);
  });

  it('after what is no number is answered, and changes nothing', async () => {
    const house = await createTestHouse();
    const client = await house.connect();
    await subscribe(client);
    for (const after of [-1, 1.5, '1', 2 ** 53]) client.say({ type: 'subscribe', topics: [], after });
    await eventually(() => client.received.filter(({ type }) => type === 'error').length === 4);
    await house.send();
    await expectSeqs(client, [1]);
  });

  it('a filter that changes while messages come loses none of either', async () => {
    const house = await createTestHouse({ sockets: { limits: { messagesPerSecondMax: 1_000 } } });
    const client = await house.connect();
    await subscribe(client, { camera_ids: ['always', 'a'] });
    const expected: number[] = [];
    for (let round = 0; round < 40; round++) {
      const camera = round % 2 === 0 ? 'a' : 'b';
      // Half of the changes are waited for; the others race with the messages, which matter only where always wanted.
      if (round % 4 < 2) await subscribe(client, { camera_ids: ['always', camera] });
      else client.say({ type: 'subscribe', camera_ids: ['always', camera] });
      await house.send(eventOpened('always'), eventOpened(round % 4 < 2 ? camera : 'never'), eventOpened('always'));
      const first = 3 * round + 1;
      expected.push(first, ...(round % 4 < 2 ? [first + 1] : []), first + 2);
    }
    await expectSeqs(client, expected);
  });

  it('believes a number that another process gave before this one heard of it', async () => {
    const house = await createTestHouse({ hub: { pollMs: HOUR_MS } });
    await house.send(...many(3));
    await house.store(many(2));
    await eventually(() => house.hub.latestSeq() === 3);
    const client = await house.connect();
    await subscribe(client, { after: 4 });
    await house.send();
    await expectSeqs(client, [5, 6]);
  });

  it('starts again when asked to, and keeps its place when only the filter changes', async () => {
    const house = await createTestHouse();
    await house.send(...many(700));
    const client = await house.connect();
    client.say({ type: 'subscribe', after: 100, topics: [] });
    client.say({ type: 'subscribe', after: 10, topics: ['event.*'] });
    client.say({ type: 'subscribe', topics: ['*'] });
    await expectSeqs(client, fromTo(11, 700));
    await subscribe(client, { after: 698 });
    await expectSeqs(client, [...fromTo(11, 700), 699, 700]);
  });

  it('waits for a client that is slow, instead of sending it away', async () => {
    const house = await createTestHouse({
      sockets: { limits: { bufferedBytesMax: 1_000_000, replayBufferedBytesMax: 100_000 } },
    });
    for (let round = 0; round < 30; round++)
      await house.send(...Array.from({ length: 10 }, () => eventOpened('a', 'x'.repeat(100_000))));
    const client = await house.connect();
    client.ws.pause();
    client.say({ type: 'subscribe', after: 0 });
    await house.send();
    client.ws.resume();
    await expectSeqs(client, fromTo(1, 301));
  }, 60_000);

  it('waits for the database when it is away', async () => {
    let failures = 3;
    const house: TestHouse = await createTestHouse({
      sockets: { limits: { retryMs: 5 } },
      hub: {
        pollMs: HOUR_MS,
        readAfter: async (seq, limit) => {
          if (seq === 1 && failures-- > 0) throw new NightjarError('unavailable', 'the database is away');
          return readAfter(house.db, seq, limit);
        },
      },
    });
    await house.send(...many(3));
    const client = await house.connect();
    await subscribe(client, { after: 1 });
    await expectSeqs(client, [2, 3]);
  });
});

describe('each client gets each message exactly once and in order', () => {
  it('through 200 disconnects, while several transactions publish at once', { timeout: 60_000 }, async () => {
    const house = await createTestHouse();
    const clients = 8;
    const disconnects = 25;
    let publishing = true;

    async function write(): Promise<void> {
      while (publishing) {
        await house.send(...many(1 + Math.floor(Math.random() * 3)));
        await sleep(Math.random() * 4);
      }
    }

    async function follow(): Promise<number[]> {
      const seen: number[] = [];
      for (let round = 0; round < disconnects; round++) {
        const wanted = seen.length + 1 + Math.floor(Math.random() * 20);
        await followOnce(seen, wanted, round % 2 === 0);
      }
      return seen;
    }

    async function followOnce(seen: number[], wanted: number, isRude: boolean): Promise<void> {
      const client = await house.connect();
      client.say({ type: 'subscribe', after: seen.at(-1) ?? 0 });
      await eventually(() => seen.length + client.seqs().length >= wanted);
      if (isRude) client.ws.terminate();
      else client.ws.close();
      await client.closed;
      seen.push(...client.seqs());
    }

    const writers = [1, 2, 3, 4].map(write);
    const seen = await Promise.all(Array.from({ length: clients }, follow)).finally(() => (publishing = false));
    await Promise.all(writers);
    for (const seqs of seen) expect(seqs).toEqual(fromTo(1, seqs.length));
    expect(Math.min(...seen.map((seqs) => seqs.length))).toBeGreaterThan(disconnects);
  });
});
