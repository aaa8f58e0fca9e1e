import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { eventually } from '../../tests/harness/eventually.ts';
import { freePort, startRedis } from '../../tests/harness/redis.ts';
import { silentLog } from '../lib/log.ts';
import type { Message } from '../model/wire.ts';
import { createRedisBus } from './bus-redis.ts';
import { createLocalBus, type Bus } from './bus.ts';
import { eventOpened } from './test-messages.ts';

const message = (seq: number): Message => ({ seq, at: '2026-03-01T12:00:00.000Z', ...eventOpened() });

const closers: (() => Promise<unknown> | undefined)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
function opened<T extends { close(): Promise<void> }>(part: T): T {
  closers.push(() => part.close());
  return part;
}

function listenTo(bus: Bus) {
  const heard: number[] = [];
  let looks = 0;
  const leave = bus.subscribe((messages) => {
    if (messages.length === 0) looks += 1;
    heard.push(...messages.map(({ seq }) => seq));
  });
  return { heard, leave, looks: () => looks };
}

/** A log that can be counted. */
function createLogBook() {
  const lines: { level: number; msg: string }[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as { level: number; msg: string });
  return { log: pino({ level: 'info' }, { write }), lines };
}

const untilConnected = (bus: Bus) => eventually(() => bus.health().connected, { what: 'the connection' });

describe.each([
  { kind: 'local', create: (): Bus => createLocalBus() },
  {
    kind: 'redis',
    create: (): Bus => createRedisBus({ url: inject('redisUrl'), log: silentLog, channel: randomUUID() }),
  },
] as const)('the $kind bus', ({ kind, create }) => {
  it('tells its own process before publish returns, each subscriber once', async () => {
    const bus = opened(create());
    await untilConnected(bus);
    const [one, two] = [listenTo(bus), listenTo(bus)];
    bus.publish([message(1), message(2)]);
    bus.publish([]);
    expect([one.heard, two.heard]).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(bus.health()).toEqual({ kind, connected: true });
  });

  it('leaves in peace who went away', async () => {
    const bus = opened(create());
    const [one, two] = [listenTo(bus), listenTo(bus)];
    one.leave();
    bus.publish([message(1)]);
    expect([one.heard, two.heard]).toEqual([[], [1]]);
  });

  it('is silent once closed, and closes twice', async () => {
    const bus = create();
    await untilConnected(bus);
    const ear = listenTo(bus);
    await Promise.all([bus.close(), bus.close()]);
    bus.publish([message(1)]);
    expect(ear.heard).toEqual([]);
    expect(bus.health().connected).toBe(false);
  });
});

describe('the redis bus between processes', () => {
  it('carries messages in order, and never back to where they came from', async () => {
    const channel = randomUUID();
    const [here, there] = [1, 2].map(() =>
      opened(createRedisBus({ url: inject('redisUrl'), log: silentLog, channel })),
    );
    if (!here || !there) throw new Error('two were made');
    await Promise.all([here, there].map(untilConnected));
    const [near, far] = [listenTo(here), listenTo(there)];
    for (let seq = 1; seq <= 50; seq++) here.publish([message(seq)]);
    there.publish([message(51)]);
    const all = Array.from({ length: 51 }, (_, index) => index + 1);
    await eventually(() => near.heard.length >= 51 && far.heard.length >= 51);
    expect(near.heard).toEqual(all);
    expect([...far.heard].sort((a, b) => a - b)).toEqual(all);
  });

  it('ignores nonsense with one warning', async () => {
    const channel = randomUUID();
    const book = createLogBook();
    const bus = opened(createRedisBus({ url: inject('redisUrl'), log: book.log, channel }));
    await untilConnected(bus);
    const ear = listenTo(bus);
    const stranger = new Redis(inject('redisUrl'));
    closers.push(() => stranger.quit());
    const good = JSON.stringify({ origin: 'elsewhere', messages: [message(7)] });
    const bad = ['', '{', '[]', '{"origin":"x","messages":[{"seq":1}]}', good.replace('event.opened', 'event.shouted')];
    for (const payload of [...bad, good]) await stranger.publish(channel, payload);
    await eventually(() => ear.heard.length > 0);
    expect(ear.heard).toEqual([7]);
    expect(book.lines.map(({ level }) => level)).toEqual([40]);
  });

  it('lives through Redis being killed and restarted', async () => {
    const port = await freePort();
    const first = opened(await startRedis(port));
    const book = createLogBook();
    const channel = randomUUID();
    const here = opened(createRedisBus({ url: first.url, log: book.log, channel }));
    const there = opened(createRedisBus({ url: first.url, log: silentLog, channel }));
    await Promise.all([here, there].map(untilConnected));
    const [near, far] = [listenTo(here), listenTo(there)];

    await first.close();
    await eventually(() => !here.health().connected && !there.health().connected);
    await eventually(() => book.lines.length > 0);
    for (let seq = 1; seq <= 2_000; seq++) here.publish([message(seq)]);
    expect(near.heard.length).toBe(2_000);

    opened(await startRedis(port));
    await Promise.all([here, there].map(untilConnected));
    await eventually(() => far.looks() > 0);
    here.publish([message(2_001)]);
    await eventually(() => far.heard.length > 0);
    // What was published while Redis was away is dropped, not queued; reading the database finds it.
    expect(far.heard).toEqual([2_001]);
    expect(book.lines.map(({ level }) => level)).toEqual([40, 30]);
  });

  it('starts without Redis and finds it later', async () => {
    const port = await freePort();
    const book = createLogBook();
    const bus = opened(createRedisBus({ url: `redis://127.0.0.1:${port}`, log: book.log, channel: randomUUID() }));
    const ear = listenTo(bus);
    await eventually(() => book.lines.length > 0);
    bus.publish([message(1)]);
    expect(ear.heard).toEqual([1]);
    opened(await startRedis(port));
    await untilConnected(bus);
    expect(book.lines.map(({ level }) => level)).toEqual([40, 30]);
  });

  it('closes while it is still connecting', async () => {
    await createRedisBus({ url: inject('redisUrl'), log: silentLog, channel: randomUUID() }).close();
  });
});
