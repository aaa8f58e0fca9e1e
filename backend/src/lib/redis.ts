/** Connections to Redis that nobody has to wait for: while it is away, every command fails at once. */
import { Redis } from 'ioredis';

const RECONNECT_MS_FIRST = 100;
const RECONNECT_MS_MAX = 5_000;
/** A connection that owes an answer and is silent for so long is cut. */
const SILENCE_MS_MAX = 4_000;
const CONNECT_MS_MAX = 2_000;

/** Starts at once, needs no Redis to be there yet, and comes back by itself. The caller listens to `error`. */
export function connectRedis(url: string): Redis {
  return new Redis(url, {
    enableOfflineQueue: false,
    autoResubscribe: false, // whoever subscribes does it at every connect, the first one included
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_MS_MAX,
    socketTimeout: SILENCE_MS_MAX,
    retryStrategy: toReconnectMs,
  });
}

export async function endRedis(connection: Redis): Promise<void> {
  // While it waits for its next attempt, ioredis ends without a word.
  const isSilent = connection.status === 'end' || connection.status === 'reconnecting';
  const ended = isSilent ? undefined : new Promise((resolve) => connection.once('end', resolve));
  connection.disconnect();
  await ended;
}

/** Doubling up to the cap, then half of it by chance, so that a crowd of processes does not come back in step. */
function toReconnectMs(attempt: number): number {
  const fullMs = Math.min(RECONNECT_MS_MAX, RECONNECT_MS_FIRST * 2 ** Math.min(attempt, 16));
  return fullMs * (0.5 + Math.random() / 2);
}
