/**
 * Against guessing. An address (of IPv6: its network) has ten wrong keys in a minute; then it gets 429 for every further
 * key that is not known, until the minute is over. Known keys are 256 random bits, which nobody guesses: they are always let
 * in, so that whoever shares an address with one who guesses is not locked out. Only ADMIN_API_KEY was chosen by a person:
 * while its address is shut out it counts only where it was used, successfully, within a day. So a right guess is answered
 * as a wrong one, and ten a minute are all there are.
 *
 * Counted here, and in Redis for all processes together; while that is away, here alone: nobody is locked out by it, and
 * nobody gets more than ten more for each process.
 */
import type { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { AwayError, BusyError, toMessage } from '../../lib/errors.ts';
import { steadyClock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/log.ts';
import { connectRedis, endRedis } from '../../lib/redis.ts';
import { answerWithin } from '../../lib/time-limit.ts';
import { toNetwork } from './network.ts';

const FAILURES_MAX = 10;
const WINDOW_S = 60;
/** Logins with one key from one address; each may leave a row behind until its session would have ended. */
const LOGINS_MAX = 60;
const LOGINS_WINDOW_S = 3_600;
const REMEMBERED_MS = 86_400_000;
const REMEMBERED_MAX = 1_000;
const ANSWER_MS_MAX = 250;

export interface Guard {
  /** Counts a wrong key. Throws `overloaded` (429) when there were too many: then it must not be said that it is wrong. */
  fail(address: string | null): Promise<void>;
  /** For the right ADMIN_API_KEY. Throws as `fail` does where that address is shut out and not remembered. */
  pass(address: string | null): Promise<void>;
  /** Counts a login. Throws `overloaded` (429) when there were too many. */
  login(keyId: string, address: string | null): Promise<void>;
  close(): Promise<void>;
}

export interface GuardOptions {
  readonly log?: Logger;
  /** Undefined: this process counts alone. */
  readonly redis?: { readonly url: string; readonly houseId: string } | undefined;
  readonly windowS?: number;
}

export function createGuard({ log, redis, windowS = WINDOW_S }: GuardOptions = {}): Guard {
  const connection = redis && connectRedis(redis.url);
  connection?.on('error', (error) => log?.debug({ err: error }, 'Redis, for the guard'));
  const prefix = `nightjar:guard:${redis?.houseId ?? ''}`;
  const toCounter = (name: string, points: number, duration: number): Counter =>
    createCounter({ connection, name: `${prefix}:${name}`, points, duration });
  const failures = toCounter('failures', FAILURES_MAX, windowS);
  const logins = toCounter('logins', LOGINS_MAX, LOGINS_WINDOW_S);
  /** Networks that ADMIN_API_KEY came from, and when; the one used longest ago first. */
  const remembered = new Map<string, number>();
  const passing = new Map<string, Promise<void>>();

  async function countFailure(network: string): Promise<void> {
    const refusal = await failures.take(network);
    if (refusal === null) return;
    if (refusal.isFirst) log?.warn({ network }, 'too many wrong keys');
    throw tooMany('too many wrong keys came from this address', refusal);
  }

  function remember(network: string): void {
    remembered.delete(network);
    remembered.set(network, steadyClock.nowMs());
    const [oldest] = remembered.keys();
    if (remembered.size > REMEMBERED_MAX && oldest !== undefined) remembered.delete(oldest);
  }

  /** Takes a place as a wrong key does, and gives it back: whoever guesses learns nothing from many guesses at once. */
  async function passThrough(network: string): Promise<void> {
    await countFailure(network);
    await failures.giveBack(network);
  }

  return {
    fail: (address) => countFailure(toNetwork(address)),
    async pass(address) {
      const network = toNetwork(address);
      const lastMs = remembered.get(network) ?? -Infinity;
      if (steadyClock.nowMs() - lastMs > REMEMBERED_MS) {
        // A page that asks for many things at once takes one place.
        const pass = passing.get(network) ?? passThrough(network).finally(() => passing.delete(network));
        passing.set(network, pass);
        await pass;
      }
      remember(network);
    },
    async login(keyId, address) {
      const refusal = await logins.take(`${keyId}:${toNetwork(address)}`);
      if (refusal !== null) throw tooMany(`more than ${LOGINS_MAX} logins within an hour`, refusal);
    },
    close: async () => connection && endRedis(connection),
  };
}

function tooMany(message: string, { waitMs }: Refusal): BusyError {
  const waitS = Math.max(1, Math.ceil(waitMs / 1_000));
  return new BusyError(`${message}: try again in ${waitS} s`, waitS);
}

interface Refusal {
  readonly waitMs: number;
  /** Of this window. */
  readonly isFirst: boolean;
}

interface Counter {
  /** Null where there was room. */
  take(name: string): Promise<Refusal | null>;
  giveBack(name: string): Promise<void>;
}

interface CounterOptions {
  readonly connection: Redis | undefined;
  readonly name: string;
  readonly points: number;
  readonly duration: number;
}

/** Windows begin with the first that is counted; what comes when they are full does not make them longer. */
function createCounter({ connection, name: keyPrefix, ...window }: CounterOptions): Counter {
  const own = new RateLimiterMemory({ keyPrefix, ...window });
  const shared = connection && new RateLimiterRedis({ storeClient: connection, keyPrefix, ...window });
  const late = (): Error => new AwayError('Redis', 'it does not answer');
  const limit = { timeoutMs: ANSWER_MS_MAX, clock: steadyClock, late };

  /** What Redis says, or nothing while it is away: its tracker tells of that. */
  async function ask<T>(question: (limiter: RateLimiterRedis) => Promise<T>): Promise<T | undefined> {
    if (!shared || connection?.status !== 'ready') return undefined;
    return answerWithin(limit, () => question(shared)).catch((thrown: unknown) => {
      if (thrown instanceof RateLimiterRes) throw thrown;
      return undefined;
    });
  }

  return {
    async take(name) {
      try {
        await own.consume(name);
        await ask((limiter) => limiter.consume(name));
        return null;
      } catch (thrown) {
        if (thrown instanceof RateLimiterRes)
          return { waitMs: thrown.msBeforeNext, isFirst: thrown.consumedPoints === window.points + 1 };
        throw new AwayError('the guard', toMessage(thrown), thrown);
      }
    },
    async giveBack(name) {
      await own.reward(name);
      await ask((limiter) => limiter.reward(name));
    },
  };
}
