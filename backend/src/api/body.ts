import type { IncomingMessage } from 'node:http';
import type { MiddlewareHandler } from 'hono';
import { NightjarError } from '../lib/errors.ts';
import { DEEPSTACK_PATH } from './detector-server/deepstack-route.ts';
import { DETECT_BATCH_PATH, DETECT_PATH } from './detector-server/detect-routes.ts';
import { FRAMES_PATH } from './frame-upload.ts';
import { HttpRefusal } from './problem.ts';
import type { ApiEnv } from './route-parts.ts';

/** Of a JSON body. */
const BODY_BYTES_MAX = 1024 ** 2;

/** Their forms are read as they come, by their own limits. */
const streamedPaths = new Set([DETECT_PATH, DETECT_BATCH_PATH, DEEPSTACK_PATH, FRAMES_PATH]);

/**
 * Reads the body, whole and bounded, before anything else looks at it. Left half-read by whoever refuses it, it would
 * block the connection for the requests after it; left unread, the server lets it flow away. `rawBody` is where
 * @hono/node-server looks for a body that was read already.
 */
export const readBody: MiddlewareHandler<ApiEnv> = async (c, next) => {
  if (c.req.method !== 'GET' && c.req.method !== 'HEAD' && !streamedPaths.has(c.req.path)) {
    const incoming: IncomingMessage & { rawBody?: Buffer } = c.env.incoming;
    if ((incoming.headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') throw packed();
    incoming.rawBody = await readAtMost(incoming, BODY_BYTES_MAX);
  }
  await next();
};

const packed = (): HttpRefusal => new HttpRefusal(415, 'send the body as it is, without Content-Encoding');

async function readAtMost(incoming: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const tooLarge = new HttpRefusal(413, `a body may have ${bytesMax} bytes at most`);
  if (Number(incoming.headers['content-length'] ?? 0) > bytesMax) throw tooLarge;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of readOn(incoming)) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The chunks; stopping early leaves the connection whole, so that the refusal can still be sent on it. */
async function* readOn(incoming: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of incoming.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
  } catch (cause) {
    throw new NightjarError('cancelled', 'the client went away in the middle of its request', { cause });
  }
}
