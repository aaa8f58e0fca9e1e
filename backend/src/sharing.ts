/** What the processes of one house share: through Redis where there is one, else each has its own. */
import { createRateLimiter, type RateLimiter } from './api/index.ts';
import { createLocalBus, createRedisBus, readHouseId, type Bus } from './broadcast/index.ts';
import type { Config } from './config.ts';
import type { Database } from './db/index.ts';
import { steadyClock as steady } from './lib/clock.ts';
import type { Closers } from './lib/lifecycle.ts';
import type { Logger } from './lib/log.ts';
import type { Part } from './lib/part.ts';

interface Sharers {
  readonly config: Config;
  readonly closers: Closers;
  readonly db: Database;
}

export async function openBus({ redisUrl }: Config, db: Database, log: Logger, part?: Part): Promise<Bus> {
  if (redisUrl === undefined) return createLocalBus();
  const channel = `nightjar:messages:${await readHouseId(db)}`;
  return createRedisBus({ url: redisUrl, log, channel, ...(part && { part }) });
}

/** Undefined where everybody may ask as often as they like. */
export async function openRateLimiter({ config, closers, db }: Sharers): Promise<RateLimiter | undefined> {
  const { rateLimitPerMinute: perMinute, redisUrl: url } = config;
  if (perMinute === 0) return undefined;
  const redis = url === undefined ? undefined : { url, houseId: await readHouseId(db) };
  return closers.add('rate limiter', createRateLimiter({ perMinute, redis, clock: steady }));
}
