import type { MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { ApiOptions } from './options.ts';
import type { ApiEnv } from './route-parts.ts';

/** Whatever was asked for that is no route of ours: anybody may ask for anything. */
const NO_ROUTE = 'none';

/** Tells of each answer, by the pattern of its route: a path would be a figure for each frame. */
export const createRequestMeter =
  ({ onRequest }: Pick<ApiOptions, 'onRequest'>): MiddlewareHandler<ApiEnv> =>
  async (c, next) => {
    const startedMs = performance.now();
    await next();
    // Middleware is matched too, and has patterns with stars.
    const route = matchedRoutes(c).findLast(({ path }) => !path.includes('*'));
    onRequest?.({
      method: c.req.method,
      route: route ? toPattern(route.path) : NO_ROUTE,
      status: c.res.status,
      durationMs: performance.now() - startedMs,
    });
  };

/** As the OpenAPI document has it. */
const toPattern = (path: string): string => path.replaceAll(/:(\w+)(\{[^}]*\})?/g, '{$1}');
