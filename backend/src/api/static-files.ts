/** Files that are served as they are on disk: what is read comes from a table, never from a request. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Context } from 'hono';
import { NightjarError } from '../lib/errors.ts';
import { matchesTag } from './byte-range.ts';
import type { ApiEnv } from './route-parts.ts';

const types = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
} as const;

export interface StaticFile {
  /** Where it is served. */
  readonly path: string;
  readonly url: URL;
  readonly type: keyof typeof types;
}

export async function sendFile(c: Context<ApiEnv>, { url, type }: StaticFile): Promise<Response> {
  const bytes = await read(url);
  const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
  // Asked for again each time, and answered by 304: a page of the last version would speak to an API of this one.
  const cached = { ETag: etag, 'Cache-Control': 'no-cache' };
  if (matchesTag(c.req.header('if-none-match'), etag)) return c.body(null, 304, cached);
  return c.body(bytes, 200, { 'Content-Type': types[type], ...cached });
}

async function read(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(url));
  } catch (cause) {
    throw new NightjarError('internal', `${url.pathname.split('/').at(-1) ?? 'a file'} cannot be read`, { cause });
  }
}
