import { AwayError, errorCode, NightjarError, toMessage, type ErrorKind } from '../lib/errors.ts';

/**
 * Codes of the driver and of the server that say: it is away, for all that we might ask. In words for any eyes.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const awayCodes: readonly (readonly [RegExp, string])[] = [
  [/^(ECONNREFUSED|ENOENT)$/, 'it takes no connections'],
  [/^(CONNECT_TIMEOUT|ETIMEDOUT|CONNECTION_SILENT)$/, 'it does not answer'],
  [/^(ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN)$/, 'its host cannot be reached'],
  [/^(57P0[1-5])$/, 'it is stopping or starting'],
  [/^53300$/, 'it has no connections left'],
  // A standby, or a server that came back read-only.
  [/^25006$/, 'it takes no changes (read-only)'],
  [/^(08\w{3}|CONNECTION_\w+|ECONN\w+|EPIPE)$/, 'the connection was lost'],
];

/** The server is there and turns us away: no waiting heals a wrong password, user or database name. */
const refusedCodes = /^(28\w{3}|3D000)$/;

/** Of a connection that we ended. */
const ourCodes = /^CONNECTION_(ENDED|DESTROYED)$/;

/** What heals by waiting and is no outage: resources and disk (53), serialization and deadlock (40), intervention (57, 58). */
const unavailableCodes = /^(53|57|40|58)\w{3}$/;

const kinds: Record<string, ErrorKind> = { '23505': 'conflict', '23503': 'conflict' };

const codeOf = (thrown: unknown): string =>
  errorCode(thrown) ?? errorCode(thrown instanceof Error ? thrown.cause : undefined) ?? '';

/** What the driver threw, as one of our kinds. Errors of ours, thrown inside a transaction, pass through. */
export function toDatabaseError(thrown: unknown): NightjarError {
  if (thrown instanceof NightjarError) return thrown;
  const code = codeOf(thrown);
  const away = awayCodes.find(([codes]) => codes.test(code));
  if (away) return new AwayError('the database', away[1], thrown);
  const kind = unavailableCodes.test(code) ? 'unavailable' : (kinds[code] ?? 'internal');
  return new NightjarError(kind, `database: ${toMessage(thrown)}`, { cause: thrown });
}

/** Whether the server turns us away for who we are, or has no such database. */
export const isRefused = (thrown: unknown): boolean => refusedCodes.test(codeOf(thrown));

/** Whether it failed only because we threw its connection away. */
export const isOurDoing = (thrown: unknown): boolean => ourCodes.test(codeOf(thrown));
