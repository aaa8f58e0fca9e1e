import { IncomingMessage, type IncomingHttpHeaders } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { isOwnMachine } from './own-machine.ts';

function ask(headers: IncomingHttpHeaders, remoteAddress = '127.0.0.1'): boolean {
  const socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: remoteAddress });
  return isOwnMachine(Object.assign(new IncomingMessage(socket), { headers: { host: 'localhost:8000', ...headers } }));
}

test.each<[IncomingHttpHeaders, string?]>([
  [{}],
  [{}, '::1'],
  [{}, '::ffff:127.0.0.1'],
  [{}, '127.9.8.7'],
  [{ host: 'LOCALHOST' }],
  [{ host: '127.0.0.1:8000' }],
  [{ host: '[::1]:8000' }],
  [{ 'sec-fetch-mode': 'cors' }], // Node's own fetch
  [{ 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }],
])('%j from %s is this very machine', (headers, peer) => expect(ask(headers, peer)).toBe(true));

test.each<[string, IncomingHttpHeaders, string?]>([
  ['another machine', {}, '192.0.2.1'],
  ['another machine that says localhost', { host: 'localhost' }, '10.0.0.7'],
  ['no address at all', {}, ''],
  ['a rebound name', { host: 'evil.example:8000' }],
  ['a rebound name that begins like us', { host: '127.0.0.1.evil.example' }],
  ['a rebound name that ends like us', { host: 'evil.localhost:8000' }],
  ['an address of the network', { host: '192.168.1.5:8000' }],
  ['no host', { host: undefined }],
  ['a page', { origin: 'http://localhost:3000' }],
  ['a sandboxed page', { origin: 'null' }],
  ['a page of another site, without an origin', { 'sec-fetch-site': 'cross-site' }],
  ['a page of another port', { 'sec-fetch-site': 'same-site' }],
  ['a proxy', { 'x-forwarded-for': '203.0.113.7' }],
  ['a proxy that names the host only', { 'x-forwarded-host': 'cams.example.org' }],
])('%s is not', (_what, headers, peer) => expect(ask(headers, peer)).toBe(false));
