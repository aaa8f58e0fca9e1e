/**
 * Notify: brings alerts to people, over channels that an administrator sets up.
 *
 * In: alerts, in the transaction that makes them (`enqueue`). Out: webhooks, mail, ntfy and MQTT, at least once each: a
 * delivery is a row of a ledger (ledger.ts) that is marked only when the other side has taken it; what comes twice after a
 * crash has the same id. MQTT also has the state of every camera, for Home Assistant (mqtt/link.ts).
 *
 * Can fail: what waiting may heal is tried again for about a day, all else is dead with its reason, and can be tried again by
 * hand. Hosts that are not of the internet are refused unless the operator allows them (guard.ts).
 * Limits: 10 attempts, 12 s each; 2 at once for each channel and 16 for each process; 64 KiB of an answer; 30 days kept.
 */
import type { Database } from '../db/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { NewId } from '../lib/id.ts';
import type { ReadPicture } from './attempt.ts';
import { createGuard, type GuardOptions } from './guard.ts';
import { createSenders } from './kinds/index.ts';
import { createLinks, type LinksOptions } from './mqtt/links.ts';
import { sendOnce } from './mqtt/send-once.ts';
import { createChannelTester, type TestChannel } from './tester.ts';
import { createDeliveryWorker, type WorkerOptions } from './worker.ts';

export { createEnqueue, type Enqueue } from './enqueue.ts';
export { createPictureReader } from './picture.ts';
export type { TestChannel, TestResult } from './tester.ts';

export interface NotifierOptions extends Omit<LinksOptions, 'guard' | 'readPicture'>, GuardOptions {
  readonly readPicture: ReadPicture;
  readonly switchOff: WorkerOptions['switchOff'];
}

export interface Notifier {
  close(): Promise<void>;
}

/** Sends what is due, and keeps the connections to brokers. Starts at once. */
export function createNotifier(options: NotifierOptions): Notifier {
  const guard = createGuard(options);
  const links = createLinks({ ...options, guard });
  const senders = createSenders(links.send);
  const worker = createDeliveryWorker({ ...options, guard, senders, linked: links.ids });
  return {
    async close() {
      await worker.close();
      await links.close();
    },
  };
}

/** For the button "test": sends at once, from the process that is asked. */
export function createTester(options: GuardOptions & { db: Database; clock: Clock; newId: NewId }): TestChannel {
  return createChannelTester({ ...options, guard: createGuard(options), senders: createSenders(() => sendOnce) });
}
