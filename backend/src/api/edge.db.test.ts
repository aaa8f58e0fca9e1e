import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { once } from 'node:events';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { openDatabase } from '../db/index.ts';
import { NightjarError, type ErrorKind } from '../lib/errors.ts';
import { newId } from '../lib/id.ts';
import { createApp } from './app.ts';
import { pageFiles } from './dashboard.ts';
import type { ApiOptions } from './options.ts';
import { SESSION_COOKIE } from './auth.ts';
import { problemOf } from './tests/problem-of.ts';
import { startTestApi, TEST_KEY, type TestApi } from './tests/test-api.ts';

let db: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  db = await createTestDatabase();
  api = await startTestApi(db);
});
afterAll(async () => {
  await api.close();
  await db.close();
});

const keyless = (path: string, init?: RequestInit): Promise<Response> => fetch(`${api.url}${path}`, init);

describe('keys', () => {
  test('every route needs one, but those that are meant to be open', async () => {
    const app = createApp({ detector: { picturesAtOnceMax: 1 } } as ApiOptions);
    const routes = new Set(app.routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path}`)); // prettier-ignore
    expect(routes.size).toBeGreaterThan(20);
    const open: string[] = [];
    for (const route of routes) {
      const [method = '', path = ''] = route.split(' ');
      const response = await keyless(path.replace(/:\w+/, newId()), { method });
      if (response.status === 401) expect(response.headers.get('www-authenticate')).toContain('Bearer');
      else open.push(route);
      await response.body?.cancel();
    }
    const page = pageFiles.map(({ path }) => `GET ${path}`);
    // The metrics are open to this very machine, see below.
    expect(open.sort()).toEqual(
      ['DELETE /api/session', 'GET /health', 'GET /metrics', 'GET /ready', 'POST /api/session', ...page].sort(),
    );
  });

  test.each([{ 'x-forwarded-for': '203.0.113.7' }, { forwarded: 'for=203.0.113.7' }, { via: '1.1 proxy' }])(
    'metrics need one as soon as the request was passed on: %j',
    async (headers) => expect((await keyless('/metrics', { headers })).status).toBe(401),
  );

  test('metrics need one where a page asks under a name of its own (DNS rebinding)', async () => {
    const ask = async (host: string) => {
      const sent = httpRequest(`${api.url}/metrics`, { headers: { host } }).end();
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      response.resume();
      return response.statusCode;
    };
    expect([await ask('evil.example:8000'), await ask('localhost:8000')]).toEqual([401, 200]);
  });

  test.each([
    '/nowhere',
    '/api/nowhere',
    '/api/frames/',
    '/dashboard/',
    '/dashboard/../package.json',
    '/index.html',
    '/API/frames',
    '//api/frames',
    '/health/',
  ])('without one, %s is not even said not to exist', async (path) => {
    expect((await keyless(path)).status).toBe(401);
  });

  test.each<[string, string, Record<string, string>]>([
    ['a wrong key', '/api/frames', { 'X-API-Key': 'wrong' }],
    ['a wrong bearer', '/api/frames', { Authorization: 'Bearer wrong' }],
    ['a key in the URL', `/api/frames?api_key=${TEST_KEY}`, {}],
    ['a key in the URL, by another name', `/api/frames?X-API-Key=${TEST_KEY}`, {}],
  ])('%s: 401', async (_what, path, headers) => {
    expect((await problemOf(await keyless(path, { headers }))).kind).toBe('unauthorized');
  });

  test('a bearer is as good as X-API-Key', async () => {
    const response = await keyless('/api/frames', { headers: { Authorization: `Bearer ${TEST_KEY}` } });
    expect(response.status).toBe(200);
  });
});

describe('the session', () => {
  const login = (body: unknown): Promise<Response> =>
    keyless('/api/session', {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json' },
    });

  test('is a cookie that scripts cannot read and other sites cannot send, and opens the API', async () => {
    const response = await login({ api_key: TEST_KEY });
    expect(response.status).toBe(200);
    const header = response.headers.get('set-cookie') ?? '';
    expect(header).toMatch(/; Path=\//);
    expect(header).toMatch(/; HttpOnly/);
    expect(header).toMatch(/; SameSite=Strict/);
    expect(header).not.toMatch(/; Secure/);
    expect(header).not.toContain(TEST_KEY);
    const [cookie = ''] = header.split(';');
    expect((await keyless('/api/frames', { headers: { cookie } })).status).toBe(200);
    const foreign = await keyless('/api/frames', { headers: { cookie, origin: 'http://evil.example' } });
    expect((await problemOf(foreign)).kind).toBe('forbidden');
  });

  test('is not given for a wrong key', async () => {
    const response = await login({ api_key: 'wrong' });
    expect(response.headers.get('set-cookie')).toBeNull();
    expect((await problemOf(response)).kind).toBe('unauthorized');
  });

  test('is removed by DELETE', async () => {
    const response = await keyless('/api/session', { method: 'DELETE' });
    expect(response.status).toBe(204);
    expect(response.headers.get('set-cookie')).toMatch(new RegExp(`^${SESSION_COOKIE}=;.*Max-Age=0`));
  });
});

describe('methods and routes', () => {
  test('a route that is not there', async () => {
    expect(await problemOf(await api.send('/api/nowhere'))).toMatchObject({ status: 404, kind: 'not_found' });
  });

  test.each([
    ['DELETE', '/api/frames', 'GET, HEAD, POST'],
    ['PUT', '/api/cameras', 'GET, HEAD, POST'],
    ['POST', `/api/events/${newId()}`, 'GET, HEAD, PATCH'],
    ['OPTIONS', '/api/system', 'GET, HEAD'],
    ['POST', '/health', 'GET, HEAD'],
  ])('%s %s is 405', async (method, path, allow) => {
    const response = await api.send(path, { method });
    expect(response.headers.get('allow')).toBe(allow);
    expect(await problemOf(response)).toMatchObject({ status: 405, title: 'Method Not Allowed' });
  });

  test('HEAD is GET without the body', async () => {
    const response = await api.send('/api/frames', { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
  });
});

describe('what every answer carries', () => {
  test.each([
    ['/health', 200],
    ['/api/frames', 200],
    ['/api/nowhere', 404],
    ['/api/frames?limit=x', 400],
  ])('%s', async (path, status) => {
    const response = await api.send(path);
    expect(response.status).toBe(status);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'permissions-policy': expect.stringContaining('camera=()') as string,
      'cache-control': 'no-store',
      'x-request-id': expect.stringMatching(/^[\w-]+$/) as string,
    });
    const policy = response.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
  });

  test('a request id that is given is kept, an odd one replaced', async () => {
    const idFor = async (id: string) =>
      (await api.send('/health', { headers: { 'X-Request-Id': id } })).headers.get('x-request-id');
    expect(await idFor('abc-123_X')).toBe('abc-123_X');
    expect(await idFor('<script>')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await idFor('a'.repeat(65))).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('trouble inside', () => {
  const withFailure = async (kind: ErrorKind, message: string) => {
    const failing = await startTestApi(db, { system: () => Promise.reject(new NightjarError(kind, message)) });
    const response = await failing.send('/api/system');
    const problem = await problemOf(response);
    await failing.close();
    return { problem, response };
  };

  test('an unknown error is 500, and tells nothing of our insides', async () => {
    const { problem } = await withFailure('internal', 'secret at /var/lib/nightjar');
    expect(problem).toMatchObject({ status: 500, kind: 'internal' });
    expect(JSON.stringify(problem)).not.toContain('secret');
  });

  test('what waiting may heal is 503 with Retry-After', async () => {
    const { problem, response } = await withFailure('overloaded', 'too many');
    expect(problem).toMatchObject({ status: 503, kind: 'overloaded', detail: 'too many' });
    expect(response.headers.get('retry-after')).toBe('2');
  });

  test('a thrown thing that is no Error is 500 too', async () => {
    const failing = await startTestApi(db, { system: () => Promise.reject('a string') });
    const response = await failing.send('/api/system');
    expect([response.status, response.headers.get('content-type')]).toEqual([500, 'application/problem+json']);
    await failing.close();
  });

  test('the database away: 503 for what needs it, health as ever', async () => {
    const away = openDatabase({ socketDir: '/nonexistent', database: 'none' });
    const cut = await startTestApi(away);
    for (const path of ['/api/frames', '/api/stats/summary', '/api/cameras/yard']) {
      const response = await cut.send(path);
      expect(response.headers.get('retry-after')).toBe('2');
      const problem = await problemOf(response);
      expect(problem).toMatchObject({ status: 503, kind: 'unavailable' });
      expect(problem.detail).not.toMatch(/select|nonexistent/);
    }
    expect((await cut.sendJson('POST', '/api/cameras', { name: 'a' })).status).toBe(503);
    expect((await cut.send('/health')).status).toBe(200);
    await cut.close();
    await away.close();
  });
});

describe('below HTTP', () => {
  /** Sends raw bytes and gives back all that comes until the server closes. */
  async function sendRaw(text: string): Promise<string> {
    const socket = connect(api.port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.write(text);
    await once(socket, 'close');
    return Buffer.concat(chunks).toString();
  }
  const upgrade = (path: string) =>
    `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;

  test.each([
    ['/ws', 426],
    ['/ws?x=1', 426],
    ['/wss', 404],
    ['/', 404],
    ['/api/frames', 404],
  ])('an upgrade on %s', async (path, status) => {
    expect(await sendRaw(upgrade(path))).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  test('a Host header that is none is 400, as a problem', async () => {
    const answer = await sendRaw('GET /health HTTP/1.1\r\nHost: a/b@c\r\nConnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).toContain('application/problem+json');
  });

  test('endless headers are cut off', async () => {
    expect(await sendRaw(`GET /health HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`)).toMatch(/ 431 /);
  });

  test('a taken port is said to be taken', async () => {
    await expect(startTestApi(db, { port: api.port })).rejects.toMatchObject({ kind: 'conflict' });
  });
});

test('no query brings the API down', { timeout: 60_000 }, async () => {
  const names = ['limit', 'cursor', 'count', 'camera_id', 'state', 'since', 'until', 'label', 'score_min', 'event_id', 'reviewed', 'risk_level', 'q', 'width', 'annotated']; // prettier-ignore
  const plausible = ['', '1', '0', '-1', '200', 'true', 'done', 'open', 'a', 'person', '2025-06-01T00:00:00Z', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z', newId(), Buffer.from(`0~${newId()}`).toString('base64url'), '\0', "'", '%', '1e400']; // prettier-ignore
  const value = fc.oneof(fc.constantFrom(...plausible), fc.string({ unit: 'binary', maxLength: 30 }));
  const query = fc.array(fc.tuple(fc.oneof(fc.constantFrom(...names), fc.string({ maxLength: 5 })), value), { maxLength: 4 }); // prettier-ignore
  const id = newId();
  const path = fc.constantFrom('/api/cameras', '/api/frames', '/api/detections', '/api/events', `/api/events/${id}/frames`, `/api/events/${id}/detections`, `/api/frames/${id}/image`, '/api/stats/summary', '/ready'); // prettier-ignore
  await fc.assert(
    fc.asyncProperty(path, query, fc.boolean(), async (at, pairs, raw) => {
      const encode = raw ? (text: string) => text.replace(/[^!-~]|#/gu, '') : encodeURIComponentAnyway;
      const response = await api.send(
        `${at}?${pairs.map(([name, text]) => `${encode(name)}=${encode(text)}`).join('&')}`,
      );
      expect(response.status).toBeLessThan(500);
      // To the end: a body that is cancelled costs the connection, and the next of the pool may have been idle for so long
      // that the server is just closing it (ECONNRESET).
      await response.arrayBuffer();
    }),
    { numRuns: 600 },
  );
});

/** encodeURIComponent throws for half a surrogate pair: those go as the bytes that a careless client would send. */
const encodeURIComponentAnyway = (text: string): string =>
  encodeURIComponent(text.replace(/\p{Surrogate}/gu, '?')).replaceAll('%3F', '%ED%A0%80');
