/** No path comes from a client: tried on every route that serves bytes, sent as it is, without a client that tidies it. */
import { request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { createApp } from './app.ts';
import type { ApiOptions, OpenedMedia } from './options.ts';
import { seedCamera, seedClip, seedFrame, seedTime } from './tests/seed.ts';
import { startTestApi, TEST_KEY, type TestApi } from './tests/test-api.ts';

let db: TestDatabase;
let api: TestApi;
const opened: string[] = [];
beforeAll(async () => {
  db = await createTestDatabase();
  const open = (mediaPath: string): never => {
    opened.push(mediaPath);
    throw new Error(`opened ${mediaPath}`);
  };
  api = await startTestApi(db, { openMedia: async (at): Promise<OpenedMedia> => open(at), readMedia: async (at) => open(at) }); // prettier-ignore
});
afterAll(async () => {
  await api.close();
  await db.close();
});

/** Those that answer with bytes of a file: new ones belong here. */
const ROUTES = [
  '/api/frames/ID/image',
  '/api/frames/ID/image?annotated=true',
  '/api/cameras/ID/snapshot',
  '/api/clips/ID/video',
  '/dashboard/ID',
  '/ID',
];

const targets = ['package.json', 'etc/passwd', 'backend/src/api/app.ts', 'main.js'];
const climbs = [
  ...['../', '../../../../', '..%2f', '..%2F..%2f', '%2e%2e/', '%2e%2e%2f', '.%2e/', '%252e%252e%252f', '..%252f'],
  ...['..\\', '..%5c', '%2e%2e%5c', '/', '//', '%2f', '%2f%2f', 'file:///', 'C:%5c', '....//', '..;/', '%c0%ae%c0%ae/'],
  ...['%00/', '..%00/', '\u0001../', '%u002e%u002e/', '.%00./', '~/', '%2e/%2e%2e/'],
];
const ids = [...climbs.flatMap((climb) => targets.map((target) => `${climb}${target}`)), 'main.js%00', 'main.js/..', 'x/../main.js', 'main.js%2f..%2f..%2fpackage.json', '..', '%2e%2e', '.', '%00']; // prettier-ignore

async function fetchRaw(path: string): Promise<{ readonly status: number | undefined; readonly body: string }> {
  const sent = request({ port: api.port, host: '127.0.0.1', path, headers: { 'X-API-Key': TEST_KEY } }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode, body: Buffer.concat(chunks).toString() };
}

/** What Node itself refuses to send cannot come from a browser either. */
const isSendable = (path: string): boolean => /^[\x21-\xff]+$/.test(path);

test.each(ROUTES)('%s serves nothing but what it was made for', async (route) => {
  for (const id of ids) {
    const path = route.replace('ID', id);
    if (!isSendable(path)) continue;
    const { status, body } = await fetchRaw(path);
    // What is left of `..` after the URL's own rules may be the page itself: it is one of the files on the list.
    const isPage = status === 200 && /^<!doctype html>|^\/\*\*|^import /i.test(body) && !body.includes('hono');
    expect([path, isPage ? 404 : status]).toEqual([path, expect.toBeOneOf([400, 401, 404, 405])]);
    expect(body).not.toMatch(/root:|"devDependencies"|createEmptyApp/);
  }
  expect(opened).toEqual([]);
});

test('there is no other route that serves files', () => {
  const app = createApp({ detector: { picturesAtOnceMax: 1 } } as ApiOptions);
  const serving = app.routes
    .filter(({ method, path }) => method === 'GET' && /image|snapshot|video|file|media|thumb/.test(path))
    .map(({ path }) => path.replace(':id', 'ID'));
  expect([...new Set(serving)].sort()).toEqual(ROUTES.filter((route) => /^\/api\/[^?]*$/.test(route)).sort());
});

test.each(['text/html', 'image/svg+xml', 'application/xhtml+xml', 'text/xml', 'application/javascript', 'image/jpeg; x'])(
  'what is kept as %s is for saving: no browser shows it',
  async (mediaType) => {
    const page = Buffer.from('<script>alert(1)</script>');
    const shown = await startTestApi(db);
    const cameraId = `c${mediaType.replace(/[^a-z]/g, '')}`;
    await seedCamera(db, cameraId);
    const [sha256, at] = [Buffer.from(cameraId.padEnd(32)).toString('hex').slice(0, 64), seedTime(1)];
    const frame = await seedFrame(db, { cameraId, capturedAt: at, mediaType, mediaPath: 'a', sha256 });
    const clip = await seedClip(db, { cameraId, capturedAt: at, mediaType, mediaPath: 'a', sha256 });
    shown.media.set('a', page);
    for (const path of [`/api/frames/${frame}/image`, `/api/clips/${clip}/video`]) {
      const { status, headers } = await shown.send(path);
      expect([status, headers.get('content-type')]).toEqual([200, 'application/octet-stream']);
      expect(headers.get('content-disposition')).toMatch(/^attachment/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toMatch(/sandbox/);
    }
    await shown.close();
  },
); // prettier-ignore
