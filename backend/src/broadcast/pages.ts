/**
 * Pages of kept messages for clients that catch up. A page whose messages are all there never changes, and stands at a
 * multiple of its length: so a crowd that comes back after a restart shares its reads and its frames, though each client
 * goes at its own pace. The last page still grows; it is read after the very number that a client stands at, and shared only
 * with those who stand there too.
 */
import pLimit from 'p-limit';
import type { Message } from '../model/wire.ts';
import { toDelivery, type Delivery } from './delivery.ts';

export const PAGE_MESSAGES_MAX = 200;
/** Pages read at once: a crowd that reconnects must leave connections to the pipeline. */
const PAGE_READS_MAX = 2;
/** Whole pages remembered, the latest used, unless they are larger than a client may have in hand. */
const PAGES_KEPT_MAX = 8;
/** What a client has in hand of a page, unless a single message is larger: it may be slow to take it, and there are many. */
export const PAGE_BYTES_MAX = 1024 * 1024;

/** What a read found. */
export interface Page {
  readonly deliveries: readonly Delivery[];
  /** What was known to be there when the read began: where the page is empty, nothing up to this number is kept. */
  readonly upTo: number;
}

export interface PagesOptions {
  readonly readAfter: (seq: number, limit: number) => Promise<readonly Message[]>;
  /** What is known to be there. */
  readonly latestSeq: () => number;
}

/** The page of messages after a number below the latest; empty when none of them is kept. */
export function createPages({ readAfter, latestSeq }: PagesOptions): (seq: number) => Promise<Page> {
  const limit = pLimit(PAGE_READS_MAX);
  const growing = new Map<number, Promise<Page>>();
  const whole = new Map<number, Promise<Page>>();
  /** Fewer where messages are large: what is beyond `PAGE_BYTES_MAX` is read in vain. */
  let messagesAtOnce = PAGE_MESSAGES_MAX;

  const read = (seq: number, messagesMax: number): Promise<Page> =>
    limit(async () => {
      const upTo = latestSeq();
      const deliveries = (await readAfter(seq, messagesMax)).map(toDelivery);
      const fitting = cut(deliveries).length;
      // Twice as many, to find out that they are small again.
      messagesAtOnce = fitting < deliveries.length ? fitting : Math.min(PAGE_MESSAGES_MAX, messagesMax * 2);
      return { upTo, deliveries };
    });

  function readGrowing(seq: number): Promise<Page> {
    const page = growing.get(seq) ?? read(seq, messagesAtOnce).finally(() => growing.delete(seq));
    growing.set(seq, page);
    return page;
  }

  async function readWhole(start: number): Promise<Page> {
    const reading = whole.get(start) ?? read(start, PAGE_MESSAGES_MAX);
    whole.delete(start); // to be the latest used
    whole.set(start, reading);
    for (const oldest of whole.keys()) if (whole.size > PAGES_KEPT_MAX) whole.delete(oldest);
    const page = await reading.catch((thrown: unknown) => {
      forget(start, reading);
      throw thrown;
    });
    if (!isKept(page)) forget(start, reading);
    return page;
  }

  function forget(start: number, reading: Promise<Page>): void {
    if (whole.get(start) === reading) whole.delete(start);
  }

  return async (seq) => {
    const start = seq - (seq % PAGE_MESSAGES_MAX);
    const isWhole = latestSeq() >= start + PAGE_MESSAGES_MAX && messagesAtOnce === PAGE_MESSAGES_MAX;
    const { deliveries, upTo } = await (isWhole ? readWhole(start) : readGrowing(seq));
    return { upTo, deliveries: cut(deliveries.filter((delivery) => delivery.seq > seq)) };
  };
}

/** One that is not full begins at messages that are forgotten, and ends where more will come. */
const isKept = ({ deliveries }: Page): boolean =>
  deliveries.length === PAGE_MESSAGES_MAX && toBytes(deliveries) <= PAGE_BYTES_MAX;

/** The first ones, one at least. */
function cut(deliveries: readonly Delivery[]): readonly Delivery[] {
  let bytes = 0;
  const end = deliveries.findIndex(({ frame }, at) => (bytes += frame.length) > PAGE_BYTES_MAX && at > 0);
  return end === -1 ? deliveries : deliveries.slice(0, end);
}

const toBytes = (deliveries: readonly Delivery[]): number =>
  deliveries.reduce((bytes, { frame }) => bytes + frame.length, 0);
