import { errorCode, NightjarError, toMessage, type ErrorKind } from '../lib/errors.ts';

/**
 * SQLSTATE classes and driver codes that heal by waiting: connection trouble (08), resources and disk (53), operator
 * intervention such as a restart (57), serialization and deadlock (40), a server that came back read-only (25006).
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const unavailableCodes =
  /^(08|53|57|40|58)\w{3}$|^25006$|^CONNECTION_|^CONNECT_TIMEOUT$|^ECONN|^ENOENT$|^EPIPE$|^ETIMEDOUT$|^EHOSTUNREACH$|^ENOTFOUND$|^EAI_AGAIN$/;

const kinds: Record<string, ErrorKind> = { '23505': 'conflict', '23503': 'conflict' };

/** What the driver threw, as one of our kinds. Errors of ours, thrown inside a transaction, pass through. */
export function toDatabaseError(thrown: unknown): NightjarError {
  if (thrown instanceof NightjarError) return thrown;
  const code = errorCode(thrown) ?? errorCode(thrown instanceof Error ? thrown.cause : undefined) ?? '';
  if (unavailableCodes.test(code))
    return new NightjarError('unavailable', `the database is not available (${code}: ${toMessage(thrown)})`, {
      cause: thrown,
    });
  return new NightjarError(kinds[code] ?? 'internal', `database: ${toMessage(thrown)}`, { cause: thrown });
}
