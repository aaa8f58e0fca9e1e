/**
 * The hub: one per process with sockets. It remembers the number of the last message broadcast. A hint from the bus that
 * carries the very next number is passed on at once; whatever leaves a gap (an order mixed up on the way, a message
 * lost, a reconnect) makes it read the database after its number. Polling does the same every `pollMs`, so a missing or
 * broken bus costs time, never a message. Numbers are in commit order, so reading after the last one misses nothing.
 */
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { createLoop } from '../lib/loop.ts';
import type { Message } from '../model/wire.ts';
import type { Bus } from './bus.ts';
import { toDelivery, type Delivery } from './delivery.ts';
import { createPages, PAGE_MESSAGES_MAX } from './pages.ts';

const POLL_MS = 1_000;

export interface Hub {
  /** The number of the last message broadcast. */
  latestSeq(): number;
  /** The same of the database, which is ahead of this hub for moments (longer without a bus). */
  readLatest(): Promise<number>;
  /** What comes after `latestSeq()`, one by one and in order, until the returned way out is taken. Must not throw. */
  attach(onDelivery: (delivery: Delivery) => void): () => void;
  /** The page of kept messages after `seq`, which is below `latestSeq()`; empty when there is none. */
  readPage(seq: number): Promise<readonly Delivery[]>;
  close(): Promise<void>;
}

export interface HubOptions {
  readonly bus: Pick<Bus, 'subscribe'>;
  readonly readAfter: (seq: number, limit: number) => Promise<readonly Message[]>;
  readonly readLatest: () => Promise<number>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly pollMs?: number;
}

/** Starts at the latest message: what came before is for those who ask for it. Fails when the database cannot be read. */
export async function createHub(options: HubOptions): Promise<Hub> {
  const { bus, readAfter, readLatest, clock, log, pollMs = POLL_MS } = options;
  const attached = new Set<(delivery: Delivery) => void>();
  let latest = await readLatest();

  function broadcast(message: Message): void {
    // First the number, then the clients: whoever is called sees the hub as it is after this message.
    latest = message.seq;
    if (attached.size === 0) return;
    const delivery = toDelivery(message);
    for (const onDelivery of attached) onDelivery(delivery);
  }

  async function readOn(): Promise<boolean> {
    const page = await readAfter(latest, PAGE_MESSAGES_MAX);
    // While the page was read, hints may have brought some of it; a page that starts late was pruned, and is passed on.
    for (const message of page) if (message.seq > latest) broadcast(message);
    return page.length === PAGE_MESSAGES_MAX;
  }

  const loop = createLoop({ name: 'broadcast', clock, log, idleMs: pollMs, runOnce: readOn });

  function onHint(messages: readonly Message[]): void {
    for (const message of messages) if (message.seq === latest + 1) broadcast(message);
    const last = messages.at(-1);
    if (!last || last.seq > latest) loop.wake();
  }

  const leave = bus.subscribe(onHint);
  return {
    latestSeq: () => latest,
    readLatest,
    attach(onDelivery) {
      const deliver = (delivery: Delivery): void => onDelivery(delivery);
      attached.add(deliver);
      return () => void attached.delete(deliver);
    },
    readPage: createPages({ readAfter, latestSeq: () => latest }),
    async close() {
      leave();
      attached.clear();
      await loop.close();
    },
  };
}
