import type { Clock } from '../lib/clock.ts';
import { toNightjarError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { createFloodGate } from './flood-gate.ts';
import { createFollower } from './follower.ts';
import type { Hub } from './hub.ts';
import type { SocketLimits } from './limits.ts';
import { closeCodes, SLOW_CONSUMER, type CloseCode, type Link } from './link.ts';
import { createMatcher, parseClientMessage, toPassingFrame, type Subscribe } from './protocol.ts';

export interface Client {
  /** A message from the client; null for a binary one. */
  onMessage(text: string | null): void;
  /** Sends a passing message, unless the client is behind or has yet to be subscribed: there will be a newer one. */
  offer(frame: Buffer): void;
  close(): void;
}

export interface ClientOptions {
  readonly hub: Hub;
  readonly link: Link;
  /** The cameras that the client's key may see; null for all. */
  readonly cameraIds: readonly string[] | null;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: SocketLimits;
}

/**
 * One client's side of the protocol. Without a `subscribe` in time it gets everything from the moment it connected, so
 * that waiting for it loses nothing; a first `subscribe` without `after` means from now on; a later one changes what is
 * asked for, and without `after` leaves the client where it stands.
 */
export function createClient({ hub, link, cameraIds, clock, log, limits }: ClientOptions): Client {
  const follower = createFollower({ hub, link, clock, log, limits });
  const connectedSeq = hub.latestSeq();
  const patience = new AbortController();
  const isFlood = createFloodGate(limits.messagesPerSecondMax, clock);
  let subscribed = false;
  let open = true;

  function subscribe({ topics, camera_ids, after }: Omit<Subscribe, 'type'>): void {
    const start = after ?? (subscribed ? undefined : hub.latestSeq());
    subscribed = true;
    patience.abort();
    follower.follow(createMatcher({ topics, camera_ids }, cameraIds), start);
  }

  async function subscribeByDefault(): Promise<void> {
    await clock.sleep(limits.subscribeMs, patience.signal);
    if (!patience.signal.aborted) subscribe({ after: connectedSeq });
  }

  function answer(text: string | null): void {
    const message = parseClientMessage(text ?? '');
    if (message.type === 'ping') link.send(toPassingFrame('pong', {}));
    else subscribe(message);
  }

  function close(): void {
    open = false;
    patience.abort();
    follower.close();
  }

  function sendAway(code: CloseCode, reason: string): void {
    close();
    link.close(code, reason);
  }

  void subscribeByDefault();
  return {
    onMessage(text) {
      if (!open) return;
      if (isFlood()) return sendAway(closeCodes.policy, `more than ${limits.messagesPerSecondMax} messages a second`);
      // Who asks on without taking the answers shows signs of life, and would fill our memory.
      if (link.bufferedBytes() > limits.bufferedBytesMax) return sendAway(closeCodes.slowConsumer, SLOW_CONSUMER);
      try {
        answer(text);
      } catch (thrown) {
        const { kind, message, faults } = toNightjarError(thrown);
        link.send(toPassingFrame('error', { kind, message, errors: faults }));
      }
    },
    offer(frame) {
      if (subscribed && link.bufferedBytes() <= limits.replayBufferedBytesMax) link.send(frame);
    },
    close,
  };
}
