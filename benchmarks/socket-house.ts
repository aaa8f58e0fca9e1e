/**
 * What the socket benchmark measures: outbox (a real PostgreSQL), bus, hub and sockets as the program joins them, in this
 * process; and beside them `ws` alone, on a port of its own.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { createCleanups } from '../backend/tests/harness/cleanups.ts';
import { eventually } from '../backend/tests/harness/eventually.ts';
import { startPostgres } from '../backend/tests/harness/postgres-server.ts';
import { createHub, createLocalBus, createSocketServer, createTransact, readAfter, readLatest } from '../backend/src/broadcast/index.ts'; // prettier-ignore
import { eventOpened } from '../backend/src/broadcast/test-messages.ts';
import { toTextFrame } from '../backend/src/broadcast/delivery.ts';
import { migrateDatabase, openDatabase } from '../backend/src/db/index.ts';
import { systemClock as clock } from '../backend/src/lib/clock.ts';
import { silentLog as log } from '../backend/src/lib/log.ts';
import { nowUs } from './socket-times.ts';

/** Characters, so that the time can be read from a known place. */
const US_DIGITS = 20;

export interface SocketHouse {
  readonly port: number;
  latestSeq(): number;
  /** So many messages in one transaction, each with the moment at which it began. */
  tell(count: number): Promise<void>;
  /** Resolves when the network has taken all that was sent. */
  drained(): Promise<void>;
}

export interface BareHouse {
  readonly port: number;
  /** The frame, to every client, by `ws` itself. */
  send(): void;
  /** The same bytes written to every connection, past `ws`. */
  write(): void;
  drained(): Promise<void>;
}

const toMessage = () => eventOpened('front_door', `${nowUs()}`.padStart(US_DIGITS, '0'));

/** All of it is gone afterwards. */
export async function withSocketHouses<T>(
  use: (houses: { ours: SocketHouse; bare: BareHouse }) => Promise<T>,
): Promise<T> {
  const cleanups = createCleanups();
  try {
    const postgres = await startPostgres({ fsync: 'on' });
    cleanups.add(() => postgres.close());
    await migrateDatabase({ url: postgres.url });
    const db = openDatabase({ url: postgres.url });
    cleanups.add(() => db.close());
    const bus = createLocalBus();
    const transact = createTransact({ db, bus, clock });
    const hub = await createHub({ bus, readAfter: (seq, limit) => readAfter(db, seq, limit), readLatest: () => readLatest(db), clock, log }); // prettier-ignore
    cleanups.add(() => hub.close());
    const authenticate = async () => ({ keyId: 'key', cameraIds: null });
    const sockets = createSocketServer({ hub, authenticate, status: async () => () => ({}), clock, log });
    const door = await openDoor();
    cleanups.add(() => closeDoor(door.server));
    cleanups.add(() => sockets.close());
    door.server.on('upgrade', (request, socket, head) => sockets.handleUpgrade(request, socket, head));
    const ours: SocketHouse = {
      port: door.port,
      latestSeq: hub.latestSeq,
      tell: (count) =>
        transact(async (_tx, say) => {
          for (let told = 0; told < count; told += 1) say(toMessage());
        }),
      drained: door.drained,
    };
    return await use({ ours, bare: await openBare(cleanups) });
  } finally {
    await cleanups.run();
  }
}

async function openBare(cleanups: ReturnType<typeof createCleanups>): Promise<BareHouse> {
  const door = await openDoor();
  const server = new WebSocketServer({ server: door.server, perMessageDeflate: false });
  const clients = new Set<{ readonly ws: WebSocket; readonly socket: Socket }>();
  server.on('connection', (ws, { socket }) => void clients.add({ ws, socket }));
  cleanups.add(async () => {
    for (const { ws } of clients) ws.terminate();
    await closeDoor(door.server);
  });
  const text = JSON.stringify({ seq: 1, at: new Date().toISOString(), ...toMessage() });
  const frame = toTextFrame(text);
  const payload = Buffer.from(text);
  return {
    port: door.port,
    send() {
      for (const { ws } of clients) ws.send(payload, { binary: false });
    },
    write() {
      for (const { socket } of clients) socket.write(frame);
    },
    drained: door.drained,
  };
}

async function openDoor() {
  const server = createServer().listen(0, '127.0.0.1');
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => void sockets.add(socket));
  await once(server, 'listening');
  return {
    server,
    port: (server.address() as AddressInfo).port,
    async drained(): Promise<void> {
      for (const socket of sockets) while (socket.writableLength > 0) await new Promise(setImmediate);
    },
  };
}

async function closeDoor(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await eventually(() => !server.listening);
}
