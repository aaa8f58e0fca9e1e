import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { clientOf, createClientReader } from './client.ts';

function meet(proxies: readonly string[], peer: string | undefined, headers: Record<string, string> = {}) {
  const request = { socket: { remoteAddress: peer }, headers: { host: 'inside:8000', ...headers } };
  const incoming = request as unknown as IncomingMessage;
  createClientReader(proxies)(incoming);
  return clientOf(incoming);
}

const forwarded = {
  'x-forwarded-for': '203.0.113.7',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'cams.example.org',
};

describe('a client', () => {
  it('is the connection itself where no proxy is trusted', () => {
    expect(meet([], '10.0.0.1', forwarded)).toEqual({ address: '10.0.0.1', protocol: 'http', host: 'inside:8000' });
  });

  it.each([
    ['a trusted proxy', ['10.0.0.0/8'], '10.0.0.1'],
    ['one in IPv6 clothes', ['10.0.0.0/8'], '::ffff:10.0.0.1'],
    ['one by name', ['loopback'], '127.0.0.1'],
    ['one by address', ['fd00::1'], 'fd00::1'],
  ])('is who %s says', (_what, proxies, peer) => {
    expect(meet(proxies, peer, forwarded)).toEqual({ address: '203.0.113.7', protocol: 'https', host: 'cams.example.org' }); // prettier-ignore
  });

  it('is never who a stranger says', () => {
    expect(meet(['10.0.0.0/8'], '192.0.2.5', forwarded)).toEqual({ address: '192.0.2.5', protocol: 'http', host: 'inside:8000' }); // prettier-ignore
  });

  it.each([
    ['words before the proxy saw them', '1.1.1.1, 203.0.113.7', '203.0.113.7'],
    ['proxies in a row', '203.0.113.7, 10.0.0.2, 10.0.0.3', '203.0.113.7'],
    ['words before proxies in a row', '10.9.9.9, 203.0.113.7, 10.0.0.2', '203.0.113.7'],
    ['no address', 'unknown', '10.0.0.1'],
    ['no address behind a proxy', '203.0.113.7, <script>, 10.0.0.2', '10.0.0.2'],
    ['nothing', '', '10.0.0.1'],
  ])('%s', (_what, list, address) => {
    expect(meet(['10.0.0.0/8'], '10.0.0.1', { 'x-forwarded-for': list }).address).toBe(address);
  });

  it('comes by a protocol that there is', () => {
    const by = (proto: string) => meet(['loopback'], '127.0.0.1', { 'x-forwarded-proto': proto }).protocol;
    expect(['https', 'HTTPS', 'https, http', 'http', 'ftp', ''].map(by)).toEqual([
      ...['https', 'https', 'https', 'http', 'http', 'http'],
    ]);
  });

  it('that is gone has no address', () => expect(meet(['loopback'], undefined).address).toBeNull());
});
