/**
 * Where a client stands in the sequence. It is either catching up, page by page from the database, at the pace the
 * client takes them, or live, attached to the hub. `passed` is the number up to which everything was sent or filtered.
 *
 * The hand-over from pages to live is the delicate moment. It is synchronous: in one go, with no `await` between, we
 * see that the client stands where the hub stands (or ahead) and attach. The hub moves its number and calls the attached in one
 * go too. So a message is either broadcast before, and then the numbers differ and another page is read, or after, and
 * then it comes live: no gap. And a page may hold messages that the hub has yet to broadcast: those come again, are not
 * above `passed`, and are dropped: no double.
 */
import type { Clock } from '../lib/clock.ts';
import { AwayError, toMessage } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { withTimeLimit } from '../lib/time-limit.ts';
import type { Delivery } from './delivery.ts';
import type { Hub } from './hub.ts';
import type { SocketLimits } from './limits.ts';
import { closeCodes, SLOW_CONSUMER, type Link } from './link.ts';
import { toPassingFrame } from './protocol.ts';

export interface Follower {
  /** From now on by this filter, and from this number on; without a number from where the client stands. */
  follow(matches: (delivery: Delivery) => boolean, after?: number): void;
  close(): void;
}

export interface FollowerOptions {
  readonly hub: Hub;
  readonly link: Link;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: SocketLimits;
}

export function createFollower({ hub, link, clock, log, limits }: FollowerOptions): Follower {
  let passed = hub.latestSeq();
  let matches: (delivery: Delivery) => boolean = () => false;
  let detach: (() => void) | undefined;
  let turn = new AbortController();
  let catchingUp = Promise.resolve();

  function pass(delivery: Delivery): void {
    if (delivery.seq <= passed) return;
    if (delivery.seq > passed + 1) link.send(toPassingFrame('replay.gap', { oldest: delivery.seq }));
    passed = delivery.seq;
    if (matches(delivery)) link.send(delivery.frame);
  }

  function onLive(deliveries: readonly Delivery[]): void {
    if (link.bufferedBytes() > limits.bufferedBytesMax) sendAway();
    else if (deliveries.length > 1) link.together(() => deliveries.forEach(pass));
    else deliveries.forEach(pass);
  }

  function leave(): void {
    detach?.();
    detach = undefined;
  }

  function close(): void {
    turn.abort();
    leave();
  }

  function sendAway(): void {
    close();
    link.close(closeCodes.slowConsumer, SLOW_CONSUMER);
  }

  /** The database away does not end a replay: it waits, and the client with it. Undefined when the turn is over. */
  async function persist<T>(read: () => Promise<T>, own: AbortController): Promise<T | undefined> {
    const isOver = (): boolean => own.signal.aborted;
    while (!isOver()) {
      try {
        const value = await read();
        return isOver() ? undefined : value;
      } catch (thrown) {
        const level = thrown instanceof AwayError ? 'debug' : 'warn';
        log[level]({ err: thrown, retry_ms: limits.retryMs }, `a client's replay waits: ${toMessage(thrown)}`);
        // With jitter: after an outage the crowd must not come back in step.
        await clock.sleep(limits.retryMs * (0.5 + Math.random() / 2), own.signal);
      }
    }
    return undefined;
  }

  /** As much as the client takes at a time, in one piece, and when it is its turn. */
  async function passPage(deliveries: readonly Delivery[], own: AbortController): Promise<void> {
    const rest = deliveries.values();
    const passNext = (): boolean => !own.signal.aborted && link.together(() => passSome(rest));
    while (await hub.inTurn(passNext)) await waitForRoom(own);
  }

  /** Whoever takes nothing for so long goes, however alive: what it holds of a page, and its seat, are others' too. */
  async function waitForRoom({ signal }: AbortController): Promise<void> {
    const late = (): Error => new Error(SLOW_CONSUMER);
    const isStalled = await withTimeLimit({ timeoutMs: limits.stallMs, clock, late, signal }, async (patience) => {
      await link.drained(patience);
      return patience.aborted && !signal.aborted;
    });
    if (isStalled) sendAway();
  }

  /** Whether the client has enough for now. At least one is passed: a connection that is closing never drains. */
  function passSome(rest: Iterable<Delivery>): boolean {
    for (const delivery of rest) {
      pass(delivery);
      if (link.bufferedBytes() > limits.replayBufferedBytesMax) return true;
    }
    return false;
  }

  /** A number above the hub's may be the client's from another process that was ahead of us; above the database's it is nonsense. */
  async function findPlace(own: AbortController): Promise<void> {
    if (passed <= hub.latestSeq()) return;
    const latest = await persist(() => hub.readLatest(), own);
    // Also told: whoever drops what is not above the number it knows would stay deaf for long.
    if (latest !== undefined && latest < passed) forget(latest);
  }

  async function catchUp(own: AbortController): Promise<void> {
    await findPlace(own);
    while (!own.signal.aborted && passed < hub.latestSeq()) {
      const page = await persist(() => hub.readPage(passed), own);
      if (!page) return;
      if (page.deliveries.length === 0) forget(page.upTo);
      await passPage(page.deliveries, own);
    }
    if (!own.signal.aborted) detach = hub.attach(onLive);
  }

  /**
   * Nothing is there of what the client asked for, up to this number: what comes next is the oldest that it can get. It is
   * the number from before the read. One of now could be above messages that came since, and they would be skipped.
   */
  function forget(upTo: number): void {
    link.send(toPassingFrame('replay.gap', { oldest: upTo + 1 }));
    passed = upTo;
  }

  return {
    follow(nextMatches, after) {
      matches = nextMatches;
      if (after !== undefined) {
        leave();
        passed = after;
      }
      link.send(toPassingFrame('subscribed', { latest_seq: hub.latestSeq() }));
      if (detach) return;
      turn.abort();
      const own = (turn = new AbortController());
      // One after the other: the turn before ends at its next look at its signal, so a client has one read under way.
      catchingUp = catchingUp.then(() => catchUp(own));
    },
    close,
  };
}
