/** One request over a connection of its own: no redirects, no proxy, no more of the answer than is looked at. */
import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { NightjarError } from '../lib/errors.ts';
import { toPrintable } from '../lib/printable.ts';
import type { Guard } from './guard.ts';
import { SendError } from './send-error.ts';
import { openSocket, toConnectError } from './socket.ts';

const ANSWER_BYTES_MAX = 64 * 1024;
const QUOTED_CHARS_MAX = 200;
const RETRY_AFTER_MS_MAX = 12 * 3_600_000;

export interface HttpRequest {
  readonly method: 'POST' | 'PUT';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly ca: string | null;
}

export interface HttpAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** Cut at a limit. */
  readonly body: string;
}

/** Throws `forbidden` for a host that may not be reached, `unavailable` when there is no whole answer. */
export async function sendHttp(
  sent: HttpRequest,
  { guard, signal }: { readonly guard: Guard; readonly signal: AbortSignal },
): Promise<HttpAnswer> {
  const { url, ca } = sent;
  const isEncrypted = url.protocol === 'https:';
  const port = Number(url.port) || (isEncrypted ? 443 : 80);
  const socket = await openSocket({ host: url.hostname, port, isEncrypted, ca }, guard, signal);
  try {
    const open = request({
      createConnection: () => socket,
      method: sent.method,
      path: `${url.pathname}${url.search}`,
      headers: { Host: url.host, 'User-Agent': 'Nightjar', 'Content-Length': `${sent.body.length}`, ...sent.headers },
      signal,
    });
    return await readAnswer(open, sent.body);
  } catch (thrown) {
    throw signal.aborted ? signal.reason : toConnectError(thrown, url.hostname);
  } finally {
    socket.destroy();
  }
}

async function readAnswer(open: ClientRequest, body: Buffer): Promise<HttpAnswer> {
  open.on('error', () => undefined); // also after the answer, when it is broken off: `once` tells of what matters
  open.end(body);
  const [answer] = (await once(open, 'response')) as [IncomingMessage];
  const { statusCode: status = 0, headers } = answer;
  return { status, retryAfter: headers['retry-after'], body: await readStart(answer) };
}

/** What comes after is left to the connection's end. */
async function readStart(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes >= ANSWER_BYTES_MAX) break;
  }
  return Buffer.concat(chunks).toString('utf8', 0, ANSWER_BYTES_MAX);
}

/** What it said, in a line; throws a SendError unless it took what was sent. Only what waiting may heal is tried again. */
export function toResponseLine({ status, retryAfter, body }: HttpAnswer, nowMs: number): string {
  const quoted = toPrintable(body.trim().slice(0, QUOTED_CHARS_MAX));
  const said = `HTTP ${status}${quoted === '' ? '' : `: ${quoted}`}`;
  if (status >= 200 && status < 300) return said;
  if (status === 410) throw new SendError('invalid', said, { isGone: true });
  if (status >= 300 && status < 400)
    throw new SendError('invalid', `${said}; redirects are not followed: name the address that it leads to`);
  const retryAfterMs = toRetryAfterMs(retryAfter, nowMs);
  if ([425, 429, 503].includes(status)) throw new SendError('overloaded', said, { retryAfterMs });
  if (status === 408 || status >= 500) throw new SendError('unavailable', said, { retryAfterMs });
  if (status === 401 || status === 403) throw new SendError('unauthorized', said);
  throw new SendError('invalid', said);
}

/** Seconds, or a date (RFC 9110, section 10.2.3). */
export function toRetryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(RETRY_AFTER_MS_MAX, Math.max(0, ms));
}

export const late = (): NightjarError => new NightjarError('unavailable', 'it did not answer in time');
