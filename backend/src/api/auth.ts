/**
 * Who asks. A key comes in `X-API-Key` or `Authorization: Bearer`, for sockets also as the subprotocol `api-key.<KEY>`
 * (browsers can set no headers there); else the session cookie counts. What is presented first in that order decides:
 * a wrong key is not saved by a good cookie. Keys in URLs are never looked at.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { parse as parseCookies } from 'hono/utils/cookie';
import type { Clock } from '../lib/clock.ts';
import { NightjarError } from '../lib/errors.ts';
import type { KeyRole } from './access.ts';
import { clientOf } from './client.ts';
import { createSessionTokens } from './session-token.ts';

export const SESSION_COOKIE = 'nightjar_session';
const SUBPROTOCOL_PREFIX = 'api-key.';

const admin = { role: 'admin', keyId: 'admin', name: 'ADMIN_API_KEY', cameraIds: null } as const;

export interface Identity {
  readonly role: KeyRole;
  readonly by: 'key' | 'session';
  /** The key's id; `admin` for that of the configuration. */
  readonly keyId: string;
  /** What people call the key. */
  readonly name: string;
  /** The cameras it may see; null for all. */
  readonly cameraIds: readonly string[] | null;
}

export interface UpgradeIdentity extends Identity {
  /** The subprotocol that carried the key: browsers demand that the server selects it. */
  readonly protocol: string | null;
}

export interface Authenticator {
  /** Throws `unauthorized` without a good key or session, `forbidden` for a session used from another origin. */
  authenticateRequest(request: IncomingMessage): Promise<Identity>;
  /** The holder of this key. Throws `unauthorized`. */
  authenticateKey(apiKey: string): Promise<Identity>;
  /** Whether the headers hold a key or a session at all, good or not. */
  isPresented(request: IncomingMessage): boolean;
  /** As above for `/ws`: HTTP 401 and 403, before the upgrade. The cookie counts only with an Origin that is ours. */
  authenticateUpgrade(request: IncomingMessage): Promise<UpgradeIdentity>;
  /** A session for the holder of this key. Throws `unauthorized`. */
  login(apiKey: string): Promise<{ readonly token: string; readonly expiresAt: Date }>;
}

export function createAuthenticator({ adminApiKey, clock }: { adminApiKey: string; clock: Clock }): Authenticator {
  const adminDigest = toDigest(adminApiKey);
  const sessions = createSessionTokens(adminApiKey);

  // Digests have one length, so the comparison tells neither the key's length nor how much of it was right.
  function checkKey(apiKey: string): Identity {
    if (!timingSafeEqual(toDigest(apiKey), adminDigest)) throw unauthorized('this API key is not valid');
    return { ...admin, by: 'key' };
  }

  function checkSession(request: IncomingMessage, originOptional: boolean): Identity {
    const token = readSession(request);
    if (token === undefined)
      throw unauthorized('an API key is needed: send X-API-Key or Authorization: Bearer, or log in');
    if (!sessions.verify(token, clock.nowMs())) throw unauthorized('this session is not valid any more: log in again');
    const { origin } = request.headers;
    // SameSite takes all ports of a host for one site: only Origin tells our page from a neighbour's.
    if (origin === undefined ? !originOptional : !isSameOrigin(request, origin))
      throw new NightjarError('forbidden', 'a session counts only for pages of this very origin');
    return { ...admin, by: 'session' };
  }

  return {
    async authenticateRequest(request) {
      const apiKey = readKey(request);
      return apiKey === undefined ? checkSession(request, true) : checkKey(apiKey);
    },
    authenticateKey: async (apiKey) => checkKey(apiKey),
    isPresented: (request) => readKey(request) !== undefined || readSession(request) !== undefined,
    async authenticateUpgrade(request) {
      const protocol = readProtocol(request);
      const apiKey = readKey(request) ?? protocol?.slice(SUBPROTOCOL_PREFIX.length);
      const identity = apiKey === undefined ? checkSession(request, false) : checkKey(apiKey);
      return { ...identity, protocol: protocol ?? null };
    },
    async login(apiKey) {
      checkKey(apiKey);
      return sessions.issue(clock.nowMs());
    },
  };
}

const unauthorized = (message: string): NightjarError => new NightjarError('unauthorized', message);
const toDigest = (value: string): Buffer => createHash('sha256').update(value).digest();

/** The key that a request presents in a header, good or not; an Authorization of another scheme is a wrong key. */
function readKey({ headers }: IncomingMessage): string | undefined {
  const apiKey = headers['x-api-key'];
  if (typeof apiKey === 'string') return apiKey;
  if (headers.authorization === undefined) return undefined;
  return /^Bearer +(\S+) *$/i.exec(headers.authorization)?.[1] ?? '';
}

const readSession = ({ headers }: IncomingMessage): string | undefined =>
  parseCookies(headers.cookie ?? '', SESSION_COOKIE)[SESSION_COOKIE];

function readProtocol({ headers }: IncomingMessage): string | undefined {
  const offered = headers['sec-websocket-protocol']?.split(',').map((protocol) => protocol.trim());
  return offered?.find((protocol) => protocol.startsWith(SUBPROTOCOL_PREFIX));
}

function isSameOrigin(request: IncomingMessage, origin: string): boolean {
  if (!URL.canParse(origin)) return false; // also the `null` of sandboxed pages
  const { protocol, host } = new URL(origin);
  const client = clientOf(request);
  const ours = `${protocol}//${client.host ?? ''}`;
  // Behind a proxy that ends TLS the page is https and our socket is not; the other way round is an attack.
  const isProtocol = protocol === 'https:' || (protocol === 'http:' && client.protocol === 'http');
  return isProtocol && URL.canParse(ours) && host === new URL(ours).host;
}
