import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { limitServer, serverLimits, toServerOptions, type ServerLimits } from './limits/server-limits.ts';
import { openTls, type TlsOptions } from './tls.ts';
import { PlainUnlessSocket } from './upgrades.ts';

export interface HttpServerOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** HTTPS and WSS instead of HTTP. */
  readonly tls?: TlsOptions | undefined;
  readonly serverLimits?: Partial<ServerLimits> | undefined;
}

export interface OpenedServer {
  readonly server: Server | TlsServer;
  readonly scheme: 'http' | 'https';
  /** Ends what tends the server; the server itself is the caller's to close. */
  release(): Promise<void>;
}

/** A server that does not listen yet. Throws `invalid` when the certificate cannot be used. */
export async function openHttpServer(options: HttpServerOptions, onRequest: RequestListener): Promise<OpenedServer> {
  const limits = { ...serverLimits, ...options.serverLimits };
  const opening = { ...toServerOptions(limits), IncomingMessage: PlainUnlessSocket };
  if (!options.tls) {
    const server = createServer(opening, onRequest);
    limitServer(server, limits);
    return { server, scheme: 'http', release: () => Promise.resolve() };
  }
  const tls = await openTls(options.tls, options);
  const server = createTlsServer({ ...opening, ...tls.context, handshakeTimeout: limits.handshakeMs }, onRequest);
  server.on('tlsClientError', (error) => options.log.debug({ err: error }, `TLS: ${error.message}`));
  limitServer(server, limits);
  tls.follow(server);
  return { server, scheme: 'https', release: tls.close };
}
