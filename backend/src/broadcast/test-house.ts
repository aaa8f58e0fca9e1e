/** A house for this room's tests: a real database, hub, HTTP server and `ws` clients. Its closers run after each test. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect } from 'vitest';
import { WebSocket } from 'ws';
import { createTestDatabase } from '../../tests/harness/database.ts';
import { eventually } from '../../tests/harness/eventually.ts';
import type { Database } from '../db/index.ts';
import { systemClock } from '../lib/clock.ts';
import { silentLog } from '../lib/log.ts';
import type { NewMessage } from '../model/index.ts';
import type { Message } from '../model/wire.ts';
import { createLocalBus, type Bus } from './bus.ts';
import { createHub, type HubOptions } from './hub.ts';
import { publish, readAfter, readLatest } from './outbox.ts';
import { eventOpened } from './test-messages.ts';
import { createSocketServer, type SocketServerOptions } from './sockets.ts';

const closers: (() => Promise<unknown> | undefined)[] = [];
/** Last opened, first closed. */
export const closeLater = (close: () => Promise<unknown> | undefined): void => void closers.push(close);

/** To be called at the top of a test file. */
export function closeAfterEachTest(): void {
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
}

export interface Received {
  readonly seq?: number;
  readonly type: string;
  readonly data: Record<string, unknown>;
}

export interface TestClient {
  readonly ws: WebSocket;
  readonly received: Received[];
  readonly closed: Promise<{ code: number; reason: string }>;
  say(message: object | string): void;
  /** The numbers of the durable messages received so far. */
  seqs(): number[];
  /** The first message of the type, once it is there. */
  heard(type: string): Promise<Received>;
}

interface HouseOptions {
  readonly sockets?: Partial<SocketServerOptions>;
  readonly hub?: Partial<HubOptions>;
  /** Of a house that shares them with another, which sees to their end. */
  readonly db?: Database;
  readonly bus?: Bus;
}

export async function createTestHouse(options: HouseOptions = {}) {
  const { sockets = {}, hub: hubOptions = {}, bus = createLocalBus() } = options;
  const db = options.db ?? (await createOwnDatabase());
  const hub = await createHub({
    bus,
    readAfter: (seq, limit) => readAfter(db, seq, limit),
    readLatest: () => readLatest(db),
    clock: systemClock,
    log: silentLog,
    pollMs: 50,
    ...hubOptions,
  });
  closers.push(() => hub.close());
  const server = createSocketServer({
    hub,
    authenticate: async () => ({ keyId: 'key', cameraIds: null }),
    status: async () => () => ({}),
    clock: systemClock,
    log: silentLog,
    ...sockets,
  });
  const http = createServer();
  http.on('upgrade', (request: IncomingMessage, socket, head) => server.handleUpgrade(request, socket, head));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
  closers.push(() => new Promise((resolve) => http.close(resolve)));
  closers.push(() => server.close());

  const store = (messages: readonly NewMessage[]): Promise<readonly Message[]> =>
    db.transaction((tx) => publish(tx, messages, new Date()));
  return {
    db,
    bus,
    hub,
    server,
    url,
    /** Stores in one transaction, and tells the bus after it. */
    async send(...messages: readonly NewMessage[]): Promise<void> {
      bus.publish(await store(messages.length > 0 ? messages : [eventOpened()]));
    },
    store,
    connect: (path = '/ws', protocols: string[] = [], headers: Record<string, string> = {}) =>
      connectClient(new WebSocket(`${url}${path}`, protocols, { headers })),
  };
}
async function createOwnDatabase(): Promise<Database> {
  const db = await createTestDatabase();
  closers.push(() => db.close());
  return db;
}
export type TestHouse = Awaited<ReturnType<typeof createTestHouse>>;

/** Rejects when the server refuses. */
export async function connectClient(ws: WebSocket): Promise<TestClient> {
  const received: Received[] = [];
  ws.on('message', (data: Buffer) => received.push(JSON.parse(data.toString()) as Received));
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    ws.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
  );
  await once(ws, 'open');
  ws.on('error', () => undefined); // what matters of a broken connection is its close code
  closers.push(async () => {
    if (ws.readyState !== ws.CLOSED) ws.terminate();
    await closed;
  });
  return {
    ws,
    received,
    closed,
    say: (message) => ws.send(typeof message === 'string' ? message : JSON.stringify(message)),
    seqs: () => received.map(({ seq }) => seq).filter((seq) => seq !== undefined),
    heard: (type) => eventually(() => received.find((message) => message.type === type), { what: `'${type}'` }),
  };
}

/** Subscribes and waits until the server says so. */
export async function subscribe(client: TestClient, fields: object = {}): Promise<number> {
  const before = client.received.filter(({ type }) => type === 'subscribed').length;
  client.say({ type: 'subscribe', ...fields });
  const answer = await eventually(() => client.received.filter(({ type }) => type === 'subscribed')[before]);
  return answer.data['latest_seq'] as number;
}

/** Tens of megabytes take their time on a busy machine. */
const SEQS_WITHIN_MS = 45_000;

export async function expectSeqs(client: TestClient, seqs: readonly number[]): Promise<void> {
  await eventually(() => client.seqs().length >= seqs.length, {
    withinMs: SEQS_WITHIN_MS,
    what: `${seqs.length} messages`,
  });
  expect(client.seqs()).toEqual(seqs);
}

export const fromTo = (first: number, last: number): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);
