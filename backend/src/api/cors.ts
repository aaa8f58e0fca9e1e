/**
 * Pages of other origins. None may ask, but those of `CORS_ORIGINS`, and they with a key only: cookies are never theirs
 * (no `Allow-Credentials` here, and the session counts for our own pages only, auth.ts). Browsers ask first (preflight)
 * and without a key, so that is answered before keys are looked at.
 */
import type { MiddlewareHandler } from 'hono';
import type { ApiEnv } from './route-parts.ts';

const PREFLIGHT_KEPT_S = 600;
const METHODS = 'GET, HEAD, POST, PATCH, DELETE';
/** What our clients send; the rest is not for pages. */
const REQUEST_HEADERS = [
  ...['X-API-Key', 'Authorization', 'Content-Type', 'Idempotency-Key', 'X-Request-Id'],
  ...['Range', 'If-Range', 'If-None-Match', 'If-Match'],
].join(', ');
/** What a script may read beyond what every script may. */
const RESPONSE_HEADERS = [
  ...['RateLimit-Policy', 'RateLimit', 'RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset', 'Retry-After'],
  ...[
    'X-Request-Id',
    'ETag',
    'Location',
    'Idempotent-Replayed',
    'Accept-Ranges',
    'Content-Range',
    'Content-Disposition',
  ],
].join(', ');

export function createCors(origins: readonly string[]): MiddlewareHandler<ApiEnv> {
  const known = new Set(origins);
  return async (c, next) => {
    const origin = c.req.header('origin');
    const isKnown = origin !== undefined && known.has(origin);
    if (isKnown && c.req.method === 'OPTIONS' && c.req.header('access-control-request-method') !== undefined) {
      c.header('Access-Control-Allow-Methods', METHODS);
      c.header('Access-Control-Allow-Headers', REQUEST_HEADERS);
      c.header('Access-Control-Max-Age', `${PREFLIGHT_KEPT_S}`);
      c.res = c.body(null, 204);
    } else await next();
    // Another origin gets another answer: no cache may mix them up.
    if (known.size > 0) c.header('Vary', 'Origin', { append: true });
    if (!isKnown) return;
    c.header('Access-Control-Allow-Origin', origin);
    c.header('Access-Control-Expose-Headers', RESPONSE_HEADERS);
  };
}
