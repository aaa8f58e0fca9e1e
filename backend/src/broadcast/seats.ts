import { BusyError, NightjarError } from '../lib/errors.ts';
import type { Grant } from './connection.ts';
import type { SocketLimits } from './limits.ts';

/** When one who has too many connections may ask again: some of them may be gone by then. */
const RETRY_AFTER_S = 10;

/**
 * Refuses whoever would leave too little for the others: nobody takes all seats, a broken script or a lost key least of
 * all, and an admin who comes to see to it finds one. Sessions count with the key that they were begun with.
 */
export function assertSeat(grant: Grant, seated: ReadonlySet<{ readonly grant: Grant }>, limits: SocketLimits): void {
  const { clientsPerKeyMax, adminSeats } = limits;
  const clientsMax = grant.role === 'admin' ? limits.clientsMax : limits.clientsMax - adminSeats;
  let own = 0;
  for (const { grant: other } of seated) if (other.keyId === grant.keyId) own += 1;
  if (own >= clientsPerKeyMax)
    throw new BusyError(`${clientsPerKeyMax} clients are connected with this key already`, RETRY_AFTER_S);
  if (seated.size >= clientsMax) throw new NightjarError('overloaded', `${clientsMax} clients are connected already`);
}
