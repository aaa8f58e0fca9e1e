/** Over real sockets: what becomes of requests that ask for another protocol. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../tests/harness/eventually.ts';
import { openDatabase } from '../db/index.ts';
import type { AnsweredRequest } from './options.ts';
import { startTestApi, TEST_KEY, type TestApi } from './tests/test-api.ts';

const db = openDatabase({ socketDir: '/nonexistent', database: 'none' });
const answered: AnsweredRequest[] = [];
let api: TestApi;
beforeAll(async () => (api = await startTestApi(db, { onRequest: (told) => void answered.push(told) })));
afterAll(async () => {
  await api.close();
  await db.close();
});

/** A peer that sends, and never closes its half. */
function say(text: string): { socket: Socket; heard: () => string } {
  const socket = connect({ port: api.port, host: '127.0.0.1', allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined);
  socket.write(text);
  return { socket, heard: () => Buffer.concat(chunks).toString() };
}

/** As `curl --http2` asks. */
const h2c = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA'];
const toText = (line: string, headers: readonly string[], body = ''): string =>
  [`${line} HTTP/1.1`, 'Host: a', ...headers, '', body].join('\r\n');

async function exchange(text: string, last: RegExp): Promise<string> {
  const { socket, heard } = say(text);
  await eventually(() => last.test(heard()), { what: 'the answer' });
  socket.destroy();
  return heard();
}

describe('a protocol that is not spoken here', () => {
  it('is passed over: the request is answered as any other', async () => {
    expect(await exchange(toText('GET /health', h2c), /healthy/)).toMatch(/^HTTP\/1\.1 200 /);
    expect(answered.at(-1)).toMatchObject({ route: '/health', status: 200 });
  });

  it('opens nothing without a key', async () => {
    const answer = await exchange(toText('GET /api/system', h2c), /\}$/);
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer).toContain('application/problem+json');
    const withKey = [...h2c, `X-API-Key: ${TEST_KEY}`];
    expect(await exchange(toText('GET /api/system', withKey), /\}$/)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('leaves a body whole', async () => {
    const body = JSON.stringify({ api_key: TEST_KEY });
    const headers = [...h2c, 'Content-Type: application/json', `Content-Length: ${body.length}`];
    expect(await exchange(toText('POST /api/session', headers, body), /\}$/)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('leaves the connection to the next request', async () => {
    const { socket, heard } = say(toText('GET /health', h2c));
    await eventually(() => heard().includes('healthy'), { what: 'the first answer' });
    socket.write(toText('GET /health', h2c));
    await eventually(() => heard().split('healthy').length === 3, { what: 'the second answer' });
    socket.destroy();
  });
});

it('a refused WebSocket is cut off, also when its peer never closes its half', async () => {
  const { socket, heard } = say(toText('GET /nowhere', ['Connection: Upgrade', 'Upgrade: websocket']));
  await once(socket, 'end');
  expect(heard()).toMatch(/^HTTP\/1\.1 404 /);
  // A connection that is gone answers what comes with a reset.
  await eventually(() => {
    if (!socket.destroyed) socket.write('x');
    return socket.destroyed;
  });
});
