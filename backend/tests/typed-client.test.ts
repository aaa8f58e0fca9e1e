/** What the typed client makes of answers that are not Nightjar's: those of a proxy before it, or of another server. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createNightjarClient, eachItem, expectData, ProblemError } from '../../client/index.ts';

const closers: (() => void)[] = [];
afterEach(() => closers.splice(0).forEach((close) => close()));

async function connect(answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => server.close().closeAllConnections());
  return createNightjarClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, apiKey: 'key' });
}

const problemOf = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(() => 'no problem', (thrown: unknown) => (thrown instanceof ProblemError ? thrown.problem : thrown)); // prettier-ignore

type Case = [string, number, Record<string, string>, string, object];
const cases: readonly Case[] = [
  ['nothing at all', 502, { 'Content-Length': '0' }, '', { status: 502, kind: 'unavailable', title: 'Bad Gateway' }],
  ['a page', 503, { 'Content-Type': 'text/html' }, '<h1>no healthy upstream</h1>', { status: 503, kind: 'unavailable', detail: 'Service Unavailable' }],
  ['a word', 401, { 'Content-Type': 'text/plain' }, 'who are you', { status: 401, kind: 'unauthorized', detail: 'Unauthorized: who are you' }],
  ['other JSON', 404, { 'Content-Type': 'application/json' }, '{"message":"no Route matched"}', { status: 404, kind: 'not_found', detail: 'Not Found' }],
  ['an empty problem', 500, { 'Content-Type': 'application/problem+json', 'Content-Length': '0' }, '', { status: 500, kind: 'internal' }],
  ['a problem', 409, { 'Content-Type': 'application/problem+json' }, '{"status":409,"kind":"conflict","detail":"is taken"}', { status: 409, detail: 'is taken' }],
]; // prettier-ignore

describe('an error', () => {
  it.each(cases)('that says %s is an error, and a problem', async (_what, status, headers, body, expected) => {
    const client = await connect((_request, response) => response.writeHead(status, headers).end(body));
    const { data, error } = await client.GET('/api/cameras');
    expect(data).toBeUndefined();
    expect(error).toMatchObject(expected);
    expect(await problemOf(expectData(client.DELETE('/api/session')))).toMatchObject(expected);
    const pages = eachItem((cursor) => client.GET('/api/events', { params: { query: { ...(cursor && { cursor }) } } }));
    expect(await problemOf(pages.next())).toMatchObject(expected);
  });
});

it('an answer without a body is none', async () => {
  const client = await connect((_request, response) => response.writeHead(204).end());
  expect(await expectData(client.DELETE('/api/session'))).toBeUndefined();
});
