import { z } from '@hono/zod-openapi';
import { route } from './access.ts';
import { SESSION_COOKIE } from './auth.ts';
import { describeOperations } from './openapi-operations.ts';
import { json, type ApiApp } from './route-parts.ts';

export type ApiDocument = ReturnType<ApiApp['getOpenAPI31Document']>;

const info = {
  title: 'Nightjar',
  version: '1',
  description: [
    'Cameras, frames, detections, events and alerts of one Nightjar.',
    'Lists are newest first: follow `next_cursor` until it is null. Errors are `application/problem+json` (RFC 9457).',
    'Times are ISO 8601, UTC, with milliseconds; ids are stable.',
    'A key goes into `X-API-Key` or `Authorization: Bearer`, never into a URL. A key that is limited to some cameras sees',
    'nothing of the others: what belongs to them is answered with 404.',
  ].join('\n'),
  license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
};

const document = route('viewer', {
  method: 'get',
  path: '/api/openapi.json',
  tags: ['system'],
  description: 'This document.',
  responses: { 200: json(z.unknown(), 'OpenAPI 3.1') },
});

/** GET /api/openapi.json: made once from the routes' own schemas, all of which must be mounted before it is asked for. */
export function addOpenApi(app: ApiApp): void {
  let made: ApiDocument | undefined;
  app.openapi(document, (c) => c.json((made ??= describe(app)), 200));
}

/** The document of everything that is mounted. */
export function describe(app: ApiApp): ApiDocument {
  const registry = app.openAPIRegistry;
  registry.registerComponent('securitySchemes', 'api_key', { type: 'apiKey', in: 'header', name: 'X-API-Key' });
  registry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  registry.registerComponent('securitySchemes', 'session', { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE });
  return describeOperations(app.getOpenAPI31Document({ openapi: '3.1.0', info, servers: [{ url: '/' }] }));
}
