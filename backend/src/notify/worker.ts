/**
 * Sends what is due. The loop only claims: each delivery goes out beside it, so that a channel that is slow or dead holds
 * up its own places and nobody else's. Nothing is sent within a transaction.
 */
import { randomInt } from 'node:crypto';
import { listenFor, type Database } from '../db/index.ts';
import { isRetryable, toMessage, type NightjarError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { createLoop } from '../lib/loop.ts';
import { withRetry } from '../lib/retry.ts';
import { DELIVERIES_CHANNEL } from '../model/channel.ts';
import { attempt, type AttemptTools } from './attempt.ts';
import { toBackoffMs } from './backoff.ts';
import {
  ATTEMPTS_MAX,
  claimDeliveries,
  LEASE_MS,
  markDelivered,
  markFailed,
  reapDeliveries,
  release,
  tidyDeliveries,
  type ClaimedDelivery,
} from './ledger.ts';
import { SendError } from './send-error.ts';

const AT_ONCE_MAX = 16;
const PER_CHANNEL_MAX = 2;
const LOOK_EVERY_MS = 2_000;
const TIDY_EVERY_MS = 60_000;
const MARK_AGAIN_MS = 500;
/** Shorter than closing a part may take. */
const FINISH_MS_MAX = 5_000;
const OWNER_MAX = 0x7fffffff;

export interface WorkerOptions extends Omit<AttemptTools, 'onNoPicture'> {
  readonly db: Database;
  readonly log: Logger;
  /** Channels of MQTT that this process keeps the connection of. */
  readonly linked: () => readonly string[];
  /** The other side wants no more of us. Resolves to false when the channel has been changed since, or is off already. */
  readonly switchOff: (channel: ClaimedDelivery['channel']) => Promise<boolean>;
}

export interface DeliveryWorker {
  wake(): void;
  /** Waits a moment for what is under way; the rest is handed back. */
  close(): Promise<void>;
}

export function createDeliveryWorker(options: WorkerOptions): DeliveryWorker {
  const { db, clock, log, linked, switchOff } = options;
  const owner = randomInt(1, OWNER_MAX);
  const stop = new AbortController();
  const inHand = new Map<string, { readonly channelId: string; readonly sending: Promise<void> }>();
  // Not at once: after days down, what waits is to have its attempt before it counts as given up.
  let tidiedMs = clock.nowMs();

  async function deliver(delivery: ClaimedDelivery): Promise<void> {
    const onNoPicture = (thrown: unknown): void =>
      log.debug({ delivery_id: delivery.id, err: thrown }, 'an alert goes out without its picture');
    const outcome = await attempt(delivery, { ...options, onNoPicture }, stop.signal);
    const lease = { id: delivery.id, attempts: delivery.attempts, owner };
    await persist(async () => {
      if (outcome.isDelivered) await db.query((sql) => markDelivered(sql, lease, outcome.response));
      else if (outcome.error.kind === 'cancelled') await db.query((sql) => release(sql, lease));
      else await fail(delivery, outcome.error);
    });
  }

  /** For as long as the lease lasts: what is not marked by then is sent again. */
  const persist = (mark: () => Promise<void>): Promise<void> =>
    withRetry(mark, { clock, delayMs: MARK_AGAIN_MS, withinMs: LEASE_MS / 2, signal: stop.signal });

  async function fail({ id, attempts, channel }: ClaimedDelivery, error: NightjarError): Promise<void> {
    const { retryAfterMs, isGone } = error instanceof SendError ? error : { retryAfterMs: undefined, isGone: false };
    const isOver = !isRetryable(error.kind) || attempts >= ATTEMPTS_MAX;
    const againMs = isOver ? undefined : toBackoffMs(attempts, retryAfterMs);
    const facts = { delivery_id: id, channel_id: channel.id, kind: error.kind, attempts, retry_ms: againMs };
    log.warn(facts, `an alert could not be brought to the channel "${channel.name}": ${error.message}`);
    await db.query((sql) => markFailed(sql, { id, attempts, owner }, { error, againMs }));
    if (isGone && (await switchOff(channel)))
      log.warn(
        { channel_id: channel.id },
        `the channel "${channel.name}" is switched off: the other side is gone for good`,
      );
  }

  function begin(delivery: ClaimedDelivery): void {
    const lost = (thrown: unknown): void =>
      log.warn({ delivery_id: delivery.id, err: thrown }, `a delivery will be sent again: ${toMessage(thrown)}`);
    const sending = deliver(delivery)
      .catch(lost)
      .finally(() => {
        inHand.delete(delivery.id);
        loop.wake();
      });
    inHand.set(delivery.id, { channelId: delivery.channel.id, sending });
  }

  async function tidy(): Promise<void> {
    await db.query(reapDeliveries);
    const passedMs = clock.nowMs() - tidiedMs;
    if (passedMs >= 0 && passedMs < TIDY_EVERY_MS) return;
    await db.query(tidyDeliveries);
    tidiedMs = clock.nowMs();
  }

  async function runOnce(): Promise<boolean> {
    await tidy();
    const count = AT_ONCE_MAX - inHand.size;
    if (count === 0) return false;
    const busy = countBy([...inHand.values()].map(({ channelId }) => channelId));
    const wishes = { owner, count, perChannel: PER_CHANNEL_MAX, inHand: busy, linked: linked() };
    for (const delivery of await db.query((sql) => claimDeliveries(sql, wishes))) begin(delivery);
    return false;
  }

  const loop = createLoop({ name: 'deliveries', clock, log, idleMs: LOOK_EVERY_MS, runOnce });
  const notices = listenFor(db, DELIVERIES_CHANNEL, loop.wake, log);
  return {
    wake: loop.wake,
    async close() {
      await notices.close();
      await loop.close();
      const finished = new AbortController();
      const all = Promise.all([...inHand.values()].map(({ sending }) => sending)).then(() => finished.abort());
      await clock.sleep(FINISH_MS_MAX, finished.signal);
      stop.abort();
      await all;
    },
  };
}

function countBy(keys: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
