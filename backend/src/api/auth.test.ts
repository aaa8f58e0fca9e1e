import { createHmac } from 'node:crypto';
import { IncomingMessage, type IncomingHttpHeaders } from 'node:http';
import { Socket } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createAuthenticator, SESSION_COOKIE } from './auth.ts';
import { createSessionTokens, SESSION_DAYS } from './session-token.ts';

const KEY = 'the-right-key-0123456789';
const DAY_MS = 86_400_000;
let requests = 0;
const clock = { nowMs: () => 1_750_000_000_000, sleep: () => Promise.resolve() };
const authenticator = createAuthenticator({ adminApiKey: KEY, clock });
const host = 'nightjar.local:8000';
const { token } = await authenticator.login(KEY, request({}));
const cookie = `other=1; ${SESSION_COOKIE}=${token}`;

/** Each from an address of its own: the guard is another test's subject. */
function request(headers: IncomingHttpHeaders, { encrypted = false, method = 'GET' } = {}): IncomingMessage {
  const remoteAddress = `10.0.${Math.floor(++requests / 256)}.${requests % 256}`;
  const socket = Object.assign(new Socket(), encrypted && { encrypted });
  Object.defineProperty(socket, 'remoteAddress', { value: remoteAddress });
  return Object.assign(new IncomingMessage(socket), { method, headers: { host, ...headers } });
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
  [
    'a forged session',
    { cookie: `${SESSION_COOKIE}=v2.admin.${'A'.repeat(22)}.9999999999999.${'A'.repeat(43)}` },
    'unauthorized',
  ],
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
  expect(await ask(authenticator.authenticateKey(KEY, request({})))).toBe('in');
  for (const wrong of ['wrong', '', `${KEY} `])
    expect(await ask(authenticator.authenticateKey(wrong, request({})))).toBe('unauthorized');
});

test('over TLS a plain page of the same host is another origin', async () => {
  const ours = authenticator.authenticateRequest(request({ cookie, origin: `https://${host}` }, { encrypted: true }));
  const plain = authenticator.authenticateRequest(request({ cookie, origin: `http://${host}` }, { encrypted: true }));
  expect([await ask(ours), await ask(plain)]).toEqual(['in', 'forbidden']);
});

test('the subprotocol that carried the key is named, so that it can be selected', async () => {
  const headers = { 'sec-websocket-protocol': `nightjar, api-key.${KEY}` };
  expect(await authenticator.authenticateUpgrade(request(headers))).toMatchObject({ protocol: `api-key.${KEY}` });
});

const own = `http://${host}`;
test.each<[string, IncomingHttpHeaders, string]>([
  ['Origin is ours', { origin: own }, 'in'],
  ['Origin and site are ours', { origin: own, 'sec-fetch-site': 'same-origin' }, 'in'],
  ['the site is ours', { 'sec-fetch-site': 'same-origin' }, 'in'],
  ['the person did it', { 'sec-fetch-site': 'none' }, 'in'],
  ['neither is told', {}, 'forbidden'],
  ['another port asks', { 'sec-fetch-site': 'same-site' }, 'forbidden'],
  ['another site asks', { 'sec-fetch-site': 'cross-site' }, 'forbidden'],
  ['they contradict each other', { origin: own, 'sec-fetch-site': 'cross-site' }, 'forbidden'],
  ['they contradict each other the other way', { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' }, 'forbidden'],
  ['a sandbox asks', { origin: 'null' }, 'forbidden'],
])('a session changes something when %s: %j: %s', async (_what, headers, expected) => {
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    const asked = request({ cookie, ...headers }, { method });
    expect(await ask(authenticator.authenticateRequest(asked))).toBe(expected);
    if (expected === 'forbidden') expect(() => authenticator.readSession(asked)).toThrow(/own page|very origin/);
  }
  // A key is no cookie: nobody sends it unasked.
  const keyed = request({ 'x-api-key': KEY, ...headers }, { method: 'POST' });
  expect(await ask(authenticator.authenticateRequest(keyed))).toBe('in');
}); // prettier-ignore

test('another page cannot log somebody in', async () => {
  expect(await ask(authenticator.login(KEY, request({ origin: 'https://evil.example' }, { method: 'POST' })))).toBe('forbidden'); // prettier-ignore
  expect(await ask(authenticator.login(KEY, request({ origin: own }, { method: 'POST' })))).toBe('in');
});

test('who was let in stays for as long as key and session are good', () => {
  const stored = { id: 'k', name: 'a key', keyHash: '', role: 'viewer', cameraIds: null, expiresAt: null } as const;
  const nobody = {
    find: () => undefined,
    isLoaded: () => true,
    sessionSecret: () => 'a secret',
    use: () => undefined,
    refresh: () => Promise.resolve(),
  };
  const good = { byId: (id: string) => (id === 'k' ? stored : undefined), isEnded: (id: string) => id === 'ended' };
  const keys = { ...nobody, ...good };
  const { reasonToLeave } = createAuthenticator({ adminApiKey: KEY, clock, keys });
  const [past, future] = [new Date(clock.nowMs()), new Date(clock.nowMs() + 1)];
  expect(reasonToLeave({ keyId: 'admin', sessionId: null, expiresAt: null })).toBeNull();
  expect(reasonToLeave({ keyId: 'k', sessionId: 'good', expiresAt: future })).toBeNull();
  expect(reasonToLeave({ keyId: 'gone', sessionId: null, expiresAt: null })).toBe('the key was revoked');
  expect(reasonToLeave({ keyId: 'k', sessionId: null, expiresAt: past })).toBe('the key has expired');
  expect(reasonToLeave({ keyId: 'k', sessionId: 'good', expiresAt: past })).toBe('the session has expired');
  expect(reasonToLeave({ keyId: 'k', sessionId: 'ended', expiresAt: future })).toBe('the session was ended');
});

const key = { id: 'admin', expiresAt: null };
const open = (adminApiKey = KEY, secret: string | undefined = 'the secret of the house') =>
  createSessionTokens({ adminApiKey, readSecret: () => secret });

test('a session outlives a restart, ends after its days, and with the admin key', () => {
  const issued = open().issue(key, 0);
  const restarted = open();
  expect(restarted.read(issued.token, SESSION_DAYS * DAY_MS - 1)).toMatchObject({ id: issued.id, keyId: 'admin' });
  expect(restarted.read(issued.token, SESSION_DAYS * DAY_MS)).toBeUndefined();
  expect(open('another-key').read(issued.token, 0)).toBeUndefined();
});

test('who has a token and guesses the admin key rightly cannot see that he did', () => {
  const { token } = open().issue(key, 0);
  const [, payload = '', signature] = /^(.*)\.([^.]*)$/.exec(token) ?? [];
  const hmac = (secret: string | Buffer, text: string) => createHmac('sha256', secret).update(text).digest();
  for (const guess of [KEY, hmac(KEY, 'nightjar session v2'), hmac('', `nightjar session v2${KEY}`)])
    expect(hmac(guess, payload).toString('base64url')).not.toBe(signature);
  expect(open(KEY, 'the secret of another house').read(token, 0)).toBeUndefined();
});

test('before the secret of the house is known no session is called a bad one', () => {
  const tokens = createSessionTokens({ adminApiKey: KEY, readSecret: () => undefined });
  const away = expect.objectContaining({ kind: 'unavailable' }) as Error;
  expect(() => tokens.issue(key, 0)).toThrow(away);
  expect(() => tokens.read(open().issue(key, 0).token, 0)).toThrow(away);
  expect(tokens.read('no token at all', 0)).toBeUndefined();
});

test('a session ends with its key', () => {
  const expiresAt = new Date(DAY_MS);
  expect(open().issue({ id: 'admin', expiresAt }, 0).expiresAt).toEqual(expiresAt);
});

test('no two sessions are the same, and none tells of the key', () => {
  const tokens = [1, 2].map(() => open().issue(key, 0).token);
  expect(tokens[0]).not.toBe(tokens[1]);
  expect(tokens.join()).not.toContain(KEY);
});

test('no change to a token is let through', () => {
  const tokens = open();
  const { token } = tokens.issue(key, clock.nowMs());
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.constantFrom('0', '7', 'a', 'Z', '.', '-', ''), (at, char) => {
      const changed = token.slice(0, at) + char + token.slice(at + 1);
      expect(tokens.read(changed, clock.nowMs()) !== undefined).toBe(changed === token);
    }),
  );
});
