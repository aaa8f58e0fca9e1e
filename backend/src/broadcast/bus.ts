/** The bus: hints between publishers and hubs. What it loses is found by polling, so it never queues and never blocks. */
import type { TracedMessage } from '../model/index.ts';

/** An empty list says: messages may have been missed (a reconnect), look at the database. Must not throw. */
export type OnMessages = (messages: readonly TracedMessage[]) => void;

export interface BusHealth {
  readonly kind: 'local' | 'redis';
  /** Whether messages reach other processes at once; by polling they always do. */
  readonly connected: boolean;
}

export interface Bus {
  /** Tells of messages that are committed. This process hears of them before it returns; others at once or never. */
  publish(messages: readonly TracedMessage[]): void;
  /** Returns the way out. A message may come twice, or out of order. */
  subscribe(onMessages: OnMessages): () => void;
  health(): BusHealth;
  /** Nothing is heard or told afterwards. Idempotent. */
  close(): Promise<void>;
}

/** The bus of a house of one process. */
export function createLocalBus(): Bus {
  const subscribers = new Set<OnMessages>();
  let open = true;
  return {
    publish(messages) {
      if (open && messages.length > 0) for (const tell of subscribers) tell(messages);
    },
    subscribe(onMessages) {
      // A function of its own for each call, so that the same one can be subscribed twice.
      const tell: OnMessages = (messages) => onMessages(messages);
      subscribers.add(tell);
      return () => void subscribers.delete(tell);
    },
    health: () => ({ kind: 'local', connected: open }),
    async close() {
      open = false;
      subscribers.clear();
    },
  };
}
