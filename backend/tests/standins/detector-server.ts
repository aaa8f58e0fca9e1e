/**
 * What the stand-ins of detector servers have in common: a real HTTP server on loopback that reads forms strictly,
 * looks at the pictures, counts what it was asked, and can fail in many ways. A breach of the protocol is answered with
 * 422 and written down: tests look at the list at the end.
 */
import { Busboy } from '@fastify/busboy';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { readScene, type Seen } from './scene.ts';

/** How it fails, at every request for detections. */
export type Failure =
  | 'none'
  | 'slow'
  | 'hang'
  | 'error-500'
  | 'busy'
  | 'reset'
  | 'cut-json'
  | 'not-json'
  | 'html'
  | 'wrong-shape'
  | 'no-detections'
  | 'redirect'
  | 'endless';

export interface Upload {
  readonly field: string;
  readonly filename: string;
  readonly bytes: Buffer;
}

export interface Form {
  readonly files: readonly Upload[];
  readonly fields: ReadonlyMap<string, string>;
}

/** A request that the protocol does not allow. */
class Breach extends Error {}

export interface StandinCounters {
  /** Requests by `METHOD /route`. */
  readonly routes: Map<string, number>;
  /** How often each scene was asked about. */
  readonly pictures: Map<number, number>;
  /** Pictures in each request. */
  readonly batches: number[];
  inFlight: number;
  inFlightMax: number;
}

export interface Standin {
  readonly url: string;
  readonly counters: StandinCounters;
  /** What clients did that the protocol does not allow. */
  readonly breaches: string[];
  failure: Failure;
  slowMs: number;
  retryAfter: string;
  apiKey: string | null;
  /** Scenes that the server calls broken pictures. */
  readonly refused: Set<number>;
  /** Scenes that make the server answer 500 to whatever request they are in. */
  readonly poison: Set<number>;
  connections(): number;
  /** Gone at once, as by SIGKILL: connections are cut, the port is closed. */
  kill(): Promise<void>;
  /** Back again, on the same port. */
  restart(): Promise<void>;
}

export interface Handler {
  /** Answers a request for detections; null stands for a picture that is broken. A body that is text is sent as it is. */
  answer(route: string, pictures: readonly (Seen | null)[], form: Form): { status: number; body: unknown };
  /** Answers what is no request for detections, or none that it serves; null for all others. */
  other?(method: string, route: string): { status: number; body: unknown } | 'hang' | null;
  /** Routes for detections, with the name of their file field and how many there may be. */
  readonly routes: Readonly<Record<string, { readonly field: string; readonly filesMax: number; readonly fields: readonly string[] }>>; // prettier-ignore
  /** Whether this request may be served. */
  isAllowed(request: IncomingMessage, form: Form): boolean;
}

const FILE_BYTES_MAX = 10_000_000;
const HTML = '<!doctype html><html><body><h1>Welcome to nginx!</h1></body></html>';

/** `own` is what a protocol's stand-in has besides: switches that its handler looks at. */
export async function startStandin<Own extends object>(
  own: Own,
  createHandler: (standin: Standin & Own) => Handler,
): Promise<Standin & Own> {
  const sockets = new Set<Socket>();
  let stop = new AbortController();
  let server = await listen(0);
  const { port } = server.address() as AddressInfo;
  const counters: StandinCounters = { routes: new Map(), pictures: new Map(), batches: [], inFlight: 0, inFlightMax: 0 }; // prettier-ignore
  const base: Standin = {
    url: `http://127.0.0.1:${port}`,
    counters,
    breaches: [],
    failure: 'none',
    slowMs: 50,
    retryAfter: '1',
    apiKey: null,
    refused: new Set(),
    poison: new Set(),
    connections: () => sockets.size,
    async kill() {
      if (!server.listening) return;
      stop.abort();
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    async restart() {
      stop = new AbortController();
      server = await listen(port);
    },
  };
  const standin = Object.assign(base, own);
  const handler = createHandler(standin);

  async function listen(onPort: number): Promise<Server> {
    const started = createServer((request, response) => void serve(request, response));
    started.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    started.listen(onPort, '127.0.0.1');
    await once(started, 'listening');
    return started;
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    counters.inFlight += 1;
    counters.inFlightMax = Math.max(counters.inFlightMax, counters.inFlight);
    try {
      await respond(request, response);
    } catch (thrown) {
      // A connection that was cut, by us or by the client, has nobody left to answer to.
      if (thrown instanceof Breach) standin.breaches.push(`${request.method} ${request.url}: ${thrown.message}`);
      if (!response.destroyed) sendJson(response, thrown instanceof Breach ? 422 : 500, { detail: String(thrown) });
    } finally {
      counters.inFlight -= 1;
    }
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [method = '', route = ''] = [request.method, request.url];
    count(counters.routes, `${method} ${route}`);
    const other = handler.other?.(method, route);
    const rules = method === 'POST' && !other ? handler.routes[route] : undefined;
    if (!rules) {
      request.resume();
      if (other === 'hang') return void (await once(response, 'close'));
      return sendJson(response, other?.status ?? 404, other?.body ?? { detail: 'Not Found' });
    }
    const form = await readForm(request);
    if (!handler.isAllowed(request, form)) return sendJson(response, 401, { detail: 'Invalid API key' });
    checkForm(form, rules);
    const pictures = await Promise.all(form.files.map(({ bytes }) => look(bytes)));
    counters.batches.push(pictures.length);
    for (const seen of pictures) if (seen) count(counters.pictures, seen.number);
    if (pictures.some((seen) => seen && standin.poison.has(seen.number)))
      return sendJson(response, 500, { detail: 'Internal Server Error' });
    const { status, body } = handler.answer(route, pictures, form);
    return fail(response, status, typeof body === 'string' ? body : JSON.stringify(body));
  }

  async function look(bytes: Buffer): Promise<Seen | null> {
    const seen = await readScene(bytes).catch(() => null);
    return seen && standin.refused.has(seen.number) ? null : seen;
  }

  /** Sends the answer in the way that the failure of the hour demands. */
  async function fail(response: ServerResponse, status: number, body: string): Promise<void> {
    const json = { 'content-type': 'application/json' };
    switch (standin.failure) {
      case 'none':
        return send(response, status, body, json);
      case 'slow':
        await sleep(standin.slowMs, undefined, { signal: stop.signal });
        return send(response, status, body, json);
      case 'hang':
        await once(response, 'close');
        return;
      case 'error-500':
        return sendJson(response, 500, { detail: 'Internal Server Error' });
      case 'busy':
        return send(response, 503, '{"detail":"busy"}', { ...json, 'retry-after': standin.retryAfter });
      case 'reset':
        response.writeHead(status, { ...json, 'content-length': Buffer.byteLength(body) });
        response.write(body.slice(0, body.length / 2), () => response.socket?.resetAndDestroy());
        return;
      case 'cut-json':
        return send(response, status, body.slice(0, body.length / 2), json);
      case 'not-json':
        return send(response, status, 'detections: none', json);
      case 'html':
        return send(response, 200, HTML, { 'content-type': 'text/html' });
      case 'wrong-shape':
        return send(response, status, '[]', json);
      case 'no-detections':
        return send(response, status, '{"success":true,"image_width":128,"image_height":96}', json);
      case 'redirect':
        return send(response, 302, '', { location: '/login' });
      case 'endless':
        return pour(response, json);
    }
  }

  return standin;
}

const count = <Key>(counts: Map<Key, number>, key: Key): void => void counts.set(key, (counts.get(key) ?? 0) + 1);

function send(response: ServerResponse, status: number, body: string, headers: Record<string, string>): void {
  response.writeHead(status, headers).end(body);
}

const sendJson = (response: ServerResponse, status: number, body: unknown): void =>
  send(response, status, JSON.stringify(body), { 'content-type': 'application/json' });

/** An answer without end, until the client has enough: then the connection is cut, which is no failure here. */
async function pour(response: ServerResponse, headers: Record<string, string>): Promise<void> {
  response.writeHead(200, headers).write('{"detections":[');
  await pipeline(Readable.from(endlessSpaces()), response).catch(() => undefined);
}

function* endlessSpaces() {
  for (;;) yield ' '.repeat(64 * 1_024);
}

function checkForm({ files, fields }: Form, rules: Handler['routes'][string]): void {
  const strange = files.find(({ field }) => field !== rules.field);
  if (strange) throw new Breach(`the file field must be ${rules.field}, not ${strange.field}`);
  const unknown = [...fields.keys()].find((name) => !rules.fields.includes(name));
  if (unknown !== undefined) throw new Breach(`unknown field ${unknown}, or a file without a file name`);
  if (files.length === 0 || files.length > rules.filesMax) throw new Breach(`${files.length} files in ${rules.field}`);
}

async function readForm(request: IncomingMessage): Promise<Form> {
  const type = request.headers['content-type'] ?? '';
  if (!type.startsWith('multipart/form-data')) throw new Breach(`not a form with files: ${type}`);
  const files: { field: string; filename: string; chunks: Buffer[] }[] = [];
  const fields = new Map<string, string>();
  const parser = new Busboy({ headers: { ...request.headers, 'content-type': type }, limits: { fileSize: FILE_BYTES_MAX } }); // prettier-ignore
  parser.on('file', (field, stream, filename) => {
    const file = { field, filename, chunks: [] as Buffer[] };
    files.push(file);
    stream.on('data', (chunk: Buffer) => file.chunks.push(chunk));
  });
  parser.on('field', (name, value) => void fields.set(name, value));
  request.pipe(parser);
  await Promise.race([once(parser, 'finish'), once(request, 'close').then(() => once(parser, 'finish'))]);
  for (const { filename } of files) if (!filename) throw new Breach('a file has no name');
  return { fields, files: files.map(({ chunks, ...file }) => ({ ...file, bytes: Buffer.concat(chunks) })) };
}
