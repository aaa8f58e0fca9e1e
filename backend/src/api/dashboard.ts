import { secureHeaders } from 'hono/secure-headers';
import type { ApiApp } from './route-parts.ts';
import { sendFile, type StaticFile } from './static-files.ts';

/** Three folders up from here, in the source and in the build alike. */
const root = new URL('../../../dashboard/', import.meta.url);

const toPageFile = (name: string): StaticFile => ({
  // The page itself is at the root.
  path: name === 'index.html' ? '/' : `/dashboard/${name}`,
  url: new URL(name, root),
  type: name.split('.').at(-1) as StaticFile['type'],
});

/** All that is served. */
export const pageFiles: readonly StaticFile[] = [
  ...[
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
    'linked-event.js',
    'live-view.js',
    'picture.js',
    'pipeline.js',
    'sign-in.js',
    'time.js',
  ].map(toPageFile),
  { path: '/dashboard/openapi-fetch.js', url: new URL(import.meta.resolve('openapi-fetch')), type: 'js' },
];

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

/** The dashboard: a page at `/` and its parts at `/dashboard/`. */
export function addDashboard(app: ApiApp): void {
  for (const file of pageFiles) app.get(file.path, (c) => sendFile(c, file));
}
