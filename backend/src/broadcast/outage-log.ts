import { toMessage } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';

export interface OutageLog {
  began(thrown: unknown): void;
  ended(): void;
  nonsense(): void;
}

/** Redis in the log: a line when it goes away, one when it is back, however often it is tried in between. */
export function createOutageLog(log: Logger): OutageLog {
  let away = false;
  let warned = false;
  return {
    began(thrown) {
      if (away) return;
      away = true;
      log.warn({ err: thrown }, `Redis is away (${toMessage(thrown)}): other processes hear of messages by polling`);
    },
    ended() {
      if (away) log.info('Redis is back');
      away = false;
    },
    nonsense() {
      // Once: a process of another version on the same channel would fill the log.
      if (!warned) log.warn('ignored a message on the Redis channel that is none of ours');
      warned = true;
    },
  };
}
