import { IncomingMessage, type IncomingHttpHeaders } from 'node:http';
import { Socket } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createAuthenticator, SESSION_COOKIE } from './auth.ts';
import { createSessionTokens, SESSION_DAYS } from './session-token.ts';

const KEY = 'the-right-key-0123456789';
const DAY_MS = 86_400_000;
const clock = { nowMs: () => 1_750_000_000_000, sleep: () => Promise.resolve() };
const authenticator = createAuthenticator({ adminApiKey: KEY, clock });
const { token } = await authenticator.login(KEY);
const cookie = `other=1; ${SESSION_COOKIE}=${token}`;
const host = 'nightjar.local:8000';

function request(headers: IncomingHttpHeaders, encrypted = false): IncomingMessage {
  const socket = encrypted ? Object.assign(new Socket(), { encrypted }) : new Socket();
  return Object.assign(new IncomingMessage(socket), { headers: { host, ...headers } });
}

const ask = (run: Promise<unknown>): Promise<string> =>
  run.then(
    () => 'in',
    (error: unknown) => (error as { kind: string }).kind,
  );

test.each<[string, IncomingHttpHeaders, string]>([
  ['nothing', {}, 'unauthorized'],
  ['the key', { 'x-api-key': KEY }, 'in'],
  ['a wrong key', { 'x-api-key': 'wrong' }, 'unauthorized'],
  ['an empty key', { 'x-api-key': '' }, 'unauthorized'],
  ['the key and more', { 'x-api-key': `${KEY}1` }, 'unauthorized'],
  ['a bearer', { authorization: `Bearer ${KEY}` }, 'in'],
  ['a bearer, scheme in any case', { authorization: `bearer ${KEY}` }, 'in'],
  ['a wrong bearer', { authorization: 'Bearer wrong' }, 'unauthorized'],
  ['another scheme', { authorization: `Basic ${KEY}` }, 'unauthorized'],
  ['a session', { cookie }, 'in'],
  ['a session from our page', { cookie, origin: `http://${host}` }, 'in'],
  ['a session from our page behind TLS', { cookie, origin: `https://${host}` }, 'in'],
  ['a session from a neighbouring port', { cookie, origin: 'http://nightjar.local:3000' }, 'forbidden'],
  ['a session from elsewhere', { cookie, origin: 'https://evil.example' }, 'forbidden'],
  ['a session from a sandbox', { cookie, origin: 'null' }, 'forbidden'],
  ['a forged session', { cookie: `${SESSION_COOKIE}=v1.9999999999999.${'A'.repeat(43)}` }, 'unauthorized'],
  ['a wrong key beside a session', { 'x-api-key': 'wrong', cookie }, 'unauthorized'],
  ['a subprotocol, which is for sockets only', { 'sec-websocket-protocol': `api-key.${KEY}` }, 'unauthorized'],
])('a request with %s', async (_what, headers, expected) => {
  expect(await ask(authenticator.authenticateRequest(request(headers)))).toBe(expected);
});

test.each<[string, IncomingHttpHeaders, string]>([
  ['nothing', {}, 'unauthorized'],
  ['the key', { 'x-api-key': KEY }, 'in'],
  ['the subprotocol', { 'sec-websocket-protocol': `nightjar, api-key.${KEY}` }, 'in'],
  ['a wrong subprotocol', { 'sec-websocket-protocol': 'api-key.wrong', cookie, origin: `http://${host}` }, 'unauthorized'],
  ['a session from our page', { cookie, origin: `http://${host}` }, 'in'],
  ['a session without an origin', { cookie }, 'forbidden'],
  ['a session from elsewhere', { cookie, origin: 'https://evil.example' }, 'forbidden'],
])('an upgrade with %s', async (_what, headers, expected) => {
  expect(await ask(authenticator.authenticateUpgrade(request(headers)))).toBe(expected);
}); // prettier-ignore

test.each<[string, IncomingHttpHeaders, boolean]>([
  ['nothing', {}, false],
  ['another cookie', { cookie: 'theme=dark' }, false],
  ['a wrong key', { 'x-api-key': 'wrong' }, true],
  ['an empty key', { 'x-api-key': '' }, true],
  ['another scheme', { authorization: 'Basic YTpi' }, true],
  ['a session', { cookie }, true],
])('whether a request with %s presents a key or a session', (_what, headers, expected) => {
  expect(authenticator.isPresented(request(headers))).toBe(expected);
});

test('a key by itself is as good as in a header', async () => {
  expect(await ask(authenticator.authenticateKey(KEY))).toBe('in');
  for (const wrong of ['wrong', '', `${KEY} `])
    expect(await ask(authenticator.authenticateKey(wrong))).toBe('unauthorized');
});

test('over TLS a plain page of the same host is another origin', async () => {
  const ours = authenticator.authenticateRequest(request({ cookie, origin: `https://${host}` }, true));
  const plain = authenticator.authenticateRequest(request({ cookie, origin: `http://${host}` }, true));
  expect([await ask(ours), await ask(plain)]).toEqual(['in', 'forbidden']);
});

test('the subprotocol that carried the key is named, so that it can be selected', async () => {
  const headers = { 'sec-websocket-protocol': `nightjar, api-key.${KEY}` };
  expect(await authenticator.authenticateUpgrade(request(headers))).toMatchObject({ protocol: `api-key.${KEY}` });
});

test('a session outlives a restart, ends after its days, and with the key', () => {
  const issued = createSessionTokens(KEY).issue(0);
  const restarted = createSessionTokens(KEY);
  expect(restarted.verify(issued.token, SESSION_DAYS * DAY_MS - 1)).toBe(true);
  expect(restarted.verify(issued.token, SESSION_DAYS * DAY_MS)).toBe(false);
  expect(createSessionTokens('another-key').verify(issued.token, 0)).toBe(false);
});

test('no change to a token is let through', () => {
  const tokens = createSessionTokens(KEY);
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.constantFrom('0', '7', 'a', 'Z', '.', '-', ''), (at, char) => {
      const changed = token.slice(0, at) + char + token.slice(at + 1);
      expect(tokens.verify(changed, clock.nowMs())).toBe(changed === token);
    }),
  );
});
