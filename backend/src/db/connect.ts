import postgres from 'postgres';
import { arrayTypes } from './array-types.ts';
import type { DatabaseTarget, Sql } from './index.ts';

const CONNECT_SECONDS_MAX = 5;
/**
 * Backing off is the business of our loops. The driver's own (up to 20 s) would hold each query back for as long, and
 * with it every `close` that waits for one. With jitter, so that a crowd of processes does not come back in step.
 */
const RECONNECT_SECONDS = 0.2;
/** So that a hung statement shows as an error, not as a wait without end. */
const STATEMENT_MS_MAX = 60_000;
/**
 * Between two statements of a transaction. A process that is stopped right there, or whose machine is gone without a word,
 * would else hold its locks for as long: with that of the outbox's head nobody in the house can store anything.
 */
const TRANSACTION_IDLE_MS_MAX = 10_000;

/** Our 64-bit columns hold counts, sizes and sequence numbers, all far below 2^53: plain numbers. */
const int8 = { to: 20, from: [20], serialize: String, parse: Number };

export function connect(
  target: DatabaseTarget,
  options: postgres.Options<Record<string, postgres.PostgresType>> = {},
): Sql {
  const base = {
    connect_timeout: CONNECT_SECONDS_MAX,
    backoff: () => RECONNECT_SECONDS * (0.5 + Math.random()),
    onnotice: () => undefined,
    transform: { column: { from: postgres.toCamel } },
    types: { int8, ...arrayTypes },
    fetch_types: false,
    ...options,
    connection: {
      application_name: 'nightjar',
      // Compiling costs more than any statement of ours; a wrong estimate must not start it.
      jit: 'off',
      statement_timeout: STATEMENT_MS_MAX,
      idle_in_transaction_session_timeout: TRANSACTION_IDLE_MS_MAX,
      ...options.connection,
    },
  };
  if ('url' in target) {
    const { url, host } = toDriverUrl(target.url);
    return postgres(url, { ...base, ...host });
  }
  return postgres({ ...base, host: target.socketDir, port: 5432, user: 'nightjar', database: target.database });
}

/** libpq names a Unix socket in a URL by `?host=/run/postgresql`; the driver wants that as an option of its own. */
function toDriverUrl(given: string): { url: string; host: { host?: string } } {
  const url = new URL(given);
  const host = url.searchParams.get('host');
  if (!host?.startsWith('/')) return { url: given, host: {} };
  url.searchParams.delete('host');
  return { url: url.href, host: { host } };
}
