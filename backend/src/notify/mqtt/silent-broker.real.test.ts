/** Against a server that takes connections, as a broker, and then says nothing, or too much. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { eventually } from '../../../tests/harness/eventually.ts';
import { startMosquitto, subscribeToAll } from '../../../tests/harness/mosquitto.ts';
import { systemClock as clock, type Clock } from '../../lib/clock.ts';
import { silentLog as log } from '../../lib/log.ts';
import { CHANNELS_CHANNEL } from '../../model/channel.ts';
import { createNotifier } from '../index.ts';
import { cleanups, db, guard, openForEachTest, seedChannel, toSending } from '../test-notify.ts';
import { connectToBroker } from './connection.ts';
import { sendOnce } from './send-once.ts';

openForEachTest();

const CONNACK = Buffer.from([0x20, 2, 0, 0]);
/** Time limits pass at once, pauses stay short. */
const quickClock: Clock = { ...clock, sleep: (ms, signal) => clock.sleep(ms / 20, signal) };

async function startSilent(onConnected: (socket: Socket) => void = () => undefined) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    socket.once('data', () => {
      socket.write(CONNACK);
      onConnected(socket);
      socket.resume();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.add(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return { sockets, url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const toSettings = (url: string) =>
  ({ url, user: null, password: null, base_topic: 'nightjar', discovery_prefix: 'homeassistant', ca: null }); // prettier-ignore

it('does not hold a message for ever, and leaves no connection behind', async () => {
  const { url, sockets } = await startSilent();
  await expect(sendOnce({ ...toSending(toSettings(url)), clock: quickClock })).rejects.toMatchObject({
    kind: 'unavailable',
    message: 'the broker does not answer',
  });
  await eventually(() => sockets.size === 0, { what: 'the end of the connection' });
});

it('holds up neither the other brokers nor the end of the process', async () => {
  const silent = await startSilent();
  const broker = await startMosquitto();
  cleanups.add(broker.close);
  const home = await subscribeToAll(broker.url);
  cleanups.add(home.close);
  const stalled = await seedChannel('mqtt', toSettings(silent.url));
  const readPicture = () => Promise.resolve(null);
  const switchOff = () => Promise.resolve(false);
  const subscribe = () => () => undefined;
  const notifier = createNotifier({ db, target: db.target, clock, log, allowed: ['127.0.0.0/8'], readPicture, switchOff, subscribe }); // prettier-ignore
  cleanups.add(() => notifier.close());
  await eventually(() => silent.sockets.size === 1, { what: 'the connection to the silent one' });
  await db.query((sql) => sql`update channels set enabled = false where id = ${stalled}`);
  await seedChannel('mqtt', toSettings(broker.url));
  await db.query((sql) => sql`select pg_notify(${CHANNELS_CHANNEL}, '')`);
  await home.last('nightjar/yard/activity');
  await eventually(() => silent.sockets.size === 0, { what: 'the end of the connection' });
  await db.query((sql) => sql`update channels set enabled = true where id = ${stalled}`);
  await db.query((sql) => sql`select pg_notify(${CHANNELS_CHANNEL}, '')`);
  await eventually(() => silent.sockets.size === 1, { what: 'the connection to the silent one again' });
  await notifier.close();
  expect(silent.sockets.size).toBe(0);
  await home.last('nightjar/status', (payload) => payload === 'offline');
}, 30_000);

it('is not listened to when it says more than anybody has to', async () => {
  let poured = 0;
  const { url } = await startSilent((socket) => {
    // A message of 200 MB begins.
    socket.write(Buffer.from([0x30, 0x80, 0x84, 0xaf, 0x5f]));
    const piece = Buffer.alloc(64 * 1024);
    const pour = (): void => {
      poured += piece.length;
      if (poured < 200_000_000 && socket.writable) socket.write(piece, pour);
    };
    pour();
  });
  const { signal } = new AbortController();
  const connection = await connectToBroker(toSettings(url), { clientId: 'x', guard, clock, signal });
  await connection.closed;
  expect(poured).toBeLessThan(50_000_000);
});
