import { NightjarError, type ErrorKind } from '../lib/errors.ts';

/**
 * What a failed call means for those who wait.
 * - `away`: nobody worked on it (refused, unknown host, no rights, overloaded): every other call would fare the same, and
 *   it says nothing about the question.
 * - `failed`: it was taken and came to nothing (timeout, broken connection, server error, refused as asked): it may lie
 *   in the question.
 * - `malformed`: an answer came, and cannot be used. The server is fine.
 */
export type LlmFault = 'away' | 'failed' | 'malformed';

export class LlmError extends NightjarError {
  readonly fault: LlmFault;
  /** What came, where something came. */
  readonly answer: string | null;

  constructor(
    fault: LlmFault,
    kind: ErrorKind,
    message: string,
    more: { cause?: unknown; answer?: string | null } = {},
  ) {
    super(kind, message, more);
    this.fault = fault;
    this.answer = more.answer ?? null;
  }
}
