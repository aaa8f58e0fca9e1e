/**
 * One JSON request. Not `fetch`: its client gives up on any answer that takes five minutes to begin, and a model on a
 * CPU may take longer than that. Redirects are not followed: the key is for this server and no other.
 */
import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Clock } from '../lib/clock.ts';
import { errorCode, NightjarError, toMessage } from '../lib/errors.ts';
import { withTimeLimit } from '../lib/time-limit.ts';
import { LlmError } from './llm-error.ts';

const ANSWER_BYTES_MAX = 4 * 1024 ** 2;

export interface JsonRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** From the first byte sent to the last received. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** Nothing was listening, or nothing that we could find. */
const awayCodes =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENETDOWN|ETIMEDOUT|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|ERR_TLS)/;

/** Throws `cancelled` when the signal ends it, else an LlmError: `away` when nobody listens, `failed` for what broke off. */
export async function postJson({ url, headers, body, timeoutMs, clock, signal }: JsonRequest): Promise<HttpAnswer> {
  let isConnected = false;
  let isLate = false;
  const late = (): Error => {
    isLate = true;
    return new Error('its time is up');
  };
  const onConnect = (): void => void (isConnected = true);
  try {
    return await withTimeLimit({ timeoutMs, clock, late, signal }, (ending) =>
      exchange(url, { headers, body, onConnect, signal: ending }),
    );
  } catch (cause) {
    if (cause instanceof LlmError) throw cause;
    if (signal.aborted) throw new NightjarError('cancelled', 'closing', { cause });
    if (isLate) {
      const message = `the language model ${isConnected ? 'did not answer' : 'cannot be reached'} within ${timeoutMs} ms`;
      throw new LlmError(isConnected ? 'failed' : 'away', 'unavailable', message, { cause });
    }
    const away = awayCodes.test(errorCode(cause) ?? '');
    const message = `the language model ${away ? 'cannot be reached' : 'broke off'}: ${toMessage(cause) || errorCode(cause) || 'no reason given'}`;
    throw new LlmError(away ? 'away' : 'failed', 'unavailable', message, { cause });
  }
}

interface Exchange {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** From here on the server may be at work. */
  readonly onConnect: () => void;
  readonly signal: AbortSignal;
}

function exchange(url: URL, { headers, body, onConnect, signal }: Exchange): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    const length = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
    const request = send(url, {
      method: 'POST',
      // A connection of its own: one that is kept may be gone by the next question, which would be lost with it.
      agent: false,
      headers: { Accept: 'application/json', ...headers, ...length },
      signal,
    });
    request.on('socket', (socket) => socket.once(send === requestHttps ? 'secureConnect' : 'connect', onConnect));
    request.on('error', reject);
    request.on('response', (response) => void read(response).then(resolve, reject));
    request.end(body);
  });
}

async function read(response: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) {
      response.destroy();
      throw new LlmError('failed', 'invalid', `the language model's answer is larger than ${ANSWER_BYTES_MAX} bytes`);
    }
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') };
}
