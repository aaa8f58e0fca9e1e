/**
 * Who asks. A key comes in `X-API-Key` or `Authorization: Bearer`, for sockets also as the subprotocol `api-key.<KEY>`
 * (browsers can set no headers there); else the session cookie counts. What is presented first in that order decides:
 * a wrong key is not saved by a good cookie. Keys in URLs are never looked at. ADMIN_API_KEY is the first key: it is in no
 * table, and good whatever is away.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { parse as parseCookies } from 'hono/utils/cookie';
import type { Clock } from '../lib/clock.ts';
import { AwayError, NightjarError } from '../lib/errors.ts';
import { assertRole, type KeyRole } from './access.ts';
import { peerOf } from './address.ts';
import { isKeyShaped } from './identity/api-key.ts';
import { assertNoOtherPage, assertOwnPage, assertOwnSocket } from './identity/cross-origin.ts';
import { createGuard, type Guard } from './identity/guard.ts';
import type { KeyStore } from './identity/key-store.ts';
import { createSecret } from './identity/session-secret.ts';
import { createSessionTokens, type Session } from './session-token.ts';

export const SESSION_COOKIE = 'nightjar_session';
const SUBPROTOCOL_PREFIX = 'api-key.';

const admin = { role: 'admin', id: 'admin', name: 'ADMIN_API_KEY', cameraIds: null, expiresAt: null } as const;

export interface Identity {
  readonly role: KeyRole;
  readonly by: 'key' | 'session';
  /** The key's id; `admin` for that of the configuration. */
  readonly keyId: string;
  /** What people call the key. */
  readonly name: string;
  /** The cameras it may see; null for all. */
  readonly cameraIds: readonly string[] | null;
  /** Null without a session. */
  readonly sessionId: string | null;
  /** When the key or the session ends by itself; null: never. */
  readonly expiresAt: Date | null;
}

export interface UpgradeIdentity extends Identity {
  /** The subprotocol that carried the key: browsers demand that the server selects it. */
  readonly protocol: string | null;
}

export interface Login {
  readonly token: string;
  readonly expiresAt: Date;
  readonly identity: Identity;
}

export interface Authenticator {
  /**
   * Throws `unauthorized` without a good key or session, `forbidden` for a session used by another page, 429 (guard.ts), and
   * an `AwayError` where it cannot be known yet.
   */
  authenticateRequest(request: IncomingMessage): Promise<Identity>;
  /** The holder of this key, which came with the request. Throws `unauthorized`, and 429. */
  authenticateKey(apiKey: string, request: IncomingMessage): Promise<Identity>;
  /** Whether the headers hold a key or a session at all, good or not. */
  isPresented(request: IncomingMessage): boolean;
  /** As above for `/ws`: before the upgrade. The cookie counts only with an Origin that is ours; roles that look only. */
  authenticateUpgrade(request: IncomingMessage): Promise<UpgradeIdentity>;
  /** A session for the holder of this key. Throws `unauthorized`, 429, and `forbidden` for the login by another page. */
  login(apiKey: string, request: IncomingMessage): Promise<Login>;
  /** Whose session the cookie names, to end it; undefined when that is over. Throws `forbidden` for another page. */
  readSession(request: IncomingMessage): (Identity & { readonly sessionId: string; readonly expiresAt: Date }) | undefined; // prettier-ignore
  /** Why one who was let in may not stay; null while he may. */
  reasonToLeave(identity: Pick<Identity, 'keyId'> & Partial<Pick<Identity, 'sessionId' | 'expiresAt'>>): string | null;
  /** Takes notice of what was just committed here: keys and ended sessions. */
  refresh(): Promise<void>;
}

export interface AuthenticatorOptions {
  readonly adminApiKey: string;
  /** The time of day. */
  readonly clock: Clock;
  /** Without them there is only the key of the configuration. */
  readonly keys?: Omit<KeyStore, 'onLook' | 'close'>;
  readonly guard?: Guard;
}

type Holder = Pick<Identity, 'role' | 'name' | 'cameraIds' | 'expiresAt'> & { readonly id: string };

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { adminApiKey, clock, keys, guard = createGuard() } = options;
  const adminDigest = toDigest(adminApiKey);
  const ownSecret = createSecret();
  const sessions = createSessionTokens({ adminApiKey, readSecret: keys ? keys.sessionSecret : () => ownSecret });
  const isOver = (expiresAt: Date | null): boolean => expiresAt !== null && expiresAt.getTime() <= clock.nowMs();

  // Digests have one length, so the comparison tells neither the key's length nor how much of it was right.
  async function checkKey(apiKey: string, request: IncomingMessage): Promise<Holder> {
    const stored = keys?.find(apiKey);
    if (stored && isOver(stored.expiresAt)) throw unauthorized('this API key has expired');
    if (stored) {
      keys?.use(stored.id);
      return stored;
    }
    if (timingSafeEqual(toDigest(apiKey), adminDigest)) {
      await guard.pass(peerOf(request));
      return admin;
    }
    // A good one, for all we know: it must not shut its holder out. What no stored key looks like is a guess even now.
    if (keys?.isLoaded() === false && isKeyShaped(apiKey))
      throw new AwayError('the database', 'keys could not be read yet');
    await guard.fail(peerOf(request));
    throw unauthorized('this API key is not valid');
  }

  function holderOf(session: Session | undefined): Holder | undefined {
    if (!session || keys?.isEnded(session.id)) return undefined;
    const holder = session.keyId === admin.id ? admin : keys?.byId(session.keyId);
    return holder && !isOver(holder.expiresAt) ? holder : undefined;
  }

  function checkSession(request: IncomingMessage, assertOwn: (request: IncomingMessage) => void): Identity {
    const token = readToken(request);
    if (token === undefined)
      throw unauthorized('an API key is needed: send X-API-Key or Authorization: Bearer, or log in');
    const session = sessions.read(token, clock.nowMs());
    const holder = holderOf(session);
    if (!session || !holder) throw unauthorized('this session is not valid any more: log in again');
    assertOwn(request);
    if (holder !== admin) keys?.use(holder.id);
    return toSessionIdentity(holder, session);
  }

  return {
    async authenticateRequest(request) {
      const apiKey = readKey(request);
      if (apiKey === undefined) return checkSession(request, assertOwnPage);
      return toIdentity(await checkKey(apiKey, request));
    },
    authenticateKey: async (apiKey, request) => toIdentity(await checkKey(apiKey, request)),
    isPresented: (request) => readKey(request) !== undefined || readToken(request) !== undefined,
    async authenticateUpgrade(request) {
      const protocol = readProtocol(request);
      const apiKey = readKey(request) ?? protocol?.slice(SUBPROTOCOL_PREFIX.length);
      const identity =
        apiKey === undefined ? checkSession(request, assertOwnSocket) : toIdentity(await checkKey(apiKey, request));
      assertRole('viewer', identity);
      return { ...identity, protocol: protocol ?? null };
    },
    async login(apiKey, request) {
      assertNoOtherPage(request);
      const holder = await checkKey(apiKey, request);
      await guard.login(holder.id, peerOf(request));
      const { token, ...session } = sessions.issue(holder, clock.nowMs());
      return { token, expiresAt: session.expiresAt, identity: toSessionIdentity(holder, session) };
    },
    readSession(request) {
      const session = sessions.read(readToken(request) ?? '', clock.nowMs());
      const holder = holderOf(session);
      if (!session || !holder) return undefined;
      assertOwnPage(request);
      return toSessionIdentity(holder, session);
    },
    reasonToLeave({ keyId, sessionId = null, expiresAt = null }) {
      if (isOver(expiresAt)) return sessionId === null ? 'the key has expired' : 'the session has expired';
      if (sessionId !== null && keys?.isEnded(sessionId)) return 'the session was ended';
      return keyId === admin.id || keys?.byId(keyId) ? null : 'the key was revoked';
    },
    refresh: async () => keys?.refresh(),
  };
}

const toIdentity = ({ id, role, name, cameraIds, expiresAt }: Holder): Identity => ({
  ...{ by: 'key', keyId: id, role, name, cameraIds, sessionId: null, expiresAt },
});

const toSessionIdentity = ({ role, name, cameraIds }: Holder, { id, keyId, expiresAt }: Session) =>
  ({ by: 'session', keyId, role, name, cameraIds, sessionId: id, expiresAt }) as const;

const unauthorized = (message: string): NightjarError => new NightjarError('unauthorized', message);
const toDigest = (value: string): Buffer => createHash('sha256').update(value).digest();

/** The key that a request presents in a header, good or not; an Authorization of another scheme is a wrong key. */
function readKey({ headers }: IncomingMessage): string | undefined {
  const apiKey = headers['x-api-key'];
  if (typeof apiKey === 'string') return apiKey;
  if (headers.authorization === undefined) return undefined;
  return /^Bearer +(\S+) *$/i.exec(headers.authorization)?.[1] ?? '';
}

const readToken = ({ headers }: IncomingMessage): string | undefined =>
  parseCookies(headers.cookie ?? '', SESSION_COOKIE)[SESSION_COOKIE];

function readProtocol({ headers }: IncomingMessage): string | undefined {
  const offered = headers['sec-websocket-protocol']?.split(',').map((protocol) => protocol.trim());
  return offered?.find((protocol) => protocol.startsWith(SUBPROTOCOL_PREFIX));
}
