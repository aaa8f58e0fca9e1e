import type { MiddlewareHandler } from 'hono';
import type { Identity } from '../auth.ts';
import { clientOf } from '../client.ts';
import { isPagePath } from '../dashboard.ts';
import type { ApiEnv } from '../route-parts.ts';
import { assertAllowed, type Allowance, type Caller, type RateLimiter } from './rate-limiter.ts';

/** Probes must be answered when nobody else is. */
const FREE_PATHS = new Set(['/health', '/ready']);
/** Who brings or fetches pictures asks often: those have limits of their own (bytes held, drawn at once). */
const PICTURE_ROUTES =
  /^(GET|HEAD) \/api\/(frames\/[^/]+\/image|cameras\/[^/]+\/snapshot|clips\/[^/]+\/video)$|^POST \/(api\/frames|detect|detect\/batch|v1\/vision\/detection)$/;

export interface RateEdge {
  /** Tells of what is left, on every answer that was counted. Stands before all that may refuse. */
  readonly tell: MiddlewareHandler<ApiEnv>;
  /** Counts a request by the identity it was given, or by its address. */
  readonly count: MiddlewareHandler<ApiEnv>;
  /** Counts one whose key is wrong or missing, before that is said. */
  readonly countStranger: (c: Parameters<MiddlewareHandler<ApiEnv>>[0]) => Promise<void>;
}

export function createRateEdge(limiter: RateLimiter | undefined): RateEdge {
  type RequestContext = Parameters<MiddlewareHandler<ApiEnv>>[0];

  async function take(c: RequestContext, caller: Caller): Promise<void> {
    if (!limiter || FREE_PATHS.has(c.req.path)) return;
    const isPicture = PICTURE_ROUTES.test(`${c.req.method} ${c.req.path}`) || isPagePath(c.req.path);
    const allowance = await limiter.take(caller, { isPicture });
    c.set('allowance', allowance);
    assertAllowed(allowance);
  }

  return {
    async tell(c, next) {
      await next();
      const allowance = c.get('allowance');
      if (allowance) for (const [name, value] of toHeaders(allowance)) c.header(name, value);
    },
    async count(c, next) {
      const identity: Identity | undefined = c.get('identity');
      // The collector on this very machine shows no key and is no stranger.
      if (identity ?? c.req.path !== '/metrics')
        await take(c, { keyId: identity?.keyId, address: clientOf(c.env.incoming).address });
      await next();
    },
    countStranger: (c) => take(c, { address: clientOf(c.env.incoming).address }),
  };
}

/** As in draft-ietf-httpapi-ratelimit-headers, and as everybody wrote them before it. */
const toHeaders = ({ limit, remaining, resetS }: Allowance): readonly (readonly [string, string])[] => [
  ['RateLimit-Policy', `"default";q=${limit};w=60`],
  ['RateLimit', `"default";r=${remaining};t=${resetS}`],
  ['RateLimit-Limit', `${limit}`],
  ['RateLimit-Remaining', `${remaining}`],
  ['RateLimit-Reset', `${resetS}`],
];
