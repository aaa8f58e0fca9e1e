import { listenFor, type Database, type Tx } from '../../db/index.ts';
import type { Logger } from '../../lib/log.ts';
import { DUE_CHANNEL } from '../../model/analysis.ts';

/** Wakes the analyzers of every process once the transaction commits. A hint: they poll as well. */
export const tellDue = async (tx: Tx): Promise<void> => void (await tx`select pg_notify(${DUE_CHANNEL}, '')`);

/** Calls `onDue` when an event may have become due. */
export const listenForDue = (db: Database, log: Logger, onDue: () => void) => listenFor(db, DUE_CHANNEL, onDue, log);
