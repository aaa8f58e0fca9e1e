/** Forms written byte by byte, and requests that can be sent in pieces and broken off. */
import { once } from 'node:events';
import { request, type Agent, type ClientRequest, type IncomingMessage } from 'node:http';
import sharp from 'sharp';
import { TEST_KEY, type TestApi } from './test-api.ts';

export interface Part {
  readonly name: string;
  readonly filename?: string;
  readonly type?: string;
  readonly body: string | Uint8Array;
}

export const BOUNDARY = 'X-frontier';

export function toForm(parts: readonly Part[], boundary = BOUNDARY): Buffer {
  const pieces = parts.flatMap(({ name, filename, type, body }) => [
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"`),
    Buffer.from(filename === undefined ? '' : `; filename="${filename}"`),
    Buffer.from(`${type === undefined ? '' : `\r\nContent-Type: ${type}`}\r\n\r\n`),
    Buffer.from(body),
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]);
}

export const picturePart = (body: Uint8Array, name = 'file', filename = 'a.jpg'): Part => ({ name, filename, type: 'image/jpeg', body }); // prettier-ignore

/** A JPEG of one colour. */
export const toJpeg = (width = 64, height = 48): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background: 'grey' } })
    .jpeg()
    .toBuffer();

export interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

export type Headers = Readonly<Record<string, string>>;

/** Sends with the key; a header of '' is left out. */
export async function post(api: TestApi, path: string, body: Uint8Array, headers: Headers = {}): Promise<Answer> {
  const sent = open(api, path, { 'Content-Length': `${body.length}`, ...headers });
  sent.end(body);
  return answerOf(sent);
}

export function open(api: TestApi, path: string, headers: Headers = {}, agent?: Agent): ClientRequest {
  const all = { 'X-API-Key': TEST_KEY, 'Content-Type': `multipart/form-data; boundary=${BOUNDARY}`, ...headers };
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
  const sent = request(`${api.url}${path}`, { method: 'POST', headers: given, agent });
  sent.on('error', () => undefined); // of what is still being sent when the answer comes, or when we break it off
  return sent;
}

export async function answerOf(sent: ClientRequest): Promise<Answer> {
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode, headers: response.headers, body: JSON.parse(Buffer.concat(chunks).toString()) };
}
