/**
 * HTTP as a server of ours speaks it: one request, one bounded answer. What comes back is the status and the text;
 * no answer at all, or only half of one, is `unavailable`, and a server that asks us to wait is `overloaded`.
 */
import type { Clock } from '../../lib/clock.ts';
import { errorCode, NightjarError, toMessage } from '../../lib/errors.ts';
import { withTimeLimit } from '../../lib/time-limit.ts';

/** A detector's answer to a batch is some kilobytes. */
const ANSWER_BYTES_MAX = 8 * 1024 ** 2;
const REST_MS_DEFAULT = 1_000;
const REST_MS_MAX = 60_000;
const TOO_MANY_REQUESTS = 429;
const SERVICE_UNAVAILABLE = 503;

/** The server took the request, and then longer than it was given. */
class TimeUp extends Error {}

export const isTimeUp = (thrown: unknown): boolean => thrown instanceof NightjarError && thrown.cause instanceof TimeUp;

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export interface RequestLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** A server within the limits of one attempt. */
export interface Link {
  /** How people call the server: without credentials or query. */
  readonly address: string;
  get(route: string): Promise<Answer>;
  post(route: string, form: FormData): Promise<Answer>;
}

export interface HttpOptions {
  /** `http://user:password@host:port/path` is fine: credentials are sent as basic authentication. */
  readonly url: string;
  readonly apiKey: string | undefined;
  readonly clock: Clock;
  /** The server asked to be left alone for so long. */
  readonly onRest: (durationMs: number) => void;
}

/** Connections are kept alive and shared by Node's own agent, which lets idle ones go after seconds. */
export function createHttp({ url, apiKey, clock, onRest }: HttpOptions) {
  const base = new URL(url);
  const address = toAddress(url);
  const headers = toHeaders(base, apiKey);

  async function send(route: string, body: FormData | null, limits: RequestLimits): Promise<Answer> {
    const late = (): Error => new TimeUp(`no answer within ${limits.timeoutMs} ms`);
    const { response, text } = await withTimeLimit({ ...limits, clock, late }, async (signal) => {
      // A redirect would take the key, and the pictures, to a place that nobody configured.
      const init = { method: body ? 'POST' : 'GET', headers, body, signal, redirect: 'manual' } as const;
      const answer = await fetch(toRequestUrl(base, route), init);
      return { response: answer, text: await readBounded(answer) };
    }).catch((thrown: unknown) => {
      throw toUnavailable(address, thrown);
    });
    const restMs = toRestMs(response, clock.nowMs());
    if (restMs === null) return { status: response.status, text };
    onRest(restMs);
    throw new NightjarError('overloaded', `${address} asks us to wait for ${Math.ceil(restMs / 1_000)} s`);
  }

  return {
    address,
    open: (limits: RequestLimits): Link => ({
      address,
      get: (route) => send(route, null, limits),
      post: (route, form) => send(route, form, limits),
    }),
  };
}

/** A server's URL as it may be shown: without credentials, query and fragment. */
export function toAddress(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname.replace(/\/+$/, '')}`;
}

function toRequestUrl(base: URL, route: string): string {
  return `${base.protocol}//${base.host}${base.pathname.replace(/\/+$/, '')}${route}${base.search}`;
}

function toHeaders(base: URL, apiKey: string | undefined): Record<string, string> {
  const { username, password } = base;
  const basic = Buffer.from(`${decodeUser(username, base)}:${decodeUser(password, base)}`).toString('base64');
  return {
    accept: 'application/json',
    ...(username || password ? { authorization: `Basic ${basic}` } : {}),
    ...(apiKey === undefined ? {} : { 'x-api-key': apiKey }),
  };
}

function decodeUser(text: string, base: URL): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    const message = `the user and password of ${toAddress(base.href)} are not percent-encoded: "%" is written "%25"`;
    throw new NightjarError('invalid', message, { cause });
  }
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop early cancels the rest of the answer.
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`its answer has more than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** fetch says only `fetch failed`; what happened is in its cause, as in ECONNREFUSED. */
function toUnavailable(address: string, thrown: unknown): NightjarError {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  const reason = errorCode(cause) ?? (cause instanceof Error ? cause.message : toMessage(thrown));
  return new NightjarError('unavailable', `${address} did not answer: ${reason}`, { cause: thrown });
}

/** How long the server wants to be left alone, milliseconds; null if it does not say so. */
function toRestMs(response: Response, nowMs: number): number | null {
  const said = response.headers.get('retry-after');
  if (response.status === TOO_MANY_REQUESTS) return parseRetryAfter(said, nowMs) ?? REST_MS_DEFAULT;
  return response.status === SERVICE_UNAVAILABLE ? parseRetryAfter(said, nowMs) : null;
}

/** Seconds or a date (RFC 9110, section 10.2.3), at most a minute: then we ask again whatever was said. */
export function parseRetryAfter(said: string | null, nowMs: number): number | null {
  if (said === null) return null;
  const ms = /^\d+$/.test(said.trim()) ? Number(said) * 1_000 : Date.parse(said) - nowMs;
  return Number.isNaN(ms) ? null : Math.min(REST_MS_MAX, Math.max(0, ms));
}
