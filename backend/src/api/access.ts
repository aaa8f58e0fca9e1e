/**
 * Who may use a route. Each declares it where it declares its path, so that the document states it, the edge enforces it
 * and no route can be without: `open` needs no key, `any` one of whatever role; `viewer` looks; `ingest` brings pictures and uses the detector;
 * `admin` may do everything.
 */
import { createRoute, type RouteConfig } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { NightjarError } from '../lib/errors.ts';
import type { Identity } from './auth.ts';
import { forbidden, unauthorized, type ApiApp, type ApiEnv } from './route-parts.ts';

export const keyRoles = ['admin', 'viewer', 'ingest'] as const;
export type KeyRole = (typeof keyRoles)[number];
export type Access = 'open' | 'any' | KeyRole;

export const allows = (access: Access, role: KeyRole): boolean =>
  access === 'open' || access === 'any' || role === 'admin' || role === access;

function toSecurity(access: Access) {
  if (access === 'open') return [];
  // OpenAPI 3.1: the list may name the roles that are needed, whatever the scheme.
  const needed = access === 'any' ? [] : [access];
  return [{ api_key: needed }, { bearer: needed }, { session: needed }];
}

/** As `createRoute`, with what it needs to be let in. */
export function route<const Config extends RouteConfig>(access: Access, config: Config) {
  const needsKey = access === 'open' ? {} : { ...unauthorized, ...forbidden };
  return createRoute({
    ...config,
    security: toSecurity(access),
    middleware: [requireRole(access), ...toList(config.middleware)],
    responses: { ...needsKey, ...config.responses },
  });
}

/** For a route whose body is not to be read by the framework: declares it, and guards it; `app.post` serves it. */
export function declareRoute(app: ApiApp, access: Access, config: RouteConfig): void {
  app.on([config.method.toUpperCase()], config.path, requireRole(access));
  app.openAPIRegistry.registerPath({ security: toSecurity(access), ...config });
}

const toList = (middleware: RouteConfig['middleware']): readonly MiddlewareHandler[] =>
  middleware === undefined ? [] : Array.isArray(middleware) ? middleware : [middleware as MiddlewareHandler];

/** Throws `forbidden`. */
export function assertRole(access: Access, { role }: Identity): void {
  if (!allows(access, role))
    throw new NightjarError('forbidden', `this needs a key of the role ${access}; this one has ${role}`);
}

/** Whoever came past the edge without an identity was let in for a reason of its own (edge.ts). */
const requireRole =
  (access: Access): MiddlewareHandler<ApiEnv> =>
  async (c, next) => {
    const identity: Identity | undefined = c.get('identity');
    if (identity !== undefined) assertRole(access, identity);
    await next();
  };
