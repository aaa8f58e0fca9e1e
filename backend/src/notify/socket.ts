/** Connections to what a channel names: every kind opens its own here, past the guard, and nowhere else. */
import { once } from 'node:events';
import type { LookupAddress } from 'node:dns';
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { errorCode, NightjarError, toMessage } from '../lib/errors.ts';
import type { Guard } from './guard.ts';

export interface Place {
  readonly host: string;
  readonly port: number;
  readonly isEncrypted: boolean;
  /** PEM of an authority besides the public ones. */
  readonly ca: string | null;
}

/** Connected, and encrypted where that is wanted. The caller destroys it. Throws `forbidden`, `unavailable`. */
export async function openSocket(place: Place, guard: Guard, signal: AbortSignal): Promise<Socket> {
  const host = place.host.replace(/^\[(.*)\]$/, '$1');
  const addresses = await guard.resolve(host);
  signal.throwIfAborted();
  const target = { host, port: place.port, lookup: toLookup(addresses) };
  const name = isIP(host) === 0 ? { servername: host } : {};
  const socket = place.isEncrypted ? connectTls({ ...target, ...name, ...toTrust(place.ca) }) : connectTcp(target);
  try {
    await once(socket, place.isEncrypted ? 'secureConnect' : 'connect', { signal });
  } catch (thrown) {
    socket.destroy();
    throw signal.aborted ? signal.reason : toConnectError(thrown, host);
  }
  // Whoever uses it listens too; but a connection that breaks between two owners must not end the process.
  socket.on('error', () => undefined);
  return socket;
}

/** With an authority of one's own the public ones do not count. */
export const toTrust = (ca: string | null): { ca?: string } => (ca === null ? {} : { ca });

/** The addresses that were checked, whatever the name means by now. */
function toLookup(addresses: readonly LookupAddress[]): LookupFunction {
  return (_host, { all }, done) => {
    const [first] = addresses;
    if (all || !first) done(null, [...addresses]);
    else done(null, first.address, first.family);
  };
}

/** Waiting may heal it, a certificate that ran out included. */
export function toConnectError(thrown: unknown, host: string): NightjarError {
  if (thrown instanceof NightjarError) return thrown;
  const inner = thrown instanceof AggregateError ? (thrown.errors[0] as unknown) : thrown;
  const reason = errorCode(inner) ?? toMessage(inner);
  return new NightjarError('unavailable', `${host} cannot be reached: ${reason}`, { cause: thrown });
}
