/** One connection to a broker, past the guard. It does not come back by itself: whoever keeps it knows whether it may. */
import type { Socket } from 'node:net';
import type { IClientOptions, MqttClient } from 'mqtt';
import type { Clock } from '../../lib/clock.ts';
import { NightjarError, toMessage } from '../../lib/errors.ts';
import { answerWithin } from '../../lib/time-limit.ts';
import type { MqttSettings } from '../../model/channel.ts';
import type { Guard } from '../guard.ts';
import { openSocket } from '../socket.ts';

const KEEPALIVE_S = 30;
const CONNECT_MS_MAX = 10_000;
/** A broker that takes nothing more is as good as gone, though its connection stands. */
const ANSWER_MS_MAX = 10_000;
const LEAVE_MS_MAX = 1_000;
/** Of what comes in: answers, and what stands retained under discovery. MQTT allows 256 MB, which would be gathered whole. */
const PACKET_BYTES_MAX = 256 * 1024;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'mqtt:': 1883, 'mqtts:': 8883 };

export interface Connection {
  readonly client: MqttClient;
  /** Resolves when it is no more; never rejects. */
  readonly closed: Promise<void>;
  /** Resolves when the broker has it. Throws `unavailable` when the connection ends before, as it does without an answer. */
  publish(topic: string, payload: string | Buffer, options: { readonly retain: boolean }): Promise<void>;
  subscribe(filters: readonly string[]): Promise<void>;
  /** Leaves in good order, so that no will is told; a broker that does not listen is left all the same. */
  close(): Promise<void>;
  /** Ends it at once: all that waits for an answer fails. */
  cut(): void;
}

export interface ConnectOptions {
  readonly clientId: string;
  readonly will?: IClientOptions['will'];
  readonly guard: Guard;
  readonly clock: Clock;
  /** Until it is connected. */
  readonly signal: AbortSignal;
}

/** Throws `forbidden`, `unavailable`, `unauthorized`. */
export async function connectToBroker(settings: MqttSettings, options: ConnectOptions): Promise<Connection> {
  const { clientId, will, guard, clock, signal } = options;
  const url = new URL(settings.url);
  const port = Number(url.port) || (DEFAULT_PORTS[url.protocol] ?? 0);
  const place = { host: url.hostname, port, isEncrypted: url.protocol === 'mqtts:', ca: settings.ca };
  const mqtt = await import('mqtt'); // a hundred modules, for those who have a broker
  const socket = await openSocket(place, guard, signal);
  const client = new mqtt.MqttClient(() => socket, {
    ...{ clientId, clean: true, reconnectPeriod: 0, resubscribe: false, queueQoSZero: false, protocolVersion: 4 },
    ...{ keepalive: KEEPALIVE_S, connectTimeout: CONNECT_MS_MAX },
    ...(settings.user !== null && { username: settings.user, password: settings.password ?? '' }),
    ...(will && { will }),
  });
  limitPackets(client, socket);
  const closed = new Promise<void>((resolve) => client.once('close', resolve));
  client.on('error', () => undefined); // `close` follows, and the first connect hears of it below
  const gone = closed.then(() => Promise.reject(lost()));
  gone.catch(() => undefined); // also when nobody is waiting
  const orGone = <T>(work: Promise<T>): Promise<T> => Promise.race([work, gone]);
  const cut = (): void => {
    client.end(true);
    socket.destroy();
  };
  const late = (): NightjarError => {
    cut();
    return new NightjarError('unavailable', 'the broker does not answer');
  };
  const inTime = async (ask: () => Promise<unknown>): Promise<void> =>
    void (await answerWithin({ timeoutMs: ANSWER_MS_MAX, clock, late }, () => orGone(ask())));
  try {
    await orGone(untilConnected(client, signal));
  } catch (thrown) {
    cut();
    throw signal.aborted ? signal.reason : toBrokerError(thrown);
  }
  return {
    client,
    closed,
    cut,
    publish: (topic, payload, { retain }) => inTime(() => client.publishAsync(topic, payload, { qos: 1, retain })),
    subscribe: (filters) => inTime(() => client.subscribeAsync([...filters], { qos: 1 })),
    async close() {
      const left = (): Promise<void> => Promise.race([client.endAsync(), closed]);
      // Nothing is lost by one that does not listen: it has had its time.
      await answerWithin({ timeoutMs: LEAVE_MS_MAX, clock, late }, left).catch(cut);
    },
  };
}

/** The library gathers a packet whole before anybody can look at it. */
function limitPackets(client: MqttClient, socket: Socket): void {
  let bytes = 0;
  client.on('packetreceive', () => (bytes = 0));
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > PACKET_BYTES_MAX) socket.destroy();
  });
}

const untilConnected = (client: MqttClient, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    client.once('connect', () => resolve());
    client.once('error', reject);
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });

const lost = (): NightjarError => new NightjarError('unavailable', 'the connection to the broker was lost');

/** A broker says in its answer to CONNECT why it refuses: 4 and 5 are about who we are (MQTT 3.1.1, section 3.2.2.3). */
function toBrokerError(thrown: unknown): NightjarError {
  if (thrown instanceof NightjarError) return thrown;
  const { code } = thrown as { code?: unknown };
  const kind = code === 4 || code === 5 ? 'unauthorized' : 'unavailable';
  return new NightjarError(kind, `the broker refused: ${toMessage(thrown)}`, { cause: thrown });
}
