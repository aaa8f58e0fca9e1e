import type { Database } from '../db/index.ts';
import type { Logger } from '../lib/log.ts';
import { toMessage } from '../lib/errors.ts';

const CHANNEL = 'nightjar_frames';

/** Wakes the detectors of other processes. Only a hint: they poll as well, so a lost notice costs time, never a frame. */
export interface Notices {
  tell(): void;
  close(): Promise<void>;
}

export async function createNotices(db: Database, log: Logger, onNotice: () => void): Promise<Notices> {
  const quiet = (thrown: unknown): void => log.debug({ reason: toMessage(thrown) }, 'a notice was not passed on');
  // The driver listens anew after each reconnect; `onlisten` runs then too, and looks again.
  const listening = await db.sql.listen(CHANNEL, onNotice, onNotice).catch(quiet);
  return {
    tell: () => void db.sql.notify(CHANNEL, '').catch(quiet),
    async close() {
      await listening?.unlisten().catch(quiet);
    },
  };
}
