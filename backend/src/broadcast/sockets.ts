/** The WebSocket server of `/ws`: lets clients in, keeps them awake, tells them of the system, and sees them out. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../lib/clock.ts';
import { BusyError, NightjarError, toNightjarError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { createLoop } from '../lib/loop.ts';
import { createConnection, createWebSocketServer, type Connection, type Grant } from './connection.ts';
import type { Hub } from './hub.ts';
import { socketLimits, type SocketLimits } from './limits.ts';
import { closeCodes } from './link.ts';
import type { SocketMeter } from './meter.ts';
import { toPassingFrame } from './protocol.ts';
import { refuseUpgrade } from './refuse.ts';
import { assertSeat } from './seats.ts';

const PATH = '/ws';

export interface SocketServer {
  /** For `server.on('upgrade')`. Refuses with plain HTTP before the upgrade, or lets the client in. Never throws. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  clientCount(): number;
  /** Closes with 4401 the connections of those who may not stay; to be called when that may have changed. */
  recheck(): void;
  /** Closes all with 1001 and waits for them, but not long. Idempotent. */
  close(): Promise<void>;
}

/** The data of `system.status` for a client that may see these cameras (null: all). */
export type StatusView = (cameraIds: readonly string[] | null) => object;

export interface SocketServerOptions {
  readonly hub: Hub;
  /** Throws `unauthorized` or `forbidden`; cookies count only from our own origin, which is for this function to see to. */
  readonly authenticate: (request: IncomingMessage) => Promise<Grant>;
  /** Why one who was let in may not stay (its key was revoked, ...); null while it may. Asked again all the time. */
  readonly reasonToLeave?: (grant: Grant) => string | null;
  /** How the house is, asked once for all clients. */
  readonly status: () => Promise<StatusView>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits?: Partial<SocketLimits>;
  readonly meter?: SocketMeter;
}

export function createSocketServer(options: SocketServerOptions): SocketServer {
  const { hub, authenticate, status, clock, log, meter } = options;
  const limits = { ...socketLimits, ...options.limits };
  const connections = new Set<Connection>();
  /** Sockets of requests that are being authenticated. */
  const arriving = new Set<Duplex>();
  let closing: Promise<void> | undefined;
  const server = createWebSocketServer(limits);

  function assertRoom(request: IncomingMessage): void {
    if (request.url?.split('?')[0] !== PATH) throw new NightjarError('not_found', `WebSockets are at ${PATH}`);
    if (closing) throw new NightjarError('unavailable', 'shutting down');
    // Not counted as clients: nobody knows yet who they are, and those who are nobody must not take the seats.
    if (arriving.size >= limits.arrivingMax)
      throw new NightjarError('overloaded', `${limits.arrivingMax} clients are being let in already`);
  }

  async function letIn(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    try {
      assertRoom(request);
      arriving.add(socket);
      const grant = await authenticate(request).finally(() => arriving.delete(socket));
      if (closing) throw new NightjarError('unavailable', 'shutting down');
      assertSeat(grant, connections, limits);
      // From here to `welcome` all is in one turn, so that those who come at the same moment are counted too.
      if (!socket.destroyed)
        server.handleUpgrade(request, socket, head, (ws) =>
          welcome(createConnection({ ws, socket, grant, hub, clock, log, limits, meter })),
        );
    } catch (thrown) {
      const error = toNightjarError(thrown);
      if (error.kind === 'internal') log.error({ err: error }, `a WebSocket was refused: ${error.message}`);
      meter?.refused(error instanceof BusyError ? 'limited' : error.kind);
      refuseUpgrade(socket, error);
    }
  }

  function welcome(connection: Connection): void {
    connections.add(connection);
    void connection.closed.then(() => connections.delete(connection));
  }

  async function beat(): Promise<boolean> {
    for (const connection of connections) connection.beat();
    return false;
  }

  /** Also who was let in just before its key was revoked, and counted just after. */
  function recheck(): void {
    for (const connection of connections) {
      const reason = options.reasonToLeave?.(connection.grant) ?? null;
      if (reason !== null) connection.dismiss(closeCodes.keyRevoked, reason);
    }
  }

  async function tellStatus(): Promise<boolean> {
    if (connections.size === 0) return false;
    const toStatus = await status();
    for (const [cameraIds, members] of groupByView(connections)) {
      const frame = toPassingFrame('system.status', toStatus(cameraIds));
      for (const member of members) member.offer(frame);
    }
    return false;
  }

  const loops = [
    createLoop({ name: 'sockets heartbeat', clock, log, idleMs: limits.heartbeatMs, runOnce: beat }),
    createLoop({
      name: 'sockets recheck',
      clock,
      log,
      idleMs: limits.recheckMs,
      runOnce: async () => (recheck(), false),
    }),
    createLoop({ name: 'sockets status', clock, log, idleMs: limits.statusMs, runOnce: tellStatus }),
  ];

  async function closeAll(): Promise<void> {
    for (const socket of arriving) socket.destroy();
    const gone = Promise.all([...connections].map(({ closed }) => closed));
    for (const connection of connections) connection.dismiss(closeCodes.shutdown, 'shutting down');
    const grace = new AbortController();
    await Promise.race([gone, clock.sleep(limits.shutdownMs, grace.signal)]);
    grace.abort();
    for (const connection of connections) connection.terminate();
    await Promise.all([gone, ...loops.map((loop) => loop.close())]);
    server.close();
  }

  return {
    handleUpgrade(request, socket, head) {
      // Until `ws` takes over, a connection that breaks would otherwise be an uncaught exception.
      socket.on('error', (error) => log.debug({ err: error }, `upgrade: ${error.message}`));
      void letIn(request, socket, head);
    },
    clientCount: () => connections.size,
    recheck,
    close: () => (closing ??= closeAll()),
  };
}

/** Clients that may see the same cameras share one status message. */
function groupByView(
  connections: Iterable<Connection>,
): readonly (readonly [readonly string[] | null, readonly Connection[]])[] {
  const groups = new Map<string, [readonly string[] | null, Connection[]]>();
  for (const connection of connections) {
    const { cameraIds } = connection.grant;
    const view = JSON.stringify(cameraIds);
    const group = groups.get(view) ?? [cameraIds, []];
    groups.set(view, group);
    group[1].push(connection);
  }
  return [...groups.values()];
}
