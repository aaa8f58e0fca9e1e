import { NightjarError, type ErrorKind } from '../lib/errors.ts';

/** What the other side refused, with what it said of when to come again. */
export class SendError extends NightjarError {
  /** Not before so many milliseconds; undefined where it did not say. */
  readonly retryAfterMs: number | undefined;
  /** It never wants to hear of us again. */
  readonly isGone: boolean;

  constructor(kind: ErrorKind, message: string, more: { retryAfterMs?: number | undefined; isGone?: boolean } = {}) {
    super(kind, message);
    this.retryAfterMs = more.retryAfterMs;
    this.isGone = more.isGone ?? false;
  }
}
