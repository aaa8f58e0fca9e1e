/**
 * The hub: one per process with sockets. It remembers the number of the last message broadcast. A hint from the bus that
 * carries the very next number is passed on in the same turn; whatever leaves a gap (an order mixed up on the way, a message
 * lost, a reconnect) makes it read the database after its number. Polling does the same every `pollMs`, so a missing or
 * broken bus costs time, never a message. Numbers are in commit order, so reading after the last one misses nothing.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { createLoop } from '../lib/loop.ts';
import { noSpan, noTracer, type Span, type Tracer } from '../lib/trace.ts';
import type { TracedMessage } from '../model/index.ts';
import type { Bus } from './bus.ts';
import { toDelivery, type Delivery } from './delivery.ts';
import { createPages, PAGE_MESSAGES_MAX, type Page } from './pages.ts';

const POLL_MS = 1_000;
/** Between two rounds to all clients: what a message waits at most because there are so many of them. */
const REST_MS_MAX = 20;

export interface Hub {
  /** The number of the last message broadcast. */
  latestSeq(): number;
  /** The same of the database, which is ahead of this hub for moments (longer without a bus). */
  readLatest(): Promise<number>;
  /** What comes after `latestSeq()`, in order, until the returned way out is taken; what comes at once at once. Must not throw. */
  attach(onDeliveries: (deliveries: readonly Delivery[]) => void): () => void;
  /** The page of kept messages after `seq`, which is below `latestSeq()`; empty when there is none. */
  readPage(seq: number): Promise<Page>;
  /** For those who catch up: one of them in each turn of the event loop, so that live messages pass between. */
  inTurn<T>(work: () => T): Promise<T>;
  close(): Promise<void>;
}

export interface HubOptions {
  readonly bus: Pick<Bus, 'subscribe'>;
  readonly readAfter: (seq: number, limit: number) => Promise<readonly TracedMessage[]>;
  readonly readLatest: () => Promise<number>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly pollMs?: number;
  readonly tracer?: Tracer;
}

/** Starts at the latest message: what came before is for those who ask for it. Fails when the database cannot be read. */
export async function createHub(options: HubOptions): Promise<Hub> {
  const { bus, readAfter, readLatest, clock, log, pollMs = POLL_MS, tracer = noTracer } = options;
  const attached = new Set<(deliveries: readonly Delivery[]) => void>();
  const turns = pLimit(1);
  let latest = await readLatest();

  const startSpan = (traceParent: string | undefined): Span =>
    traceParent === undefined ? noSpan : tracer.start('broadcast', { parent: traceParent });

  /** Above `latest` and in order. What goes out together goes to each client in one piece, which is a fraction of the cost. */
  function broadcast(messages: readonly TracedMessage[]): void {
    const last = messages.at(-1);
    if (!last) return;
    // First the number, then the clients: whoever is called sees the hub as it is after these messages.
    latest = last.seq;
    const spans = messages.map(({ type, traceParent }) => ({ type, span: startSpan(traceParent) }));
    if (attached.size > 0) {
      const deliveries = messages.map(toDelivery);
      for (const onDeliveries of attached) onDeliveries(deliveries);
    }
    for (const { type, span } of spans)
      span.end({ attributes: { 'nightjar.message': type, 'nightjar.clients': attached.size } });
  }

  async function readOn(): Promise<boolean> {
    const page = await readAfter(latest, PAGE_MESSAGES_MAX);
    // While the page was read, hints may have brought some of it; a page that starts late was pruned, and is passed on.
    broadcast(page.filter(({ seq }) => seq > latest));
    return page.length === PAGE_MESSAGES_MAX;
  }

  const loop = createLoop({ name: 'broadcast', clock, log, idleMs: pollMs, runOnce: readOn });

  /** Heard, and next in line. */
  let inLine: TracedMessage[] = [];
  let sending = false;
  const stop = new AbortController();

  function onHint(messages: readonly TracedMessage[]): void {
    inLine.push(...takeNext(messages, inLine.at(-1)?.seq ?? latest));
    if (inLine.length > 0 && !sending) void sendLines();
    const last = messages.at(-1);
    if (!last || last.seq > (inLine.at(-1)?.seq ?? latest)) loop.wake();
  }

  /**
   * At the end of the turn, so that hints that came in together go out together. Then as long a rest as it took: with
   * a thousand clients others need the process too, and what gathers meanwhile goes out at the cost of one message.
   */
  async function sendLines(): Promise<void> {
    sending = true;
    while (inLine.length > 0) {
      await nextTurn();
      const startedMs = clock.nowMs();
      const line = inLine;
      inLine = [];
      broadcast(line.filter(({ seq }) => seq > latest)); // the rest came by a page meanwhile
      const restMs = Math.min(REST_MS_MAX, clock.nowMs() - startedMs);
      if (restMs > 0) await clock.sleep(restMs, stop.signal);
    }
    sending = false;
  }

  const leave = bus.subscribe(onHint);
  return {
    latestSeq: () => latest,
    readLatest,
    attach(onDeliveries) {
      const deliver = (deliveries: readonly Delivery[]): void => onDeliveries(deliveries);
      attached.add(deliver);
      return () => void attached.delete(deliver);
    },
    inTurn: (work) => turns(() => nextTurn().then(work)),
    readPage: createPages({ readAfter, latestSeq: () => latest }),
    async close() {
      leave();
      stop.abort();
      inLine = [];
      attached.clear();
      await loop.close();
    },
  };
}

/** Those that follow the number without a gap. */
function takeNext(messages: readonly TracedMessage[], latest: number): readonly TracedMessage[] {
  const following: TracedMessage[] = [];
  for (const message of messages) if (message.seq === latest + following.length + 1) following.push(message);
  return following;
}
