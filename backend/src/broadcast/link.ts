import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { SocketMeter } from './meter.ts';

export const closeCodes = {
  shutdown: 1001,
  policy: 1008,
  slowConsumer: 4008,
  keyRevoked: 4401,
} as const;
export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];

export const SLOW_CONSUMER = 'slow consumer: reconnect with after';

/** A client's connection as the protocol needs it. */
export interface Link {
  /** Sends a whole WebSocket frame; does nothing once the connection is closing. */
  send(frame: Buffer): void;
  /** What `write` sends goes to the network in one piece. */
  together<T>(write: () => T): T;
  /** What was sent and not yet taken by the network. */
  bufferedBytes(): number;
  /** Resolves when everything sent was taken, or the connection is closed, or `signal` is aborted. */
  drained(signal: AbortSignal): Promise<void>;
  close(code: CloseCode, reason: string): void;
}

interface LinkOptions {
  readonly socket: Duplex;
  readonly ws: WebSocket;
  readonly close: Link['close'];
  readonly meter?: Pick<SocketMeter, 'sent'> | undefined;
}

/**
 * Frames are written to the socket itself, past `ws`. That is safe because `ws` without compression writes each of its own
 * frames (pings, pongs, the close frame) whole and synchronously, and because nothing is written once it is closing.
 */
export function createLink({ socket, ws, close, meter }: LinkOptions): Link {
  return {
    send(frame) {
      if (ws.readyState !== ws.OPEN) return;
      socket.write(frame);
      meter?.sent(frame.length);
    },
    together(write) {
      socket.cork();
      try {
        return write();
      } finally {
        socket.uncork();
      }
    },
    bufferedBytes: () => socket.writableLength,
    drained(signal) {
      if (!socket.writableNeedDrain || signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const done = (): void => {
          socket.off('drain', done).off('close', done);
          signal.removeEventListener('abort', done);
          resolve();
        };
        socket.on('drain', done).on('close', done);
        signal.addEventListener('abort', done);
      });
    },
    close,
  };
}
