/**
 * The bus between processes, on Redis pub/sub. Two connections, for one that subscribes can do nothing else. Redis away
 * means: what is published reaches this process only, nothing is queued, and one line is logged per outage; when it is
 * back, subscribers are told to look at the database.
 */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { z } from 'zod';
import type { Logger } from '../lib/log.ts';
import { messageSchema, type Message } from '../model/wire.ts';
import { createLocalBus, type Bus, type OnMessages } from './bus.ts';
import { createOutageLog } from './outage-log.ts';

/** Pub/sub channels belong to the whole Redis server, whatever the database number in the URL. */
export const REDIS_CHANNEL = 'nightjar:messages';
const RECONNECT_MS_FIRST = 100;
const RECONNECT_MS_MAX = 5_000;
/** Publishes sent and not yet answered: a Redis that accepts and never answers must not fill our memory. */
const UNANSWERED_MAX = 1_000;

const envelopeSchema = z.object({ origin: z.string(), messages: z.array(messageSchema) });

/**
 * `channel` keeps houses with different databases apart that share one Redis server. Starts at once and needs no Redis
 * to be there yet.
 */
export function createRedisBus({
  url,
  log,
  channel = REDIS_CHANNEL,
}: {
  readonly url: string;
  readonly log: Logger;
  readonly channel?: string;
}): Bus {
  const origin = randomUUID();
  const local = createLocalBus();
  const publisher = connectRedis(url);
  const subscriber = connectRedis(url);
  const outage = createOutageLog(log);
  const lookAgain = new Set<OnMessages>();
  let unanswered = 0;
  let listening = false;
  let closing: Promise<void> | undefined;

  const isConnected = (): boolean => listening && publisher.status === 'ready';

  function onPayload(payload: string): void {
    const envelope = parseEnvelope(payload);
    if (!envelope) {
      outage.nonsense();
      return;
    }
    // Our own subscribers heard of ours when they were published.
    if (envelope.origin !== origin) local.publish(envelope.messages);
  }

  async function listen(): Promise<void> {
    await subscriber.subscribe(channel);
    listening = true;
    lookAgain.forEach((look) => look([]));
    if (isConnected()) outage.ended();
  }

  async function send(messages: readonly Message[]): Promise<void> {
    unanswered += 1;
    try {
      await publisher.publish(channel, JSON.stringify({ origin, messages }));
    } catch (thrown) {
      outage.began(thrown); // lost to the other processes until they poll, which is what polling is for
    } finally {
      unanswered -= 1;
    }
  }

  subscriber.on('ready', () => void listen().catch((thrown: unknown) => outage.began(thrown)));
  subscriber.on('close', () => (listening = false));
  subscriber.on('message', (_channel, payload) => onPayload(payload));
  publisher.on('ready', () => isConnected() && outage.ended());
  for (const connection of [publisher, subscriber]) connection.on('error', (thrown) => outage.began(thrown));

  return {
    publish(messages) {
      local.publish(messages);
      const sendable = messages.length > 0 && publisher.status === 'ready' && unanswered < UNANSWERED_MAX;
      if (sendable && !closing) void send(messages);
    },
    subscribe(onMessages) {
      const look: OnMessages = (messages) => onMessages(messages);
      lookAgain.add(look);
      const leave = local.subscribe(onMessages);
      return () => {
        lookAgain.delete(look);
        leave();
      };
    },
    health: () => ({ kind: 'redis', connected: !closing && isConnected() }),
    close() {
      lookAgain.clear();
      closing ??= Promise.all([local.close(), endRedis(publisher), endRedis(subscriber)]).then(() => undefined);
      return closing;
    },
  };
}

function connectRedis(url: string): Redis {
  return new Redis(url, {
    enableOfflineQueue: false,
    autoResubscribe: false, // `listen` does it at every connect, the first one included
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: toReconnectMs,
  });
}

/** Doubling up to the cap, then half of it by chance, so that a crowd of processes does not come back in step. */
function toReconnectMs(attempt: number): number {
  const fullMs = Math.min(RECONNECT_MS_MAX, RECONNECT_MS_FIRST * 2 ** Math.min(attempt, 16));
  return fullMs * (0.5 + Math.random() / 2);
}

async function endRedis(connection: Redis): Promise<void> {
  // While it waits for its next attempt, ioredis ends without a word.
  const isSilent = connection.status === 'end' || connection.status === 'reconnecting';
  const ended = isSilent ? undefined : new Promise((resolve) => connection.once('end', resolve));
  connection.disconnect();
  await ended;
}

function parseEnvelope(payload: string): z.infer<typeof envelopeSchema> | null {
  try {
    return envelopeSchema.parse(JSON.parse(payload));
  } catch {
    return null; // not ours, or of another version: the caller warns, and polling finds what it may have told of
  }
}
