/** Who asked how often within a minute: counted in this process, or in Redis for all processes of a house together. */
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { AwayError, NightjarError } from '../../lib/errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { connectRedis, endRedis } from '../../lib/redis.ts';
import { answerWithin } from '../../lib/time-limit.ts';

const WINDOW_MS = 60_000;
/** Callers counted at once in this process; of more the first are forgotten, which lets them ask anew. */
const CALLERS_MAX = 50_000;
/** For one question to Redis: it is a matter of a millisecond, and every request waits for it. */
const ANSWER_MS_MAX = 250;
/** After Redis failed, it is not asked for so long. */
const PAUSE_MS = 2_000;

export interface Count {
  /** Of this window, the points just taken included. */
  readonly points: number;
  readonly resetMs: number;
}

export interface RateCounter {
  /** Never waits long, and never throws. */
  take(caller: string, points: number): Promise<Count>;
  close(): Promise<void>;
}

/** Windows of a minute, each begun by a caller's first request. */
export function createMemoryCounter({ clock, callersMax = CALLERS_MAX }: { clock: Clock; callersMax?: number }) {
  /** In the order in which their windows end. */
  const windows = new Map<string, { points: number; readonly endMs: number }>();

  function makeRoom(nowMs: number): void {
    for (const [caller, { endMs }] of windows) {
      if (endMs > nowMs && windows.size < callersMax) return;
      windows.delete(caller);
    }
  }

  return {
    take(caller: string, points: number): Promise<Count> {
      const nowMs = clock.nowMs();
      const known = windows.get(caller);
      const window = known && known.endMs > nowMs ? known : { points: 0, endMs: nowMs + WINDOW_MS };
      if (window !== known) {
        windows.delete(caller);
        makeRoom(nowMs);
        windows.set(caller, window);
      }
      window.points += points;
      return Promise.resolve({ points: window.points, resetMs: window.endMs - nowMs });
    },
    close: () => Promise.resolve(),
  } satisfies RateCounter;
}

export interface RedisCounterOptions {
  readonly url: string;
  /** Keeps houses apart that share one Redis server. */
  readonly houseId: string;
  /** Points a window has; what is beyond is counted all the same. */
  readonly pointsMax: number;
  readonly clock: Clock;
}

/**
 * Counted in Redis; in this process alone while Redis is away, which its tracker tells (broadcast/bus-redis.ts). One that
 * hangs holds up only those requests that are waiting for it at that moment, for `ANSWER_MS_MAX`.
 */
export function createRedisCounter({ url, houseId, pointsMax, clock }: RedisCounterOptions): RateCounter {
  const connection = connectRedis(url);
  connection.on('error', () => undefined);
  const insurance = createMemoryCounter({ clock });
  const keyPrefix = `nightjar:rate:${houseId}`;
  const limiter = new RateLimiterRedis({ storeClient: connection, keyPrefix, points: pointsMax, duration: WINDOW_MS / 1_000 }); // prettier-ignore
  let pausedUntilMs = -Infinity;

  async function ask(caller: string, points: number): Promise<Count> {
    const limit = { timeoutMs: ANSWER_MS_MAX, clock, late: () => new AwayError('Redis', 'it does not answer') };
    const result = await answerWithin(limit, () => limiter.consume(caller, points).catch(toRefused));
    return { points: result.consumedPoints, resetMs: Math.max(0, result.msBeforeNext) };
  }

  return {
    async take(caller, points) {
      if (connection.status !== 'ready' || clock.nowMs() < pausedUntilMs) return insurance.take(caller, points);
      try {
        return await ask(caller, points);
      } catch {
        pausedUntilMs = clock.nowMs() + PAUSE_MS; // told by Redis' own tracker; here it only means to count alone
        return insurance.take(caller, points);
      }
    },
    close: () => endRedis(connection),
  };
}

/** The library rejects with its result where a window is used up. */
function toRefused(thrown: unknown): RateLimiterRes {
  if (thrown instanceof RateLimiterRes) return thrown;
  throw new NightjarError('unavailable', 'Redis did not count', { cause: thrown });
}
