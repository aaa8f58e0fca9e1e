import { NightjarError, type ErrorKind } from '../lib/errors.ts';

interface SendErrorMore {
  readonly retryAfterMs?: number | undefined;
  readonly isGone?: boolean;
  readonly takenBy?: readonly string[];
}

/** What the other side refused, with what it said of when to come again. */
export class SendError extends NightjarError {
  /** Not before so many milliseconds; undefined where it did not say. */
  readonly retryAfterMs: number | undefined;
  /** It never wants to hear of us again. */
  readonly isGone: boolean;
  /** Of several recipients those who have it by now: it is not sent to them again. */
  readonly takenBy: readonly string[];

  constructor(kind: ErrorKind, message: string, more: SendErrorMore = {}) {
    super(kind, message);
    this.retryAfterMs = more.retryAfterMs;
    this.isGone = more.isGone ?? false;
    this.takenBy = more.takenBy ?? [];
  }
}
