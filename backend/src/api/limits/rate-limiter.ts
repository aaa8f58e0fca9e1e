/** How much one caller may ask for in a minute. Who that is: the key that was shown if it is good, else the address. */
import ipaddr from 'ipaddr.js';
import { BusyError } from '../../lib/errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { createMemoryCounter, createRedisCounter } from './rate-counter.ts';

/** A request counts as so many points; one that brings or fetches a picture as one: a page has fifty of them. */
const POINTS_OF_REQUEST = 10;
const POINTS_OF_PICTURE = 1;
/** Whoever has an IPv6 address has 2^64 of them. */
const IPV6_PREFIX_BITS = 64;

export interface Allowance {
  readonly limit: number;
  /** Requests left in this window. */
  readonly remaining: number;
  /** Seconds until the window ends, whole. */
  readonly resetS: number;
  readonly isExceeded: boolean;
}

export interface Caller {
  /** Of a key that was found good. */
  readonly keyId?: string | undefined;
  readonly address: string | null;
}

export interface RateLimiter {
  take(caller: Caller, options?: { readonly isPicture?: boolean }): Promise<Allowance>;
  close(): Promise<void>;
}

export interface RateLimiterOptions {
  readonly perMinute: number;
  /** Counts are shared through it where it is given. */
  readonly redis?: { readonly url: string; readonly houseId: string } | undefined;
  /** One that only goes forward. */
  readonly clock: Clock;
}

export function createRateLimiter({ perMinute, redis, clock }: RateLimiterOptions): RateLimiter {
  const pointsMax = perMinute * POINTS_OF_REQUEST;
  const counter = redis ? createRedisCounter({ ...redis, pointsMax, clock }) : createMemoryCounter({ clock });
  return {
    async take(caller, { isPicture = false } = {}) {
      const { points, resetMs } = await counter.take(nameOf(caller), isPicture ? POINTS_OF_PICTURE : POINTS_OF_REQUEST);
      return {
        limit: perMinute,
        remaining: Math.max(0, Math.floor((pointsMax - points) / POINTS_OF_REQUEST)),
        resetS: Math.ceil(resetMs / 1_000),
        isExceeded: points > pointsMax,
      };
    },
    close: counter.close,
  };
}

/** Throws `overloaded` (HTTP 429) for who has asked too often. */
export function assertAllowed({ isExceeded, limit, resetS }: Allowance): void {
  if (isExceeded)
    throw new BusyError(`more than ${limit} requests within a minute; go on in ${resetS} s`, Math.max(1, resetS));
}

const nameOf = ({ keyId, address }: Caller): string =>
  keyId === undefined ? `address:${toNetwork(address)}` : `key:${keyId}`;

function toNetwork(address: string | null): string {
  const plain = address?.replace(/%.*$/, '') ?? '';
  if (!ipaddr.isValid(plain)) return 'none';
  const parsed = ipaddr.process(plain);
  if (!(parsed instanceof ipaddr.IPv6)) return parsed.toString();
  const kept = parsed.parts.slice(0, IPV6_PREFIX_BITS / 16).map((part) => part.toString(16));
  return `${kept.join(':')}::/${IPV6_PREFIX_BITS}`;
}
