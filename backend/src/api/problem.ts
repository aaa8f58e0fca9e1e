/** The one place where what went wrong becomes an HTTP answer: `application/problem+json`, RFC 9457. */
import { STATUS_CODES } from 'node:http';
import { z } from '@hono/zod-openapi';
import { HTTPException } from 'hono/http-exception';
import { AwayError, BusyError, errorKinds, NightjarError, toNightjarError, type ErrorKind } from '../lib/errors.ts';

const RETRY_AFTER_S = 2;

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    kind: z.enum(errorKinds),
    request_id: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .openapi('Problem');
type Problem = z.infer<typeof problemSchema>;

const statusOfKind = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  overloaded: 503,
  unavailable: 503,
  cancelled: 503,
  internal: 500,
} as const satisfies Record<ErrorKind, number>;

const headersOfStatus: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { 'WWW-Authenticate': 'Bearer realm="nightjar"' },
  503: { 'Retry-After': `${RETRY_AFTER_S}` },
};

/** What only HTTP has a word for: a status that no kind stands for, and the headers that belong to it. */
export class HttpRefusal extends NightjarError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: 405 | 408 | 413 | 414 | 415 | 416 | 422 | 431,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super('invalid', message);
    this.status = status;
    this.headers = headers;
  }
}

/** Anything thrown by a handler or by the framework, as one of ours. */
export function toApiError(thrown: unknown): NightjarError {
  if (!(thrown instanceof HTTPException)) return toNightjarError(thrown);
  if (thrown.status === 415) return new HttpRefusal(415, 'send the body as JSON, with Content-Type: application/json');
  if (thrown.status < 500) return new NightjarError('invalid', 'the body is not valid JSON', { cause: thrown });
  return new NightjarError('internal', thrown.message, { cause: thrown });
}

export const toStatus = (error: NightjarError): number =>
  error instanceof HttpRefusal ? error.status : error instanceof BusyError ? 429 : statusOfKind[error.kind];

/** As clients of the DeepStack protocol read it. */
export const deepstackErrorSchema = z
  .object({ success: z.literal(false), error: z.string(), duration: z.literal(0) })
  .openapi('DeepstackError');

export function toDeepstackError(error: NightjarError, requestId: string): Response {
  const body: z.infer<typeof deepstackErrorSchema> = { success: false, error: toDetail(error), duration: 0 };
  return toResponse(error, requestId, { type: 'application/json', body });
}

export function toProblemResponse(error: NightjarError, requestId: string): Response {
  const status = toStatus(error);
  const problem: Problem = {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: toDetail(error),
    kind: error.kind,
    request_id: requestId,
    ...(error.faults.length > 0 && { errors: [...error.faults] }),
  };
  return toResponse(error, requestId, { type: 'application/problem+json', body: problem });
}

function toResponse(error: NightjarError, requestId: string, { type, body }: { type: string; body: object }): Response {
  const status = toStatus(error);
  const own = error instanceof BusyError ? { 'Retry-After': `${error.retryAfterS}` } : error instanceof HttpRefusal && error.headers; // prettier-ignore
  const headers = { ...headersOfStatus[status], ...own };
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': type, 'X-Request-Id': requestId, ...headers },
  });
}

/** What failed inside may name queries, hosts and paths: that is for the log, which has the request id too. */
function toDetail(error: NightjarError): string {
  if (error instanceof AwayError) return `${error.message}; try again in a moment`;
  if (error.kind === 'internal') return 'something went wrong here; the log tells more under this request id';
  if (error.kind === 'unavailable') return 'something that this needs is away just now; try again in a moment';
  return error.message;
}
