import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { BusyError, type ErrorKind, type NightjarError } from '../lib/errors.ts';

/** Only what can go wrong before an upgrade; everything else is our fault. */
const statuses: Partial<Record<ErrorKind, number>> = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  overloaded: 503,
  unavailable: 503,
};

/** Answers an upgrade request with plain HTTP (a problem document, RFC 9457) and closes the connection. */
export function refuseUpgrade(socket: Duplex, error: NightjarError): void {
  const { kind, message } = error;
  const status = error instanceof BusyError ? 429 : (statuses[kind] ?? 500);
  const title = STATUS_CODES[status] ?? '';
  // What was not foreseen may tell of our insides.
  const detail = status === 500 ? 'internal error' : message;
  const body = JSON.stringify({ type: 'about:blank', title, status, detail, kind });
  const head = [
    `HTTP/1.1 ${status} ${title}`,
    'Connection: close',
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(error instanceof BusyError ? [`Retry-After: ${error.retryAfterS}`] : []),
  ];
  // A peer that never closes its half would keep the socket, and with it the server's close, for ever.
  socket.once('finish', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
