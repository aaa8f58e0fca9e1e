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
 */
export function listenFor(db: Database, channel: string, onNotice: () => void, log: Logger): Listening {
  const quiet = (thrown: unknown): void => log.debug({ channel, reason: toMessage(thrown) }, 'no notices for now');
  const listening = db.sql.listen(channel, onNotice, onNotice).catch(quiet);
  return {
    ready: listening.then(() => undefined),
    async close() {
      await (await listening)?.unlisten().catch(quiet);
    },
  };
}
