/** GET /api/docs: the document as a page to read and try, by Swagger UI from our own disk: nothing is fetched from elsewhere. */
import { secureHeaders } from 'hono/secure-headers';
import type { ApiApp } from './route-parts.ts';
import { sendFile, type StaticFile } from './static-files.ts';

const own = (name: string): URL => new URL(`../../../dashboard/docs/${name}`, import.meta.url);
const swagger = (name: string): URL => new URL(import.meta.resolve(`swagger-ui-dist/${name}`));

const files: readonly StaticFile[] = [
  { path: '/api/docs', url: own('index.html'), type: 'html' },
  { path: '/api/docs/docs.js', url: own('docs.js'), type: 'js' },
  { path: '/api/docs/docs.css', url: own('docs.css'), type: 'css' },
  { path: '/api/docs/swagger-ui.js', url: swagger('swagger-ui-bundle.js'), type: 'js' },
  { path: '/api/docs/swagger-ui.css', url: swagger('swagger-ui.css'), type: 'css' },
];

const paths = new Set(files.map(({ path }) => path));
export const isDocsPath = (path: string): boolean => paths.has(path);

/** Swagger UI sets styles inline, draws its icons from data URLs and makes markup by itself; it may speak to us only. */
export const docsHeaders = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", 'data:'],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
  xFrameOptions: 'DENY',
  strictTransportSecurity: false,
});

export function addDocs(app: ApiApp): void {
  for (const file of files) app.get(file.path, (c) => sendFile(c, file));
}
