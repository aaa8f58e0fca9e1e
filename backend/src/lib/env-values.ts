/** What environment variables are written in: text, each parsed to what it means, with words for what is wrong. */
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { toMessage } from './errors.ts';
import { parseS3Url } from './s3-url.ts';

export const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`);

export const decimal = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+(\.\d+)?$/, 'must be a number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`);

export const flag = z.enum(['true', 'false'], 'must be true or false').transform((value) => value === 'true');
export const list = z.string().transform((value) => value.split(',').map((item) => item.trim()).filter((item) => item !== '')); // prettier-ignore
export const url = (protocols: readonly string[]) =>
  z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
    message: `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  });

/** Origins as browsers send them: to the letter, for they are compared to the letter. */
export const origins = list.refine((items) => items.every((item) => /^https?:[^*]+$/.test(item) && isOrigin(item)), {
  message: 'must be a list of origins such as https://dash.example.org: no wildcard, no path, no default port',
});
const isOrigin = (item: string): boolean => URL.canParse(item) && new URL(item).origin === item;

const NETWORK_NAMES = ['loopback', 'linklocal', 'uniquelocal'];

/** Addresses, networks (`10.0.0.0/8`), or the names of the private ones. */
export const networks = list.refine((items) => items.every(isNetwork), {
  message: `must be a list of addresses and networks such as 10.0.0.0/8, or ${NETWORK_NAMES.join(', ')}`,
});
const isNetwork = (item: string): boolean =>
  NETWORK_NAMES.includes(item) || ipaddr.isValidCIDR(item) || ipaddr.IPv6.isValid(item) || ipaddr.IPv4.isValidFourPartDecimal(item); // prettier-ignore

/** `s3://bucket/prefix?endpoint=...`, as it is: `parseS3Url` reads it. */
export const s3Url = z.string().superRefine((value, context) => {
  try {
    parseS3Url(value);
  } catch (thrown) {
    context.addIssue({ code: 'custom', message: toMessage(thrown) });
  }
});

/** What an HTTP header can carry as it is: a key that cannot would fail at every request, and be told by the error. */
export const headerValue = z.string().regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces');

/** `name=value,name=value`, the values percent-encoded: as OpenTelemetry writes headers. */
export const headerPairs = z.string().transform((given, context) => {
  const pairs = given.split(',').map((pair) => /^\s*([\w.-]+)\s*=\s*([\x21-\x7e]+)\s*$/.exec(pair));
  try {
    return Object.fromEntries(pairs.map((match) => [match?.[1] ?? '', decodeURIComponent(match?.[2] ?? '%')]));
  } catch {
    context.addIssue({ code: 'custom', message: 'must be a list of name=value, the values percent-encoded' });
    return z.NEVER;
  }
});

/** A size as people write it: `50 MB`, `1.5GiB`, `1048576`. Decimal and binary units alike mean powers of 1,024. */
export const byteSize = z
  .string()
  .regex(/^\d+(\.\d+)?\s*([KMG]i?B?|B)?$/i, 'must be a size such as 50 MB')
  .transform((value) => {
    const unit = value.replace(/[\d.\s]/g, '').charAt(0).toUpperCase(); // prettier-ignore
    return Math.round(parseFloat(value) * 1024 ** ['', 'K', 'M', 'G'].indexOf(unit === 'B' ? '' : unit));
  });

export const pixelCount = z
  .string()
  .regex(/^\d+(\.\d+)?\s*(MP)?$/i, 'must be a number of pixels such as 100 MP')
  .transform((value) => Math.round(parseFloat(value) * (/mp$/i.test(value) ? 1e6 : 1)));

export const timeZone = z.string().refine((value) => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }).format() !== '';
  } catch {
    return false; // the constructor throws for a zone it does not know, which is the answer
  }
}, 'must be a time zone such as Europe/Berlin');
