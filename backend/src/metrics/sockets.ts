import type { ErrorKind } from '../lib/errors.ts';
import type { MeterRegistry } from './registry.ts';

/** Codes that a connection of ours ends with; anything else is `other`. */
const codes = new Set([1000, 1001, 1002, 1005, 1006, 1007, 1008, 1009, 1011, 4008, 4401]);

export interface SocketMeter {
  opened(): void;
  /** Null: the client made up a code. */
  closed(code: number | null): void;
  /** `limited`: this one asks too often, or has too many sockets; `overloaded`: there are too many in all. */
  refused(kind: ErrorKind | 'limited'): void;
  sent(bytes: number): void;
  /** What was sent since the last time becomes part of the figures. */
  settle(): void;
}

/**
 * Sending is the hottest place of all, a thousand clients fifty times a second: there it is two additions, which become
 * counters when somebody asks.
 */
export function createSocketMeter({ count, add }: MeterRegistry): SocketMeter {
  let messages = 0;
  let bytes = 0;
  return {
    opened() {
      count('socket_connections_total', {});
      add('sockets_connected', {}, 1);
    },
    closed(code) {
      add('sockets_connected', {}, -1);
      count('socket_closes_total', { code: code !== null && codes.has(code) ? `${code}` : 'other' });
    },
    refused: (kind) => count('socket_refusals_total', { kind }),
    sent(frameBytes) {
      messages += 1;
      bytes += frameBytes;
    },
    settle() {
      count('socket_messages_sent_total', {}, messages);
      count('socket_sent_bytes_total', {}, bytes);
      messages = 0;
      bytes = 0;
    },
  };
}
