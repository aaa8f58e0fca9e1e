import { toMessage } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { Database } from './index.ts';

export interface Listening {
  /** Resolves when it listens, or cannot for now. Never rejects. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

/**
 * Calls `onNotice` for each notice on a channel of PostgreSQL (LISTEN), and whenever listening began, anew after each
 * reconnect. Only a hint: whoever listens polls as well, so a lost notice costs time and nothing else.
 *
 * The driver listens again by itself when its connection breaks; it cannot know of one that fell silent, and gives up on
 * a server that refuses to listen (a standby). So after an outage we begin anew.
 */
export function listenFor(db: Database, channel: string, onNotice: () => void, log: Logger): Listening {
  const quiet = (thrown: unknown): void => log.debug({ channel, reason: toMessage(thrown) }, 'no notices for now');
  const begin = () => db.sql.listen(channel, onNotice, onNotice).catch(quiet);
  let listening = begin();
  const leave = db.onBack(() => (listening = begin()));
  return {
    ready: listening.then(() => undefined),
    async close() {
      leave();
      await (await listening)?.unlisten().catch(quiet);
    },
  };
}
