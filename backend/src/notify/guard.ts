/**
 * Which addresses may be spoken to. Whoever sets up a channel chooses a host, and must not thereby reach what only this
 * machine reaches: its own ports, the router, the metadata service of a cloud. So all that is not an ordinary address of the
 * internet is refused, unless the operator has allowed it. What is checked is the address that is then connected to: a name
 * that means another address a moment later changes nothing.
 */
import { lookup as lookupByDns } from 'node:dns/promises';
import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { NightjarError, toMessage } from '../lib/errors.ts';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = readonly [Address, number];

export interface Guard {
  /** The addresses of a host that may be connected to. Throws `forbidden` for an address that may not, `unavailable` when a name has none that may. */
  resolve(host: string): Promise<readonly LookupAddress[]>;
}

export interface GuardOptions {
  /** NOTIFY_PRIVATE_ALLOWED: addresses, ranges (CIDR) and names of hosts. */
  readonly allowed: readonly string[];
  readonly lookup?: (host: string) => Promise<readonly LookupAddress[]>;
}

const lookupAll = (host: string): Promise<readonly LookupAddress[]> => lookupByDns(host, { all: true });

export function createGuard({ allowed, lookup = lookupAll }: GuardOptions): Guard {
  const ranges = allowed.flatMap(toRanges);
  const names = new Set(allowed.map(toName));

  const mayReach = (address: string): boolean => {
    const parsed = toPlain(ipaddr.parse(address));
    return isPublic(parsed) || ranges.some((range) => isWithin(parsed, range));
  };

  return {
    async resolve(given) {
      const host = given.replace(/^\[(.*)\]$/, '$1');
      const found = await resolveAll(host, lookup);
      const open = names.has(toName(host)) ? found : found.filter(({ address }) => mayReach(address));
      if (open.length === 0) throw refused(host, found[0]?.address ?? host);
      return open;
    },
  };
}

async function resolveAll(host: string, lookup: NonNullable<GuardOptions['lookup']>) {
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family }];
  try {
    return await lookup(host);
  } catch (cause) {
    throw new NightjarError('unavailable', `the host ${host} was not found (${toMessage(cause)})`, { cause });
  }
}

/** Without a trailing dot, as names of the configuration are. */
const toName = (host: string): string => host.toLowerCase().replace(/\.$/, '');

function toRanges(entry: string): readonly Range[] {
  if (ipaddr.isValidCIDR(entry)) return [ipaddr.parseCIDR(entry)];
  return isIP(entry) === 0 ? [] : [ipaddr.parseCIDR(`${entry}/${isIP(entry) === 4 ? 32 : 128}`)];
}

const isWithin = (address: Address, [base, bits]: Range): boolean =>
  address.kind() === base.kind() && address.match(base, bits);

/** The IPv4 address that an IPv6 one stands for: mapped (::ffff:0:0/96), or through NAT64 (64:ff9b::/96). */
function toPlain(address: Address): Address {
  if (address.kind() === 'ipv4') return address;
  const v6 = address as ipaddr.IPv6;
  const isMapped = v6.match(ipaddr.IPv6.parse('::ffff:0:0'), 96);
  const isNat64 = v6.match(ipaddr.IPv6.parse('64:ff9b::'), 96);
  return isMapped || isNat64 ? new ipaddr.IPv4(v6.toByteArray().slice(-4)) : address;
}

/** Of the internet by its range, but each virtual machine of Azure reaches its host under it: metadata, DNS, keys. */
const AZURE_HOST = '168.63.129.16';

/** IANA gives IPv6 addresses of the internet from 2000::/3 only. */
const isPublic = (address: Address): boolean =>
  address.range() === 'unicast' &&
  address.toString() !== AZURE_HOST &&
  (address.kind() === 'ipv4' || address.match(ipaddr.IPv6.parse('2000::'), 3));

/** Final for an address. What a name means may change: a router answers for all names while the line is down. */
function refused(host: string, address: string): NightjarError {
  const isName = host !== address;
  const what = isName ? `${host} is ${address}, which is` : `${host} is`;
  const how = isName ? `${address} or ${host}` : address;
  return new NightjarError(
    isName ? 'unavailable' : 'forbidden',
    `${what} no address of the internet: to allow it, add ${how} (or a range such as 192.168.1.0/24) to NOTIFY_PRIVATE_ALLOWED`,
  );
}
