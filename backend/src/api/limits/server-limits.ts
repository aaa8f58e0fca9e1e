/** What one connection, and all together, may take before anything of ours has looked at it. */
import type { Server as HttpServer, ServerOptions } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { MiddlewareHandler } from 'hono';
import { HttpRefusal } from '../problem.ts';
import type { ApiEnv } from '../route-parts.ts';

export const serverLimits = {
  urlBytesMax: 8 * 1_024,
  /** All headers of a request together. */
  headerBytesMax: 16 * 1_024,
  headersMax: 100,
  /** From the connection, or the first byte of a request, until its headers are whole. */
  headersMs: 10_000,
  /** Until its body is whole too. */
  requestMs: 60_000,
  handshakeMs: 10_000,
  /** Between two requests. Longer than what usual proxies keep (60 s): they would send into a connection just being closed. */
  keepAliveMs: 65_000,
  /** Without a byte in either direction: a client that does not read what it asked for. */
  silenceMs: 300_000,
  /** Sockets included, which have a limit of their own below it. */
  connectionsMax: 4_096,
  /** How often times are looked at. */
  checkEveryMs: 2_000,
};
export type ServerLimits = typeof serverLimits;

export const toServerOptions = (limits: ServerLimits): ServerOptions => ({
  // The parser counts the request line too; what is between is refused below, in our own words.
  maxHeaderSize: limits.urlBytesMax + limits.headerBytesMax,
  headersTimeout: limits.headersMs,
  requestTimeout: limits.requestMs,
  keepAliveTimeout: limits.keepAliveMs,
  connectionsCheckingInterval: limits.checkEveryMs,
});

export function limitServer(server: HttpServer | HttpsServer, { connectionsMax, silenceMs }: ServerLimits): void {
  server.maxConnections = connectionsMax;
  server.timeout = silenceMs;
}

/** Refuses what is larger than any request of an honest client, before it is looked at further or logged. */
export const refuseOversize: MiddlewareHandler<ApiEnv> = async (c, next) => {
  const { url = '', rawHeaders } = c.env.incoming;
  const { urlBytesMax, headersMax, headerBytesMax } = serverLimits;
  if (Buffer.byteLength(url) > urlBytesMax) throw tooMuch(414, `a URL may have ${urlBytesMax} bytes at most`);
  if (rawHeaders.length > headersMax * 2) throw tooMuch(431, `a request may have ${headersMax} headers at most`);
  const headerBytes = rawHeaders.reduce((sum, text) => sum + text.length + 2, 0); // `: ` and the end of the line
  if (headerBytes > headerBytesMax) throw tooMuch(431, `headers may have ${headerBytesMax} bytes in all`);
  await next();
};

/** Nothing more is heard on this connection. */
const tooMuch = (status: 414 | 431, message: string): HttpRefusal =>
  new HttpRefusal(status, message, { Connection: 'close' });
