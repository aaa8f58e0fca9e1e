/** What every request passes on its way in and every answer on its way out, in this order. */
import { methodNotAllowed } from 'hono/method-not-allowed';
import { requestId } from 'hono/request-id';
import { secureHeaders } from 'hono/secure-headers';
import type { MiddlewareHandler } from 'hono';
import { randomUUID } from 'node:crypto';
import { AwayError, NightjarError, type ErrorKind } from '../lib/errors.ts';
import type { Identity } from './auth.ts';
import { readBody } from './body.ts';
import { createCors } from './cors.ts';
import { isPagePath, nothingOfTheBrowser, openPageRoutes, pageHeaders } from './dashboard.ts';
import { docsHeaders, isDocsPath } from './docs.ts';
import { isOwnMachine } from './identity/own-machine.ts';
import { DEEPSTACK_PATH } from './detector-server/deepstack-route.ts';
import type { ApiOptions } from './options.ts';
import { createRateEdge, type RateEdge } from './limits/rate-edge.ts';
import { refuseOversize } from './limits/server-limits.ts';
import { toLoggedPath } from './logged-path.ts';
import { createRequestMeter } from './request-meter.ts';
import { HttpRefusal, toApiError, toDeepstackError, toProblemResponse, toStatus } from './problem.ts';
import type { ApiApp, ApiEnv } from './route-parts.ts';

const REQUEST_ID_CHARS_MAX = 64;

/** The only doors without a lock; all else, unknown paths included, needs a key. */
const openRoutes = new Set(['GET /health', 'HEAD /health', 'GET /ready', 'HEAD /ready', 'POST /api/session', 'DELETE /api/session', ...openPageRoutes]); // prettier-ignore

/** Figures for a collector on this very machine, which needs no key for them. */
const METRICS_ROUTES = new Set(['GET /metrics', 'HEAD /metrics']);

/** Of what is answered with 5xx. Clients that hang up are everyday business. */
const levels: Partial<Record<ErrorKind, 'error' | 'debug'>> = { internal: 'error', cancelled: 'debug' };

/** Its clients cannot set headers: without any credentials there, the route itself asks for the key in its form. */
const FORM_KEY_ROUTE = `POST ${DEEPSTACK_PATH}`;

export type EdgeOptions = Pick<
  ApiOptions,
  'authenticator' | 'clock' | 'log' | 'rateLimiter' | 'corsOrigins' | 'onRequest'
>;

export function addEdge(app: ApiApp, options: EdgeOptions): void {
  const rates = createRateEdge(options.rateLimiter);
  app.use(requestId({ limitLength: REQUEST_ID_CHARS_MAX, generator: () => randomUUID() }));
  app.use(createRequestMeter(options));
  app.use(safeHeaders, refuseOversize, createAccessLog(options));
  app.use(keepOutOfCaches, createCors(options.corsOrigins ?? []), rates.tell);
  app.use(createAuthEdge(options, rates), rates.count);
  app.use(readBody);
  app.use(methodNotAllowed({ app, onMethodNotAllowed: (c, methods) => refuseMethod(c.get('requestId'), methods) }));
  app.notFound((c) => toProblemResponse(new NightjarError('not_found', 'there is no such route'), c.get('requestId')));
  app.onError((thrown, c) => {
    const error = toApiError(thrown);
    const facts = { request_id: c.get('requestId'), kind: error.kind, err: error };
    // An outage is in the log already, once for all requests that meet it.
    const level = error instanceof AwayError ? 'debug' : (levels[error.kind] ?? 'warn');
    if (toStatus(error) >= 500) options.log[level](facts, error.message);
    const toResponse = c.req.path === DEEPSTACK_PATH ? toDeepstackError : toProblemResponse;
    return toResponse(error, c.get('requestId'));
  });
}

/** A line for each request, without what somebody may have put into the URL by mistake. */
const createAccessLog =
  ({ log, clock }: Pick<ApiOptions, 'log' | 'clock'>): MiddlewareHandler<ApiEnv> =>
  async (c, next) => {
    const startedMs = clock.nowMs();
    await next();
    const { method } = c.req;
    const path = toLoggedPath(c.req.path);
    log.debug({ request_id: c.get('requestId'), method, path, status: c.res.status, ms: clock.nowMs() - startedMs }, 'request'); // prettier-ignore
  };

const apiHeaders = secureHeaders({
  contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], sandbox: [] },
  xFrameOptions: 'DENY',
  permissionsPolicy: nothingOfTheBrowser,
  // It binds every port of the host, also those of other programs: that is for the owner of the domain to promise.
  strictTransportSecurity: false,
});

/** Answers of the API are never pages: only the dashboard and the reference may run anything. */
const safeHeaders: MiddlewareHandler<ApiEnv> = (c, next) => headersFor(c.req.path)(c, next);

function headersFor(path: string): MiddlewareHandler {
  if (isPagePath(path)) return pageHeaders;
  return isDocsPath(path) ? docsHeaders : apiHeaders;
}

const keepOutOfCaches: MiddlewareHandler<ApiEnv> = async (c, next) => {
  await next();
  if (!c.res.headers.has('Cache-Control')) c.header('Cache-Control', 'no-store');
};

const createAuthEdge =
  ({ authenticator }: EdgeOptions, { countStranger }: RateEdge): MiddlewareHandler<ApiEnv> =>
  async (c, next) => {
    const identify = (): Promise<Identity> =>
      authenticator.authenticateRequest(c.env.incoming).catch(async (thrown: unknown) => {
        await countStranger(c);
        throw thrown;
      });
    const route = `${c.req.method} ${c.req.path}`;
    const isAtHome = METRICS_ROUTES.has(route) && isOwnMachine(c.env.incoming);
    const isAskedLater = route === FORM_KEY_ROUTE && !authenticator.isPresented(c.env.incoming);
    if (!openRoutes.has(route) && !isAskedLater && !isAtHome) c.set('identity', await identify());
    await next();
  };

function refuseMethod(id: string, methods: readonly string[]): Response {
  const allow = methods.join(', ');
  return toProblemResponse(new HttpRefusal(405, `this answers to ${allow} only`, { Allow: allow }), id);
}
