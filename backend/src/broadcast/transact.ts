import type { Database, Transact } from '../db/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { createLoop, type Loop } from '../lib/loop.ts';
import type { NewMessage } from '../model/index.ts';
import type { Message } from '../model/wire.ts';
import type { Bus } from './bus.ts';
import { prune, publish } from './outbox.ts';

const PRUNE_EVERY_MS = 60_000;
const PRUNED_AT_ONCE_MAX = 5_000;

export interface TransactOptions {
  readonly db: Database;
  readonly bus: Bus;
  readonly clock: Clock;
  /** What this process told, once it is committed, and never twice. */
  readonly onTold?: (messages: readonly Message[]) => void;
}

/**
 * Transactions that may tell messages. Those said while `use` runs are written when it has returned, as the last act
 * of the transaction, and handed to the bus once it has committed: never before, and never when it rolled back.
 */
export function createTransact({ db, bus, clock, onTold }: TransactOptions): Transact {
  return async (use) => {
    const { result, messages } = await db.transaction(async (tx) => {
      const said: NewMessage[] = [];
      const result = await use(tx, (message) => void said.push(message));
      return { result, messages: await publish(tx, said, new Date(clock.nowMs())) };
    });
    if (messages.length > 0) {
      onTold?.(messages);
      bus.publish(messages);
    }
    return result;
  };
}

/** Forgets messages older than `replayMs`, in small steps. */
export function createPruner({
  db,
  replayMs,
  clock,
  log,
}: {
  db: Database;
  replayMs: number;
  clock: Clock;
  log: Logger;
}): Loop {
  return createLoop({
    name: 'outbox pruner',
    clock,
    log,
    idleMs: PRUNE_EVERY_MS,
    runOnce: async () =>
      (await prune(db, new Date(clock.nowMs() - replayMs), PRUNED_AT_ONCE_MAX)) === PRUNED_AT_ONCE_MAX,
  });
}
