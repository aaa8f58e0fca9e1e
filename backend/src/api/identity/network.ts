import ipaddr from 'ipaddr.js';

/** Whoever has an IPv6 address has 2^64 of them. */
const IPV6_PREFIX_BITS = 64;

/** What one who guesses cannot easily leave: the address, of IPv6 the network. */
export function toNetwork(address: string | null): string {
  const plain = address?.replace(/%.*$/, '') ?? '';
  if (!ipaddr.isValid(plain)) return 'none';
  const parsed = ipaddr.process(plain);
  if (!(parsed instanceof ipaddr.IPv6)) return parsed.toString();
  const kept = parsed.parts.slice(0, IPV6_PREFIX_BITS / 16).map((part) => part.toString(16));
  return `${kept.join(':')}::/${IPV6_PREFIX_BITS}`;
}
