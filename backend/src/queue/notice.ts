import { listenFor, type Database } from '../db/index.ts';
import { toMessage } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';

const CHANNEL = 'nightjar_frames';

/** Wakes the detectors of other processes. Only a hint: they poll as well, so a lost notice costs time, never a frame. */
export interface Notices {
  tell(): void;
  close(): Promise<void>;
}

export async function createNotices(db: Database, log: Logger, onNotice: () => void): Promise<Notices> {
  const quiet = (thrown: unknown): void => log.debug({ reason: toMessage(thrown) }, 'a notice was not passed on');
  const listening = listenFor(db, CHANNEL, onNotice, log);
  await listening.ready;
  return { tell: () => void db.sql.notify(CHANNEL, '').catch(quiet), close: listening.close };
}
