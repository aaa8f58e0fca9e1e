import { describe, expect, it } from 'vitest';
import { parseConfig } from '../config.ts';
import { NightjarError } from '../lib/errors.ts';

const surroundings = { cwd: '/srv/nightjar', systemTimeZone: 'UTC', terminal: false };
const parse = (env: Record<string, string>) => parseConfig({ ADMIN_API_KEY: 'k'.repeat(32), ...env }, surroundings);

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    parse(env);
    return [];
  } catch (thrown) {
    return thrown instanceof NightjarError ? thrown.faults.map(({ path }) => path) : ['?'];
  }
}

describe('the edge, configured', () => {
  it('is closed to other origins and trusts no proxy unless told to', () => {
    expect(parse({})).toMatchObject({ tls: undefined, corsOrigins: [], trustedProxies: [], rateLimitPerMinute: 600 });
  });

  it.each(['https://dash.example.org', 'http://localhost:3000', 'https://a.example,https://b.example:8443'])(
    'takes the origins %s',
    (text) => expect(parse({ CORS_ORIGINS: text }).corsOrigins).toEqual(text.split(',')),
  );

  it.each(['*', 'null', 'https://*.example.org', 'example.org', 'https://a.example/', 'https://a.example:443', 'https://A.example', 'ws://a.example', 'https://u:p@a.example'])(
    'refuses the origin %s',
    (text) => expect(faultsOf({ CORS_ORIGINS: text })).toEqual(['CORS_ORIGINS']),
  ); // prettier-ignore

  it.each(['10.0.0.0/8', '192.168.1.2', 'fd00::/8', '::1', 'loopback, uniquelocal'])('trusts %s', (text) =>
    expect(faultsOf({ TRUSTED_PROXIES: text })).toEqual([]),
  );

  it.each(['proxy.example.org', '10.0.0.0/33', '10.1', '*', 'all', '300.1.1.1'])('does not take %s for a proxy', (text) =>
    expect(faultsOf({ TRUSTED_PROXIES: text })).toEqual(['TRUSTED_PROXIES']),
  ); // prettier-ignore

  it('has TLS with both files, and is wrong with one', () => {
    const tls = { certFile: '/etc/nightjar/cert.pem', keyFile: '/srv/nightjar/key.pem' };
    expect(parse({ TLS_CERT: '/etc/nightjar/cert.pem', TLS_KEY: 'key.pem' }).tls).toEqual(tls);
    expect(faultsOf({ TLS_CERT: 'cert.pem' })).toEqual(['TLS_KEY']);
    expect(faultsOf({ TLS_KEY: 'key.pem' })).toEqual(['TLS_CERT']);
  });
});
