/** One connection to a broker, past the guard. It does not come back by itself: whoever keeps it knows whether it may. */
import { MqttClient, type IClientOptions } from 'mqtt';
import { NightjarError, toMessage } from '../../lib/errors.ts';
import type { MqttSettings } from '../../model/channel.ts';
import type { Guard } from '../guard.ts';
import { openSocket } from '../socket.ts';

const KEEPALIVE_S = 30;
const CONNECT_MS_MAX = 10_000;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'mqtt:': 1883, 'mqtts:': 8883 };

export interface Connection {
  readonly client: MqttClient;
  /** Resolves when it is no more; never rejects. */
  readonly closed: Promise<void>;
  /** Resolves when the broker has it. Throws `unavailable` when the connection ends before. */
  publish(topic: string, payload: string | Buffer, options: { readonly retain: boolean }): Promise<void>;
  subscribe(filters: readonly string[]): Promise<void>;
  /** Leaves in good order, so that no will is told. */
  close(): Promise<void>;
}

export interface ConnectOptions {
  readonly clientId: string;
  readonly will?: IClientOptions['will'];
  readonly guard: Guard;
  readonly signal: AbortSignal;
}

/** Throws `forbidden`, `unavailable`, `unauthorized`. */
export async function connectToBroker(settings: MqttSettings, options: ConnectOptions): Promise<Connection> {
  const { clientId, will, guard, signal } = options;
  const url = new URL(settings.url);
  const port = Number(url.port) || (DEFAULT_PORTS[url.protocol] ?? 0);
  const place = { host: url.hostname, port, isEncrypted: url.protocol === 'mqtts:', ca: settings.ca };
  const socket = await openSocket(place, guard, signal);
  const client = new MqttClient(() => socket, {
    ...{ clientId, clean: true, reconnectPeriod: 0, resubscribe: false, queueQoSZero: false, protocolVersion: 4 },
    ...{ keepalive: KEEPALIVE_S, connectTimeout: CONNECT_MS_MAX },
    ...(settings.user !== null && { username: settings.user, password: settings.password ?? '' }),
    ...(will && { will }),
  });
  const closed = new Promise<void>((resolve) => client.once('close', resolve));
  client.on('error', () => undefined); // `close` follows, and the first connect hears of it below
  const gone = closed.then(() => Promise.reject(lost()));
  gone.catch(() => undefined); // also when nobody is waiting
  const orGone = <T>(work: Promise<T>): Promise<T> => Promise.race([work, gone]);
  try {
    await orGone(untilConnected(client, signal));
  } catch (thrown) {
    client.end(true);
    socket.destroy();
    throw signal.aborted ? signal.reason : toBrokerError(thrown);
  }
  return {
    client,
    closed,
    publish: async (topic, payload, { retain }) =>
      void (await orGone(client.publishAsync(topic, payload, { qos: 1, retain }))),
    subscribe: async (filters) => void (await orGone(client.subscribeAsync([...filters], { qos: 1 }))),
    close: () => Promise.race([client.endAsync(), closed]),
  };
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
