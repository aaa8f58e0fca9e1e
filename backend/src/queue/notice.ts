import { listenFor, type Database } from '../db/index.ts';
import { toMessage } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';

/** There are frames to examine. */
export const FRAMES_CHANNEL = 'nightjar_frames';
/** There are clips to cut. */
export const CLIPS_CHANNEL = 'nightjar_clips';
/** A file that lies in the inbox is known no longer. */
export const INBOX_CHANNEL = 'nightjar_inbox';

/** Wakes those who work in other processes. Only a hint: they poll as well, so a lost notice costs time, never a frame. */
export interface Notices {
  tell(): void;
  close(): Promise<void>;
}

export async function createNotices(options: {
  readonly db: Database;
  readonly log: Logger;
  readonly channel: typeof FRAMES_CHANNEL | typeof CLIPS_CHANNEL | typeof INBOX_CHANNEL;
  readonly onNotice: () => void;
}): Promise<Notices> {
  const { db, log, channel, onNotice } = options;
  const quiet = (thrown: unknown): void => log.debug({ reason: toMessage(thrown) }, 'a notice was not passed on');
  const listening = listenFor(db, channel, onNotice, log);
  await listening.ready;
  return { tell: () => void db.sql.notify(channel, '').catch(quiet), close: listening.close };
}
