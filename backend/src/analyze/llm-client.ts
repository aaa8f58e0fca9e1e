/** Asks a language model over HTTP. What went wrong is always an LlmError, so that callers know what it means. */
import type { Clock } from '../lib/clock.ts';
import { LlmError } from './llm-error.ts';
import { toPlainText } from './plain-text.ts';
import { postJson, type HttpAnswer } from './post-json.ts';
import { protocols, type Protocol, type Question, type Said } from './protocols.ts';

const REASON_CHARS_MAX = 300;

export interface LlmClientOptions {
  /** The server, as in `http://127.0.0.1:8080`; with or without `/v1`. */
  readonly url: string;
  readonly api: keyof typeof protocols;
  readonly model: string | undefined;
  readonly apiKey: string | undefined;
  readonly timeoutMs: number;
  readonly outputTokensMax: number;
  readonly clock: Clock;
}

export interface LlmClient {
  /** The server's host and port: fit for logs, which the URL may not be. */
  readonly host: string;
  readonly model: string | undefined;
  readonly takesImages: boolean;
  readonly outputTokensMax: number;
  /** The whole answer. Throws `cancelled` when the signal ends it. */
  ask(question: Pick<Question, 'prompt' | 'images'>, signal: AbortSignal): Promise<Said>;
}

export function createLlmClient({
  api,
  apiKey,
  timeoutMs,
  model,
  outputTokensMax,
  clock,
  ...options
}: LlmClientOptions): LlmClient {
  const protocol: Protocol = protocols[api];
  const url = protocol.toUrl(options.url);
  const headers = apiKey === undefined ? {} : { Authorization: `Bearer ${apiKey}` };
  return {
    host: url.host,
    model,
    takesImages: protocol.takesImages,
    outputTokensMax,
    async ask(question, signal) {
      const body = JSON.stringify(protocol.toBody({ ...question, model, outputTokensMax }));
      const answer = await postJson({ url, headers, body, timeoutMs, clock, signal });
      const said = answer.status === 200 ? protocol.parse(parseJson(answer.text)) : undefined;
      if (said) return said;
      const text = conceal(answer.text, apiKey);
      throw answer.status === 200 ? toShapeError(text) : toStatusError({ ...answer, text });
    },
  };
}

/** What failed is logged, kept and shown; there are servers, and proxies before them, that repeat the key they refuse. */
const conceal = (text: string, apiKey: string | undefined): string =>
  apiKey === undefined ? text : text.replaceAll(apiKey, '[the key]');

const toShapeError = (answer: string): LlmError =>
  new LlmError('failed', 'invalid', 'the language model answered in a shape that is not its protocol', { answer });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // has no shape at all: the caller says so
  }
}

/** Statuses of a server, or of the proxy before it, that say nothing about the question. */
function toStatusError({ status, text }: HttpAnswer): LlmError {
  const said = toPlainText(text, REASON_CHARS_MAX);
  const message = `the language model's server answered ${status}${said === '' ? '' : `: ${said}`}`;
  if (status === 401 || status === 403) return new LlmError('away', 'unauthorized', message, { answer: text });
  if (status === 404 || status === 405) return new LlmError('away', 'not_found', message, { answer: text });
  if (status === 429) return new LlmError('away', 'overloaded', message, { answer: text });
  if ((status >= 502 && status <= 504) || status < 400) return new LlmError('away', 'unavailable', message, { answer: text }); // prettier-ignore
  return new LlmError('failed', status < 500 ? 'invalid' : 'unavailable', message, { answer: text });
}
