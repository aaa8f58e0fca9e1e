import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener, RequestError } from '@hono/node-server';
import { errorCode, NightjarError, toMessage, toNightjarError } from '../lib/errors.ts';
import { createApp, createHealthApp, type HealthOptions } from './app.ts';
import { createClientReader } from './client.ts';
import { openHttpServer, type HttpServerOptions, type OpenedServer } from './http-server.ts';
import type { ApiOptions } from './options.ts';
import type { ApiApp } from './route-parts.ts';
import { toProblemResponse } from './problem.ts';

const DRAIN_MS_MAX = 5_000;

export interface Api {
  /** Where it can be reached from this machine, as in `http://127.0.0.1:8000`. */
  readonly url: string;
  readonly port: number;
  /** Takes no new connections, ends idle ones at once, and gives requests under way 5 s. Sockets are closed before. */
  close(): Promise<void>;
}

type ServerOptions = HttpServerOptions &
  Pick<ApiOptions, 'host' | 'port'> &
  Partial<Pick<ApiOptions, 'handleUpgrade' | 'trustedProxies'>>;

/** Serves the API on `host`:`port`. Throws `conflict` when the port is taken, `invalid` when it cannot be used at all. */
export const createApi = (options: ApiOptions): Promise<Api> => serve(createApp(options), options);

/** For a process that has no API: `/health`, `/ready` and `/metrics`. Throws as `createApi` does. */
export const createHealthApi = (options: HealthOptions & ServerOptions): Promise<Api> =>
  serve(createHealthApp(options), options);

async function serve(app: ApiApp, options: ServerOptions): Promise<Api> {
  const listener = getRequestListener((request, env) => app.fetch(request, env), {
    hostname: options.host,
    errorHandler: (thrown) => refuseBroken(thrown, options),
  });
  const meet = createClientReader(options.trustedProxies ?? []);
  const opened = await openHttpServer(options, (request, response) => {
    meet(request);
    void listener(request, response);
  });
  const { server, scheme } = opened;
  const drain = createDrain(opened, options);
  server.on('upgrade', (request, socket, head) => {
    meet(request);
    if (drain.closing()) refuseUpgrade(socket, 503);
    else if (!options.handleUpgrade || pathOf(request) !== '/ws') refuseUpgrade(socket, 404);
    else options.handleUpgrade(request, socket, head);
  });
  const port = await listen(opened, options);
  return { url: `${scheme}://${toUrlHost(options.host)}:${port}`, port, close: () => drain.close() };
}

async function listen({ server, release }: OpenedServer, { host, port }: ServerOptions): Promise<number> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    await release();
    if (errorCode(cause) === 'EADDRINUSE')
      throw new NightjarError('conflict', `port ${port} is in use: choose another`, { cause });
    throw new NightjarError('invalid', `cannot listen on ${host}:${port}: ${toMessage(cause)}`, { cause });
  }
  return (server.address() as AddressInfo).port;
}

interface Drain {
  readonly closing: () => boolean;
  readonly close: () => Promise<void>;
}

function createDrain({ server, release }: OpenedServer, { clock, log }: ServerOptions): Drain {
  let closed: Promise<void> | undefined;
  // A connection that was busy when we began to close would be kept alive for the next request: it ends instead.
  server.on('request', (_request, response) => {
    response.once('close', () => {
      if (closed) setImmediate(() => server.closeIdleConnections());
    });
  });

  async function close(): Promise<void> {
    const atRest = new AbortController();
    const drained = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    await Promise.race([drained, clock.sleep(DRAIN_MS_MAX, atRest.signal)]);
    atRest.abort();
    server.closeAllConnections();
    await release();
    log.debug('no more HTTP');
  }
  return { closing: () => closed !== undefined, close: () => (closed ??= close()) };
}

/** What never became a request for the app: a broken URL or Host header; or a fault of ours outside of it. */
function refuseBroken(thrown: unknown, { log }: ServerOptions): Response {
  if (thrown instanceof RequestError)
    return toProblemResponse(new NightjarError('invalid', toMessage(thrown), { cause: thrown }), randomUUID());
  const requestId = randomUUID();
  log.error({ request_id: requestId, err: thrown }, 'a request failed outside of the app');
  return toProblemResponse(toNightjarError(thrown), requestId);
}

function refuseUpgrade(socket: Duplex, status: 404 | 503): void {
  socket.on('error', () => undefined); // the client may be gone already, which is all the same to us
  // A peer that never closes its half would keep the connection, and with it the server's close, for ever.
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

const pathOf = ({ url = '' }: IncomingMessage): string | undefined => url.split('?', 1)[0];

/** An address to click on: what listens everywhere is reached here by the loopback address. */
function toUrlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
