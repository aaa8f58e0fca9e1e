/** A file server on loopback whose faults are told beforehand, and which counts what it sends. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly url: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
}

/** Answers one request; resolves when it is done with it. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface TestServer {
  readonly url: string;
  readonly asked: Asked[];
  /** Bytes of bodies, as far as they were handed to the socket. */
  sent(): number;
  /** Ends every connection where it stands. */
  cut(): void;
  close(): Promise<void>;
}

/** Each request is answered by the next of `answers`; the last one answers all that follow. */
export async function startServer(...answers: readonly Answer[]): Promise<TestServer> {
  const asked: Asked[] = [];
  let sent = 0;
  const server = createServer((request, response) => {
    const { range, 'if-range': ifRange } = request.headers;
    const answer = answers[Math.min(asked.length, answers.length - 1)];
    asked.push({ url: request.url ?? '', range, ifRange: ifRange as string | undefined });
    const write = response.write.bind(response) as (chunk: Buffer) => boolean;
    response.write = (chunk: Buffer): boolean => {
      sent += chunk.byteLength;
      return write(chunk);
    };
    answer?.(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/model.onnx`,
    asked,
    sent: () => sent,
    cut: () => server.closeAllConnections(),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export interface FileAnswer {
  readonly bytes: Buffer;
  readonly etag?: string;
  /** Whether it knows ranges. */
  readonly ranges?: boolean;
  /** After so many bytes of this answer nothing more comes, though the connection stays. */
  readonly stallAfter?: number;
}

/** As a good file server answers (RFC 9110, 13 and 14), but for the faults that are wanted. */
export function serveFile({ bytes, etag = '"one"', ranges = true, stallAfter }: FileAnswer): Answer {
  return (request, response) => {
    const from = ranges && request.headers['if-range'] === etag ? Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0; // prettier-ignore
    if (from > 0 && from >= bytes.length) return void response.writeHead(416).end();
    const body = bytes.subarray(from);
    const headers = { etag, 'content-length': body.length };
    if (from > 0)
      response.writeHead(206, { ...headers, 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }); // prettier-ignore
    else response.writeHead(200, headers);
    const part = body.subarray(0, stallAfter);
    if (part.length > 0) response.write(part);
    if (stallAfter === undefined) response.end();
  };
}

export const answerWith =
  (status: number, headers: Readonly<Record<string, string>> = {}): Answer =>
  (_request, response) =>
    void response.writeHead(status, headers).end();
