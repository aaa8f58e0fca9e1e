/**
 * The bus between processes, on Redis pub/sub. Two connections, for one that subscribes can do nothing else. Redis away
 * means: what is published reaches this process only, nothing is queued, and its part's tracker is told; when it is
 * back, subscribers are told to look at the database. Both connections are asked for a sign of life every two seconds, for
 * a Redis that hangs keeps its connections open.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { systemClock } from '../lib/clock.ts';
import { errorCode, toMessage } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { createLoop } from '../lib/loop.ts';
import { createPart, type Part } from '../lib/part.ts';
import { connectRedis, endRedis } from '../lib/redis.ts';
import type { TracedMessage } from '../model/index.ts';
import { messageSchema } from '../model/wire.ts';
import { createLocalBus, type Bus, type OnMessages } from './bus.ts';

/** Pub/sub channels belong to the whole Redis server, whatever the database number in the URL. */
export const REDIS_CHANNEL = 'nightjar:messages';
const BEAT_MS = 2_000;
/** Publishes sent and not yet answered: a Redis that accepts and never answers must not fill our memory. */
const UNANSWERED_MAX = 1_000;

const tracedSchema = z.intersection(messageSchema, z.object({ traceParent: z.string().optional() }));
const envelopeSchema = z.object({ origin: z.string(), messages: z.array(tracedSchema) });

export interface RedisBusOptions {
  readonly url: string;
  readonly log: Logger;
  /** Keeps houses with different databases apart that share one Redis server. */
  readonly channel?: string;
  /** Told when Redis goes away, and when it is back. */
  readonly part?: Pick<Part, 'away' | 'back'>;
}

/** Starts at once and needs no Redis to be there yet. */
export function createRedisBus(options: RedisBusOptions): Bus {
  const { url, log, channel = REDIS_CHANNEL, part = toRedisPart(log) } = options;
  const origin = randomUUID();
  const local = createLocalBus();
  const publisher = connectRedis(url);
  const subscriber = connectRedis(url);
  const lookAgain = new Set<OnMessages>();
  let unanswered = 0;
  let listening = false;
  let warned = false;
  let closing: Promise<void> | undefined;

  const isConnected = (): boolean => listening && publisher.status === 'ready';

  const isAway = (thrown: unknown): void => {
    if (!closing) part.away(toAwayReason(thrown), thrown);
  };

  function onPayload(payload: string): void {
    const envelope = parseEnvelope(payload);
    if (!envelope) {
      // Once: a process of another version on the same channel would fill the log.
      if (!warned) log.warn('ignored a message on the Redis channel that is none of ours');
      warned = true;
      return;
    }
    // Our own subscribers heard of ours when they were published.
    if (envelope.origin !== origin) local.publish(envelope.messages);
  }

  async function listen(): Promise<void> {
    await subscriber.subscribe(channel);
    listening = true;
    lookAgain.forEach((look) => look([]));
    if (isConnected()) part.back();
  }

  async function send(messages: readonly TracedMessage[]): Promise<void> {
    unanswered += 1;
    try {
      await publisher.publish(channel, JSON.stringify({ origin, messages }));
    } catch (thrown) {
      isAway(thrown); // lost to the other processes until they poll, which is what polling is for
    } finally {
      unanswered -= 1;
    }
  }

  subscriber.on('ready', () => void listen().catch(isAway));
  subscriber.on('close', () => (listening = false));
  subscriber.on('message', (_channel, payload) => onPayload(payload));
  publisher.on('ready', () => isConnected() && part.back());
  for (const connection of [publisher, subscriber])
    connection.on('error', isAway).on('close', () => isAway(new Error('the connection was lost')));

  // What it answers is of no interest: silence cuts the connection.
  const beat = createLoop({
    name: 'heartbeat of Redis',
    clock: systemClock,
    log,
    idleMs: BEAT_MS,
    runOnce: async () => {
      for (const connection of [publisher, subscriber])
        if (connection.status === 'ready') void connection.ping().catch(isAway);
      return false;
    },
  });

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
      closing ??= Promise.all([beat.close(), local.close(), endRedis(publisher), endRedis(subscriber)]).then(
        () => undefined,
      );
      return closing;
    },
  };
}

const toRedisPart = (log: Logger): Part => createPart({ ...redisPart, clock: systemClock, log });

/** How its tracker names it. */
export const redisPart = { name: 'Redis', consequence: 'other processes hear of messages by polling' } as const;

/** In words for any eyes; ioredis tells some things by their text only. */
function toAwayReason(thrown: unknown): string {
  const said = `${errorCode(thrown) ?? ''} ${toMessage(thrown)}`;
  if (/ECONNREFUSED|ENOENT/.test(said)) return 'it takes no connections';
  if (/TIMEDOUT|[Tt]imeout/.test(said)) return 'it does not answer';
  if (/ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH/.test(said)) return 'its host cannot be reached';
  if (/NOAUTH|WRONGPASS|NOPERM/.test(said)) return 'it does not let us in';
  if (/LOADING/.test(said)) return 'it is starting';
  return 'the connection was lost';
}

function parseEnvelope(payload: string): z.infer<typeof envelopeSchema> | null {
  try {
    return envelopeSchema.parse(JSON.parse(payload));
  } catch {
    return null; // not ours, or of another version: the caller warns, and polling finds what it may have told of
  }
}
