import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { createClient } from './client.ts';
import { watchClosing } from './close-code.ts';
import { createFloodGate } from './flood-gate.ts';
import type { Hub } from './hub.ts';
import type { SocketLimits } from './limits.ts';
import { closeCodes, createLink, type CloseCode } from './link.ts';
import type { SocketMeter } from './meter.ts';

const KEY_PROTOCOL = 'api-key.';

/** Whose connection it is and what it may see: these cameras, or all (null). */
export interface Grant {
  readonly keyId: string;
  readonly cameraIds: readonly string[] | null;
  readonly role?: 'admin' | 'viewer' | 'ingest';
  /** Null, or left out, without a session. */
  readonly sessionId?: string | null;
  /** When the key or the session ends by itself. */
  readonly expiresAt?: Date | null;
}

/** One client that was let in. */
export interface Connection {
  readonly grant: Grant;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  /** Sends a passing message, unless the client is behind. */
  offer(frame: Buffer): void;
  /** Asks for a sign of life; cuts the connection if none came since the last time. */
  beat(): void;
  /** Closes it, politely; nothing more is sent or heard. */
  dismiss(code: CloseCode, reason: string): void;
  terminate(): void;
}

export interface ConnectionOptions {
  readonly ws: WebSocket;
  readonly socket: Duplex;
  readonly grant: Grant;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: SocketLimits;
  readonly meter?: SocketMeter | undefined;
}

/** Joins a WebSocket with a client of the protocol, from the handshake to its end. */
export function createConnection({ ws, socket, grant, hub, clock, log, limits, meter }: ConnectionOptions): Connection {
  const { cameraIds, keyId } = grant;
  const { close, toCode } = watchClosing(ws);
  const link = createLink({ socket, ws, close, meter });
  const client = createClient({ hub, link, cameraIds, clock, log, limits });
  const isFlood = createFloodGate(limits.controlFramesPerSecondMax, clock);
  let isAlive = true;
  const showLife = (): void => void (isAlive = true);
  /** Whoever talks on and takes nothing shows no life by it. */
  const onHeard = (): void => void (isAlive ||= link.bufferedBytes() === 0);

  function dismiss(code: CloseCode, reason: string): void {
    client.close();
    close(code, reason);
  }

  /** A ping or a pong of the WebSocket protocol. */
  function limitControl(): void {
    if (isFlood()) dismiss(closeCodes.policy, `more than ${limits.controlFramesPerSecondMax} pings and pongs a second`);
  }

  ws.on('message', (data, isBinary) => {
    onHeard();
    client.onMessage(isBinary ? null : (data as Buffer).toString());
  });
  ws.on('pong', () => {
    showLife();
    limitControl();
  });
  ws.on('ping', (data) => {
    onHeard();
    limitControl();
    // Nothing is heard of whoever does not take the answers.
    if (ws.readyState === ws.OPEN && link.bufferedBytes() <= limits.bufferedBytesMax) ws.pong(data);
  });
  // A slow client that takes what was sent lives, though its pong is late behind it.
  socket.on('drain', showLife);
  // `ws` closes the connection itself (1002, 1007, 1009); what is left to do comes with 'close'.
  ws.on('error', (error) => log.debug({ err: error, key_id: keyId }, `WebSocket: ${error.message}`));
  meter?.opened();
  ws.once('close', (heard) => meter?.closed(toCode(heard)));
  const closed = new Promise<void>((resolve) => ws.once('close', () => resolve())).then(() => client.close());

  return {
    grant,
    closed,
    offer: (frame) => client.offer(frame),
    beat() {
      if (!isAlive) ws.terminate();
      isAlive = false;
      if (ws.readyState === ws.OPEN) ws.ping();
    },
    dismiss,
    terminate: () => ws.terminate(),
  };
}

/** The handshake and the frames; everything else is ours. */
export function createWebSocketServer({
  messageBytesMax,
  messageFragmentsMax,
  closeMs,
}: SocketLimits): WebSocketServer {
  const options = {
    noServer: true,
    clientTracking: false,
    maxPayload: messageBytesMax,
    perMessageDeflate: false,
    autoPong: false, // it would cut off, without a code, whoever sends 60 in one go
    // Two options of ws that its types do not know yet.
    closeTimeout: closeMs,
    maxFragments: messageFragmentsMax,
    // A browser that offers protocols fails the connection unless one of them is chosen.
    handleProtocols: (offered: Set<string>) =>
      [...offered].find((protocol) => protocol.startsWith(KEY_PROTOCOL)) ?? false,
  };
  return new WebSocketServer(options);
}
