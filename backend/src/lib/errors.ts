/**
 * The closed list of ways things go wrong. A kind exists only because some caller acts differently on it:
 * `unavailable` and `overloaded` heal by waiting and are retried, everything else is final.
 */
export const errorKinds = [
  'invalid',
  'not_found',
  'conflict',
  'unauthorized',
  'forbidden',
  'overloaded',
  'unavailable',
  'cancelled',
  'internal',
] as const;
export type ErrorKind = (typeof errorKinds)[number];

/** One fault in a piece of input; `path` is dotted, as in `EVENT_IDLE_S` or `query.limit`. */
export interface InputFault {
  readonly path: string;
  readonly message: string;
}

export class NightjarError extends Error {
  override readonly name = 'NightjarError';
  readonly kind: ErrorKind;
  readonly faults: readonly InputFault[];

  constructor(kind: ErrorKind, message: string, options: { cause?: unknown; faults?: readonly InputFault[] } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.faults = options.faults ?? [];
  }
}

/**
 * Native code never came back from a piece of work. `unavailable`, for another try may end well; but it is to be tried
 * apart from all other work, for it may well be to blame.
 */
export class HangError extends NightjarError {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super('unavailable', message, options);
  }
}

/**
 * A part that is tended by a tracker (see part.ts) is away. The tracker tells the log of it, once for all who meet it: they
 * stay quiet. The message is fit for any eyes; what was really said is the cause.
 */
export class AwayError extends NightjarError {
  readonly reason: string;

  constructor(part: string, reason: string, cause?: unknown) {
    super('unavailable', `${part} is away: ${reason}`, { cause });
    this.reason = reason;
  }
}

/** One caller asks too often: others are served. Over HTTP it is 429, and says when to go on. */
export class BusyError extends NightjarError {
  readonly retryAfterS: number;

  constructor(message: string, retryAfterS: number) {
    super('overloaded', message);
    this.retryAfterS = retryAfterS;
  }
}

export const isRetryable = (kind: ErrorKind): boolean => kind === 'unavailable' || kind === 'overloaded';

/** Any thrown value as one of ours; what no room recognised is `internal`. */
export function toNightjarError(thrown: unknown): NightjarError {
  if (thrown instanceof NightjarError) return thrown;
  if (thrown instanceof Error && thrown.name === 'AbortError')
    return new NightjarError('cancelled', thrown.message, { cause: thrown });
  return new NightjarError('internal', toMessage(thrown), { cause: thrown });
}

/** Whether waiting will not heal it, so that it must lie in what was asked for. */
export const isFinal = (thrown: unknown): boolean => !isRetryable(toNightjarError(thrown).kind);

export const toMessage = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

/** The `code` of a system, driver or Postgres error, as in `ENOENT` or `23505`; undefined if it has none. */
export function errorCode(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}
