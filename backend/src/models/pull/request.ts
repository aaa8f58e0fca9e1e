/** One HTTP request for a file, followed through its redirects. */
import { NightjarError, toMessage } from '../../lib/errors.ts';

const REDIRECTS_MAX = 5;

/** Without TLS anybody on the way could put in a file of theirs; nobody is on the way within this machine. */
const isLoopback = ({ hostname }: URL): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
const isAllowed = (url: URL, origin: URL): boolean =>
  url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url) && isLoopback(origin));

/**
 * Throws `unavailable` for what may heal (network, 408, 429, 5xx); `not_found` (404, 410), `forbidden` (401, 403) and
 * `invalid` (other refusals, an address without TLS, redirects without end) are final. Resolves with status 200 or 206,
 * and with 416.
 */
export async function requestFile(
  address: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Response> {
  const origin = new URL(address);
  let url = origin;
  for (let hops = 0; hops <= REDIRECTS_MAX; hops++) {
    if (!isAllowed(url, origin)) throw new NightjarError('invalid', `${toPlace(url)} is not an https address`);
    const response = await fetchOnce(url, headers, signal);
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || location === null) return checkStatus(response, url);
    await response.body?.cancel();
    if (!URL.canParse(location, url.href))
      throw new NightjarError('invalid', `${toPlace(url)} redirects to no address`);
    url = new URL(location, url.href);
  }
  throw new NightjarError('invalid', `${address} redirects more than ${REDIRECTS_MAX} times`);
}

async function fetchOnce(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
  try {
    // The bytes as they are: a packed transfer could be neither counted nor resumed.
    return await fetch(url.href, {
      headers: { 'accept-encoding': 'identity', ...headers },
      redirect: 'manual',
      signal,
    });
  } catch (cause) {
    throw toNetworkError(cause, toPlace(url));
  }
}

/** Addresses after redirects carry signatures: only the place is told. */
const toPlace = ({ origin, pathname }: URL): string => `${origin}${pathname}`;

/** `fetch` says only that it failed; the reason hangs below. */
export function toNetworkError(cause: unknown, what: string): NightjarError {
  const reason = cause instanceof Error && cause.cause !== undefined ? toMessage(cause.cause) : toMessage(cause);
  return new NightjarError('unavailable', `${what}: ${reason}`, { cause });
}

const KINDS: Readonly<Record<number, 'not_found' | 'forbidden' | 'unavailable'>> = {
  401: 'forbidden',
  403: 'forbidden',
  404: 'not_found',
  408: 'unavailable',
  410: 'not_found',
  429: 'unavailable',
};

async function checkStatus(response: Response, url: URL): Promise<Response> {
  const { status } = response;
  if (status === 200 || status === 206 || status === 416) return response;
  await response.body?.cancel();
  const kind = status >= 500 ? 'unavailable' : (KINDS[status] ?? 'invalid');
  throw new NightjarError(kind, `${toPlace(url)} answers with HTTP ${status}`);
}
