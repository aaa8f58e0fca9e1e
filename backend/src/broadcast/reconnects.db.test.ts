/**
 * 500 disconnects at any moment, under load: two processes' worth of hubs and sockets on one database, joined by a Redis that is
 * killed and comes back in the middle. Each client asks for what comes after the last number it saw, at either of
 * the two, and must have got exactly what its filter lets through, once and in order.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { eventually } from '../../tests/harness/eventually.ts';
import { startRedis, type TestRedis } from '../../tests/harness/redis.ts';
import { sized } from '../../tests/harness/size.ts';
import { silentLog } from '../lib/log.ts';
import type { NewMessage } from '../model/index.ts';
import { createRedisBus } from './bus-redis.ts';
import { readAfter } from './outbox.ts';
import {
  closeAfterEachTest,
  closeLater,
  createTestHouse,
  expectSeqs,
  type TestClient,
  type TestHouse,
} from './test-house.ts';
import { alertCreated, cameraCreated, detectionCreated, eventOpened, frameDead } from './test-messages.ts';

const CLIENTS = 20;
const DISCONNECTS = sized(500, 5_000);
const WRITERS = 3;
const HISTORY = 600;
const LARGE_CHARACTERS = 20_000;
const TEST_MS = 300_000;

const cameras = ['yard', 'gate', 'door', 'hall'];
const kinds = [eventOpened, detectionCreated, alertCreated, cameraCreated, frameDead];

closeAfterEachTest();

type Chance = () => number;
type Filter = { readonly topics?: readonly string[]; readonly camera_ids?: readonly string[] };

/** Mulberry32: the same numbers for the same seed. */
function createChance(seed: number): Chance {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
const below = (chance: Chance, limit: number): number => Math.floor(chance() * limit);
const oneOf = <T>(chance: Chance, items: readonly T[]): T => items[below(chance, items.length)] as T;

function toMessage(chance: Chance): NewMessage {
  const camera = oneOf(chance, cameras);
  return chance() < 0.05 ? eventOpened(camera, 'x'.repeat(LARGE_CHARACTERS)) : oneOf(chance, kinds)(camera);
}

const filters: readonly Filter[] = [
  {},
  { topics: ['*'] },
  { topics: ['event.*', 'alert.created'] },
  { camera_ids: ['yard', 'gate'] },
  { topics: ['detection.created', 'frame.dead'], camera_ids: ['door'] },
];

const passes = ({ topics, camera_ids: ids }: Filter, type: string, cameraId: string): boolean =>
  (topics?.some((topic) => topic === '*' || type === topic || `${type.split('.')[0]}.*` === topic) ?? true) &&
  (ids?.includes(cameraId) ?? true);

type Way = 'destroyed' | 'reset' | 'closed' | 'paused and destroyed' | 'asked anew, then closed';
const ways: readonly Way[] = ['destroyed', 'reset', 'closed', 'paused and destroyed', 'asked anew, then closed'];

/** The TCP connection below a client of `ws`. */
const socketOf = (client: TestClient) => (client.ws as unknown as { _socket: { resetAndDestroy(): void } })._socket;

async function leave(client: TestClient, way: Way, chance: Chance, again: object): Promise<void> {
  if (way === 'paused and destroyed') {
    client.ws.pause();
    await sleep(chance() * 40);
  }
  if (way === 'asked anew, then closed') client.say(again);
  if (way === 'reset') socketOf(client).resetAndDestroy();
  else if (way === 'destroyed' || way === 'paused and destroyed') client.ws.terminate();
  else client.ws.close();
  await client.closed;
}

/** One client's life: a filter, many connections, and what it saw over all of them. */
function createVisitor(houses: readonly TestHouse[], filter: Filter, chance: Chance) {
  const seen: number[] = [];
  const connect = async (): Promise<TestClient> => {
    const client = await oneOf(chance, houses).connect();
    client.say({ type: 'subscribe', ...filter, after: seen.at(-1) ?? 0 });
    return client;
  };
  return {
    filter,
    seen,
    async visit(): Promise<void> {
      const client = await connect();
      // At once, in the middle of the replay, or when it is live.
      const wanted = oneOf(chance, [0, 0, 1, 5, 50, 300]);
      const patienceMs = chance() * 60;
      await Promise.race([sleep(patienceMs), eventually(() => client.seqs().length >= wanted).catch(() => undefined)]);
      await leave(client, oneOf(chance, ways), chance, { type: 'subscribe', ...filter });
      seen.push(...client.seqs());
    },
    /** The last time: until it has everything. */
    async finish(expected: readonly number[]): Promise<void> {
      const client = await connect();
      await expectSeqs(
        client,
        expected.filter((seq) => seq > (seen.at(-1) ?? 0)),
      );
      seen.push(...client.seqs());
    },
  };
}

async function readExpected(db: TestDatabase, filter: Filter): Promise<readonly number[]> {
  const messages = await readAfter(db, 0, 1_000_000);
  return messages.filter(({ type, data }) => passes(filter, type, toCamera(data))).map(({ seq }) => seq);
}

/** As the test knows the messages, not as the room does. */
function toCamera(data: object): string {
  if ('frame' in data) return (data.frame as { camera_id: string }).camera_id;
  return ('camera_id' in data ? data.camera_id : (data as unknown as { id: string }).id) as string;
}

it(`${DISCONNECTS} disconnects under load leave each client with everything, once and in order`, { timeout: TEST_MS }, async () => {
  const seed = Number(process.env['TEST_SEED'] ?? randomInt(2 ** 31));
  process.stdout.write(`reconnects: TEST_SEED=${seed}\n`);
  const chance = createChance(seed);
    const db = await createTestDatabase();
    closeLater(() => db.close());
    let redis: TestRedis = await startRedis();
    closeLater(() => redis.close());
    const openHouse = async () => {
      const bus = createRedisBus({ url: redis.url, log: silentLog });
      closeLater(() => bus.close());
      return createTestHouse({ db, bus, sockets: { limits: { messagesPerSecondMax: 1_000, replayBufferedBytesMax: 16_384 } } });
    };
    const houses = [await openHouse(), await openHouse()];
    const store = (house: TestHouse, count: number) => house.send(...Array.from({ length: count }, () => toMessage(chance)));
    for (let told = 0; told < HISTORY; told += 100) await store(oneOf(chance, houses), 100);

    let publishing = true;
    let visits = 0;
    const write = async (): Promise<void> => {
      while (publishing) {
        await store(oneOf(chance, houses), 1 + below(chance, 4));
        await sleep(chance() * 15);
      }
    };
    const visitors = Array.from({ length: CLIENTS }, (_, at) => createVisitor(houses, filters[at % filters.length] ?? {}, createChance(seed + 1 + at)));
    const stay = async (visitor: (typeof visitors)[number]): Promise<void> => {
      while (visits < DISCONNECTS) {
        visits += 1;
        await visitor.visit();
      }
    };
    const lose = async (): Promise<void> => {
      await eventually(() => visits > DISCONNECTS / 3, { withinMs: TEST_MS });
      await redis.close();
      await eventually(() => visits > DISCONNECTS / 2, { withinMs: TEST_MS });
      redis = await startRedis(redis.port);
    };
    const writers = Array.from({ length: WRITERS }, write);
    await Promise.all([...visitors.map(stay), lose()]).finally(() => (publishing = false));
    await Promise.all(writers);

    expect(visits).toBe(DISCONNECTS);
    for (const visitor of visitors) {
      const expected = await readExpected(db, visitor.filter);
      await visitor.finish(expected);
      expect(visitor.seen).toEqual(expected);
    }
}); // prettier-ignore
