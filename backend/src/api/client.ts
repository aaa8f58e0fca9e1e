/**
 * Who is at the other end of a request, and how it came to us: by the connection itself, and where that is one of a
 * trusted proxy by what the proxy says of it (`X-Forwarded-For`, `-Proto`, `-Host`). Of anybody else those are just words.
 */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import proxyAddr from 'proxy-addr';

export interface Client {
  /** Null once the connection is gone. */
  readonly address: string | null;
  readonly protocol: 'http' | 'https';
  /** As in the Host header; undefined without one. */
  readonly host: string | undefined;
}

type Trust = (address: string, hops: number) => boolean;
const trustNobody: Trust = () => false;

/** Found out once, where the request comes in: what is behind needs no configuration. */
const clients = new WeakMap<IncomingMessage, Client>();

/** `proxies`: addresses, networks and names of `TRUSTED_PROXIES`. To be called for each request as it comes in. */
export function createClientReader(proxies: readonly string[]): (request: IncomingMessage) => void {
  const trust = proxies.length === 0 ? trustNobody : proxyAddr.compile([...proxies]);
  return (request) => void clients.set(request, toClient(request, trust));
}

export const clientOf = (request: IncomingMessage): Client => clients.get(request) ?? toClient(request, trustNobody);

function toClient(request: IncomingMessage, trust: Trust): Client {
  const { socket, headers } = request;
  const peer = socket.remoteAddress;
  const isEncrypted = 'encrypted' in socket && socket.encrypted === true;
  const own = { address: peer ?? null, protocol: isEncrypted ? 'https' : 'http', host: headers.host } as const;
  if (peer === undefined || !trust(peer, 0)) return own;
  return {
    address: toAddress(request, trust) ?? own.address,
    protocol: toProtocol(firstOf(headers['x-forwarded-proto'])) ?? own.protocol,
    host: firstOf(headers['x-forwarded-host']) ?? own.host,
  };
}

/** The first, from our end, that is no trusted proxy. One that is no address ends the list: nobody vouches for the rest. */
function toAddress(request: IncomingMessage, trust: Trust): string | undefined {
  const isKnown: Trust = (address, hops) => isIP(address) !== 0 && trust(address, hops);
  return proxyAddr.all(request, isKnown).findLast((address) => isIP(address) !== 0);
}

const toProtocol = (text: string | undefined): Client['protocol'] | undefined => {
  const lower = text?.toLowerCase();
  return lower === 'http' || lower === 'https' ? lower : undefined;
};

/** Proxies in a row append theirs; the first is that of the client's own connection. */
function firstOf(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  const first = text?.split(',')[0]?.trim();
  return first === '' ? undefined : first;
}
