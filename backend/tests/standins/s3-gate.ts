/**
 * A gate in front of a real S3 server: requests and answers pass unchanged (the signature covers the name of the host,
 * which stays), are counted, and can be made to go wrong on the way.
 */
import { once } from 'node:events';
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** `cut` and `stall` let the head of an answer through and half of its body. */
export type S3Fault =
  'none' | 'error-500' | 'slow-down' | 'forbidden' | 'web-page' | 'hang' | 'reset' | 'cut' | 'stall';

export interface S3Gate {
  readonly endpoint: string;
  /** `PUT`, `HEAD` ... and the path with its query, in order of arrival. */
  readonly requests: string[];
  /** What goes wrong, with which requests, and how many of these; all without a number. */
  fail(fault: S3Fault, which?: RegExp, times?: number): void;
  close(): Promise<void>;
}

export async function startS3Gate(target: string): Promise<S3Gate> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  let plan = { fault: 'none' as S3Fault, which: /^/, left: Infinity };

  function toFault(line: string): S3Fault {
    if (plan.left <= 0 || !plan.which.test(line)) return 'none';
    plan.left -= 1;
    return plan.fault;
  }

  const server = createServer((incoming, outgoing) => {
    const line = `${incoming.method} ${incoming.url}`;
    requests.push(line);
    serve(incoming, outgoing, { target, fault: toFault(line) });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    fail: (fault, which = /^/, times = Infinity) => void (plan = { fault, which, left: times }),
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

const refusals: Partial<Record<S3Fault, readonly [number, string]>> = {
  'error-500': [500, 'InternalError'],
  'slow-down': [503, 'SlowDown'],
  forbidden: [403, 'AccessDenied'],
};

function serve(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { target, fault }: { target: string; fault: S3Fault },
): void {
  const refusal = refusals[fault];
  if (fault === 'hang') return;
  if (fault === 'reset') return void incoming.socket.resetAndDestroy();
  incoming.on('error', () => undefined); // a client that hung up
  if (fault === 'web-page') {
    incoming.resume();
    return void outgoing.writeHead(404, { 'content-type': 'text/html' }).end('<!doctype html><h1>Not Found</h1>');
  }
  if (refusal) {
    const [status, code] = refusal;
    incoming.resume();
    const body = incoming.method === 'HEAD' ? '' : `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`; // prettier-ignore
    return void outgoing.writeHead(status, { 'content-type': 'application/xml' }).end(body);
  }
  pass(incoming, outgoing, { target, fault });
}

function pass(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { target, fault }: { target: string; fault: S3Fault },
): void {
  const { method, url = '/' } = incoming;
  // A connection for each: Swift's server says more than it should after some answers to HEAD, which is then an error.
  const headers = { ...incoming.headers, connection: 'close' };
  const onward = forward(new URL(url, target), { method, headers, agent: false }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    if (fault !== 'cut' && fault !== 'stall') return void answer.pipe(outgoing);
    const half = Math.floor(Number(answer.headers['content-length'] ?? 0) / 2);
    answer.once('data', (chunk: Buffer) => {
      outgoing.write(chunk.subarray(0, half), () => fault === 'cut' && outgoing.socket?.resetAndDestroy());
      answer.destroy();
    });
  });
  onward.on('error', () => outgoing.headersSent || outgoing.destroy());
  incoming.pipe(onward);
}
