import type { Clock } from '../lib/clock.ts';
import { AwayError, NightjarError, toMessage } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { isRefused, toDatabaseError } from './errors.ts';
import type { DatabaseTarget } from './index.ts';
import { migrateDatabase } from './migrate.ts';
import { askWithin, connectProbe } from './probe.ts';

const TRY_EVERY_MS = 1_000;
const SAY_EVERY_MS = 10_000;

interface WaitOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal?: AbortSignal | undefined;
}

/** Waits until the database is there and its schema is up to date. Throws as `waitForDatabase` and `migrateDatabase` do. */
export async function prepareDatabase(target: DatabaseTarget, options: WaitOptions): Promise<void> {
  for (;;) {
    await waitForDatabase(target, options);
    try {
      return await migrateDatabase(target, { log: options.log });
    } catch (thrown) {
      if (!(thrown instanceof AwayError)) throw thrown; // gone again between the two: it is waited for anew
    }
  }
}

/**
 * Resolves when the database answers and takes changes; until then says every 10 s what it waits for. Throws at once what
 * no waiting heals (a wrong password, no such database), and `cancelled` when `signal` is aborted.
 */
export async function waitForDatabase(target: DatabaseTarget, { clock, log, signal }: WaitOptions): Promise<void> {
  let saidMs = -Infinity;
  for (;;) {
    const fault = await findFault(target, clock, signal);
    if (signal?.aborted) throw new NightjarError('cancelled', 'stopped while waiting for the database');
    if (!fault) return;
    if (clock.nowMs() - saidMs >= SAY_EVERY_MS) {
      log.warn({ err: fault.cause }, `waiting for the database: ${fault.reason}`);
      saidMs = clock.nowMs();
    }
    await clock.sleep(TRY_EVERY_MS * (0.5 + Math.random() / 2), signal);
  }
}

async function findFault(
  target: DatabaseTarget,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<AwayError | undefined> {
  const sql = connectProbe(target);
  try {
    const { isReadOnly } = await askWithin(sql, { clock, signal });
    return isReadOnly ? new AwayError('the database', 'it takes no changes (read-only)') : undefined;
  } catch (thrown) {
    if (isRefused(thrown))
      throw new NightjarError('forbidden', `the database of DATABASE_URL does not let us in: ${toMessage(thrown)}`, {
        cause: thrown,
      });
    const error = toDatabaseError(thrown);
    if (error instanceof AwayError) return error;
    if (signal?.aborted) return undefined;
    throw error;
  } finally {
    void sql.end({ timeout: 0 });
  }
}
