/**
 * Whether a request that a browser sent with its cookie comes from our own page. SameSite=Strict keeps other sites out,
 * but takes all ports and all names of a domain for one site; so whatever changes something must also say that it comes
 * from this very origin. Browsers say it by `Origin` with every such request, and by `Sec-Fetch-Site` where the page
 * is trusted (TLS, loopback); no page can make up either. As Go's CrossOriginProtection, but for one thing: who says neither
 * is no browser of today and is refused, for programs have keys.
 */
import type { IncomingMessage } from 'node:http';
import { NightjarError } from '../../lib/errors.ts';
import { clientOf } from '../client.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
/** `none`: the person did it, as by the address bar. */
const OWN_SITES = new Set(['same-origin', 'none']);
const UNPROVEN =
  'a session counts only where Origin or Sec-Fetch-Site says that our own page uses it; programs send a key';

/** Throws `forbidden` for a session that another page makes use of. Reading needs no proof, but no contradiction either. */
export function assertOwnPage(request: IncomingMessage): void {
  if (SAFE_METHODS.has(request.method ?? '')) return assertOwnOrigin(request);
  assertNoOtherPage(request);
  const { origin, 'sec-fetch-site': site } = request.headers;
  if (origin === undefined && site === undefined) throw otherPage(UNPROVEN);
}

/** The same for an upgrade: all browsers say where it comes from, and not all know of a socket's site. */
export function assertOwnSocket(request: IncomingMessage): void {
  if (request.headers.origin === undefined) throw otherPage(UNPROVEN);
  assertOwnOrigin(request);
}

/** Throws `forbidden` when the headers say that another page sends this; silence is taken for a program. */
export function assertNoOtherPage(request: IncomingMessage): void {
  assertOwnOrigin(request);
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && !OWN_SITES.has(String(site))) throw otherPage();
}

function assertOwnOrigin(request: IncomingMessage): void {
  const { origin } = request.headers;
  if (origin !== undefined && !isSameOrigin(request, origin)) throw otherPage();
}

function isSameOrigin(request: IncomingMessage, origin: string): boolean {
  if (!URL.canParse(origin)) return false; // also the `null` of sandboxed pages
  const { protocol, host } = new URL(origin);
  const client = clientOf(request);
  const ours = `${protocol}//${client.host ?? ''}`;
  // Behind a proxy that ends TLS the page is https and our socket is not; the other way round is an attack.
  const isProtocol = protocol === 'https:' || (protocol === 'http:' && client.protocol === 'http');
  return isProtocol && URL.canParse(ours) && host === new URL(ours).host;
}

const otherPage = (message = 'a session counts only for pages of this very origin'): NightjarError =>
  new NightjarError('forbidden', message);
