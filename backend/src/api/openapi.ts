import { SESSION_COOKIE } from './auth.ts';
import type { ApiApp } from './route-parts.ts';

/** GET /api/openapi.json: made once from the routes' own schemas, all of which must be mounted before it is asked for. */
export function addOpenApi(app: ApiApp): void {
  const registry = app.openAPIRegistry;
  registry.registerComponent('securitySchemes', 'api_key', { type: 'apiKey', in: 'header', name: 'X-API-Key' });
  registry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  registry.registerComponent('securitySchemes', 'session', { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE });

  let document: ReturnType<ApiApp['getOpenAPI31Document']> | undefined;
  app.get('/api/openapi.json', (c) => c.json((document ??= describe(app))));
}

const describe = (app: ApiApp) =>
  app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Nightjar',
      version: '1',
      description:
        'Lists are newest first: follow `next_cursor`. Errors are `application/problem+json` (RFC 9457). Times are ISO 8601, UTC.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ api_key: [] }, { bearer: [] }, { session: [] }],
  });
