import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { secureHeaders } from 'hono/secure-headers';
import type { Context } from 'hono';
import { NightjarError } from '../lib/errors.ts';
import { matchesTag } from './byte-range.ts';
import type { ApiApp, ApiEnv } from './route-parts.ts';

/** Three folders up from here, in the source and in the build alike. */
const root = new URL('../../../dashboard/', import.meta.url);

const types = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
} as const;

interface PageFile {
  /** Where it is served; the page itself is at the root. */
  readonly path: string;
  readonly name: string;
  readonly type: string;
}

const toPageFile = (name: string): PageFile => ({
  path: name === 'index.html' ? '/' : `/dashboard/${name}`,
  name,
  type: types[name.split('.').at(-1) as keyof typeof types],
});

/** All that is served: what is read from disk comes from this list, never from a request. */
export const pageFiles: readonly PageFile[] = [
  'index.html',
  'icon.svg',
  'theme.css',
  'page.css',
  'cards.css',
  'main.js',
  'api.js',
  'cameras.js',
  'dead-letters.js',
  'dom.js',
  'events.js',
  'feed.js',
  'live-view.js',
  'picture.js',
  'pipeline.js',
  'sign-in.js',
  'time.js',
].map(toPageFile);

const pagePaths = new Set(pageFiles.map(({ path }) => path));
export const isPagePath = (path: string): boolean => pagePaths.has(path);

/** The page and its parts hold no secrets: they need no key, or nobody could log in. */
export const openPageRoutes: readonly string[] = pageFiles.flatMap(({ path }) => [`GET ${path}`, `HEAD ${path}`]);

/** Cameras here are not those of the visitor's machine. */
export const nothingOfTheBrowser = {
  ...{ camera: [], microphone: [], geolocation: [], payment: [], usb: [], serial: [], bluetooth: [], midi: [] },
  ...{ displayCapture: [], screenWakeLock: [], idleDetection: [] },
};

/** Everything from our own origin, nothing inline, nowhere to send a form; and no text ever becomes markup. */
export const pageHeaders = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'self'"],
    connectSrc: ["'self'"],
    imgSrc: ["'self'"],
    objectSrc: ["'none'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
    requireTrustedTypesFor: ["'script'"],
    trustedTypes: ["'none'"],
  },
  xFrameOptions: 'DENY',
  permissionsPolicy: nothingOfTheBrowser,
  strictTransportSecurity: false, // as for the API: a promise that only the owner of the domain can make
});

/** The dashboard: a page at `/` and its parts at `/dashboard/`, as they are on disk. */
export function addDashboard(app: ApiApp): void {
  for (const file of pageFiles) app.get(file.path, (c) => sendFile(c, file));
}

async function sendFile(c: Context<ApiEnv>, { name, type }: PageFile): Promise<Response> {
  const bytes = await readPageFile(name);
  const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
  // Asked for again each time, and answered by 304: a page of the last version would speak to an API of this one.
  const cached = { ETag: etag, 'Cache-Control': 'no-cache' };
  if (matchesTag(c.req.header('if-none-match'), etag)) return c.body(null, 304, cached);
  return c.body(bytes, 200, { 'Content-Type': type, ...cached });
}

async function readPageFile(name: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(new URL(name, root)));
  } catch (cause) {
    throw new NightjarError('internal', `${name} of the dashboard cannot be read`, { cause });
  }
}
