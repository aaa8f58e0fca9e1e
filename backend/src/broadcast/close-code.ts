import type { WebSocket } from 'ws';
import { errorCode } from '../lib/errors.ts';

/** What a client may truly say as it goes: done, going away, nothing, or nothing any more. Our own codes are ours to give. */
const clientCodes = new Set([1000, 1001, 1005, 1006]);

/** What `ws` closes with by itself, by its errors; the others are of the protocol (1002). */
const errorCodes: Readonly<Record<string, number>> = {
  WS_ERR_INVALID_UTF8: 1007,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
};

const toOwnCode = (error: string): number | undefined =>
  error.startsWith('WS_ERR_') ? (errorCodes[error] ?? 1002) : undefined;

export interface Closing {
  close(code: number, reason: string): void;
  /** What the connection ended with, once it has; null for a code that is not the client's to say. */
  toCode(heard: number): number | null;
}

/**
 * Why a connection really ended. `ws` tells what the other side said last, if it said anything: of those who hang it would
 * never tell why we sent them away, and it would believe anybody that we did.
 */
export function watchClosing(ws: WebSocket): Closing {
  let own: number | undefined;
  ws.on('error', (error) => (own ??= toOwnCode(errorCode(error) ?? '')));
  return {
    close(code, reason) {
      if (ws.readyState === ws.OPEN) own = code;
      ws.close(code, reason);
    },
    toCode: (heard) => own ?? (clientCodes.has(heard) ? heard : null),
  };
}
