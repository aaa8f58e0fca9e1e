/** Over real sockets, byte by byte: what a client may cost before anything of ours has looked at it. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../tests/harness/eventually.ts';
import { openDatabase } from '../../db/index.ts';
import { problemSchema } from '../problem.ts';
import { startTestApi, TEST_KEY, type TestApi } from '../tests/test-api.ts';
import { serverLimits } from './server-limits.ts';

const db = openDatabase({ socketDir: '/nonexistent', database: 'none' });
let api: TestApi;
let hasty: TestApi;
beforeAll(async () => {
  api = await startTestApi(db);
  const limits = { headersMs: 300, requestMs: 600, checkEveryMs: 50, connectionsMax: 3, silenceMs: 1_000 };
  hasty = await startTestApi(db, { serverLimits: limits });
});
afterAll(async () => {
  await Promise.all([api.close(), hasty.close()]);
  await db.close();
});

/** Sends bytes, and gives back all that comes until the server closes. */
async function exchange(text: string, to = api): Promise<string> {
  const socket = connect(to.port, '127.0.0.1');
  const heard = listen(socket);
  socket.write(text);
  await once(socket, 'close');
  return heard();
}

function listen(socket: Socket): () => string {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined);
  return () => Buffer.concat(chunks).toString();
}

const toRequest = (path: string, headers: readonly string[] = []): string =>
  [`GET ${path} HTTP/1.1`, 'Host: a', 'Connection: close', ...headers, '', ''].join('\r\n');
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
const problemIn = (answer: string) => problemSchema.strict().parse(JSON.parse(answer.slice(answer.indexOf('{'))));

describe('a URL', () => {
  const pathOf = (bytes: number): string => `/health?${'a'.repeat(bytes - '/health?'.length)}`;

  it('may have 8 KiB', async () => {
    expect(statusOf(await exchange(toRequest(pathOf(serverLimits.urlBytesMax))))).toBe(200);
  });
  it('and not one byte more: 414, as a problem', async () => {
    const answer = await exchange(toRequest(pathOf(serverLimits.urlBytesMax + 1)));
    expect(problemIn(answer)).toMatchObject({ status: 414, title: 'URI Too Long' });
  });
  it('that is endless is cut off', async () => {
    expect([414, 431]).toContain(statusOf(await exchange(`GET /${'a'.repeat(200_000)}`)));
  });
});

describe('headers', () => {
  const count = (number: number) => Array.from({ length: number }, (_, at) => `X-${at}: 1`);

  it('may be a hundred', async () => {
    const own = 2;
    expect(statusOf(await exchange(toRequest('/health', count(serverLimits.headersMax - own))))).toBe(200);
    expect(problemIn(await exchange(toRequest('/health', count(serverLimits.headersMax))))).toMatchObject({
      status: 431,
    });
  });
  it('may have 16 KiB in all', async () => {
    const size = (bytes: number) => [`X: ${'a'.repeat(bytes)}`];
    expect(statusOf(await exchange(toRequest('/health', size(16_000))))).toBe(200);
    expect(problemIn(await exchange(toRequest('/health', size(16_400))))).toMatchObject({ status: 431 });
    expect(statusOf(await exchange(toRequest('/health', size(100_000))))).toBe(431);
  });
});

describe('slowness', () => {
  it('in the headers ends the connection', async () => {
    expect(statusOf(await exchange('GET /health HTTP/1.1\r\nHost: a\r\nX-Slow', hasty))).toBe(408);
  });
  it('in saying anything at all ends it too', async () => {
    expect([408, NaN]).toContain(statusOf(await exchange('', hasty)));
  });
  it('in the body ends it', async () => {
    const head = `POST /api/session HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`;
    expect(statusOf(await exchange(head, hasty))).toBe(408);
  });
});

it('connections are so many and no more; the next is let in when one has gone', async () => {
  const opened = Array.from({ length: 3 }, () => connect(hasty.port, '127.0.0.1'));
  await Promise.all(opened.map((socket) => once(socket, 'connect')));
  opened.forEach((socket) => socket.on('error', () => undefined).write(`GET /ready HTTP/1.1\r\nHost: a\r\n\r\n`));
  await Promise.all(opened.map((socket) => once(socket, 'data')));
  expect(await exchange(toRequest('/health'), hasty)).toBe('');
  opened[0]?.destroy();
  await eventually(async () => statusOf(await exchange(toRequest('/health'), hasty)) === 200, { what: 'a free place' });
  opened.forEach((socket) => socket.destroy());
});

it('what is refused for its size leaves the others in peace', async () => {
  const [refused, served] = await Promise.all([
    exchange(toRequest(`/${'a'.repeat(9_000)}`)),
    fetch(`${api.url}/api/system`, { headers: { 'X-API-Key': TEST_KEY } }),
  ]);
  expect([statusOf(refused), served.status]).toEqual([414, 200]);
});
