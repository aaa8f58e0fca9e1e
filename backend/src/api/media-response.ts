/** Pictures and clips as HTTP answers: fixed media types, entity tags, ranges; never anything a browser would run. */
import type { Readable } from 'node:stream';
import type { Context } from 'hono';
import type { Logger } from '../lib/log.ts';
import { matchesTag, parseByteRange } from './byte-range.ts';
import type { OpenedMedia } from './options.ts';
import { HttpRefusal } from './problem.ts';
import type { ApiEnv } from './route-parts.ts';

/** An original never changes; who may see it may change, so it is asked for again each time (and answered by 304). */
const CACHE_CONTROL = 'private, no-cache';

const pictureTypes: readonly string[] = [
  'image/jpeg',
  'image/png',
  'image/webp',
  'image/gif',
  'image/bmp',
  'image/tiff',
  'image/avif',
  'image/heif',
];
const clipTypes: readonly string[] = [
  'video/mp4',
  'video/quicktime',
  'video/x-matroska',
  'video/x-msvideo',
  'video/mp2t',
  'video/h264',
  'video/h265',
];
const shownTypes = new Set([...pictureTypes, ...clipTypes]);

type Headers = Record<string, string>;

/** The headers of a picture or a clip; what is not of one of the known types is for saving, not for showing. */
export function toMediaHeaders(mediaType: string | null, etag: string): Headers {
  const cached = { ETag: etag, 'Cache-Control': CACHE_CONTROL };
  if (mediaType !== null && shownTypes.has(mediaType)) return { 'Content-Type': mediaType, ...cached };
  return { 'Content-Type': 'application/octet-stream', 'Content-Disposition': 'attachment', ...cached };
}

/** 304 when the client has this very version, else undefined. */
export function toNotModified(c: Context<ApiEnv>, etag: string): Response | undefined {
  if (!matchesTag(c.req.header('if-none-match'), etag)) return undefined;
  return c.body(null, 304, { ETag: etag, 'Cache-Control': CACHE_CONTROL });
}

/** The bytes, or the part that `Range` asks for. */
export function toMediaResponse(
  c: Context<ApiEnv>,
  { media, headers, log }: { media: OpenedMedia; headers: Headers; log: Logger },
): Response {
  const range = parseByteRange(usableRange(c, headers['ETag']), media.size);
  if (range === 'unsatisfiable')
    throw new HttpRefusal(416, `this has ${media.size} bytes`, { 'Content-Range': `bytes */${media.size}` });
  const { start, end } = range ?? { start: 0, end: media.size - 1 };
  const body = toWebStream(() => media.stream(range), (cause) => {
    log.error({ request_id: c.get('requestId'), err: cause }, 'reading media failed half-way');
    // Length and status are sent: only a broken connection still tells the client that this is not the whole.
    c.env.outgoing.destroy();
  }); // prettier-ignore
  return c.body(body, range ? 206 : 200, {
    ...headers,
    'Accept-Ranges': 'bytes',
    'Content-Length': `${end - start + 1}`,
    ...(range && { 'Content-Range': `bytes ${start}-${end}/${media.size}` }),
  });
}

/** RFC 9110: `Range` is for GET, and with `If-Range` only while the client's copy is of this version. */
function usableRange(c: Context<ApiEnv>, etag: string | undefined): string | undefined {
  const ifRange = c.req.header('if-range');
  return c.req.method === 'GET' && (ifRange === undefined || ifRange === etag) ? c.req.header('range') : undefined;
}

/** Opened by the first read, so that an answer to HEAD opens no file; destroyed when the client goes away. */
function toWebStream(open: () => Readable, onFailed: (cause: unknown) => void): ReadableStream<Uint8Array> {
  let source: Readable | undefined;
  let chunks: AsyncIterator<Uint8Array> | undefined;
  let cancelled = false;
  const readNext = async (): Promise<IteratorResult<Uint8Array>> => {
    source ??= open();
    chunks ??= source[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    return chunks.next();
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const next = await readNext();
          if (next.done === true) controller.close();
          else controller.enqueue(next.value);
        } catch (thrown) {
          if (cancelled) return; // a client that left is no failure of ours
          onFailed(thrown);
          controller.close();
        }
      },
      cancel() {
        cancelled = true;
        source?.destroy();
      },
    },
    { highWaterMark: 0 },
  );
}
