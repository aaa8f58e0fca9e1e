import type { Database, Tx } from '../../db/index.ts';
import { toMessage } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import { DUE_CHANNEL } from '../../model/analysis.ts';

/** Wakes the analyzers of every process once the transaction commits. A hint: they poll as well. */
export const tellDue = async (tx: Tx): Promise<void> => void (await tx`select pg_notify(${DUE_CHANNEL}, '')`);

/** Calls `onDue` when an event may have become due. */
export function listenForDue(db: Database, log: Logger, onDue: () => void): { close(): Promise<void> } {
  const quiet = (thrown: unknown): void => log.debug({ reason: toMessage(thrown) }, 'no notices of due analyses');
  // The driver listens anew after each reconnect; `onlisten` runs then too, and looks again.
  const listening = db.sql.listen(DUE_CHANNEL, onDue, onDue).catch(quiet);
  return {
    async close() {
      await (await listening)?.unlisten().catch(quiet);
    },
  };
}
