import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export const SESSION_DAYS = 30;
const SESSION_MS = SESSION_DAYS * 86_400_000;
const ID_BYTES = 16;
const TOKEN_CHARS_MAX = 200;
const TOKEN = /^(v2\.([\w-]{1,36})\.([\w-]{22})\.(\d{1,15}))\.([\w-]{43})$/;

/** A session, as its token tells of it. */
export interface Session {
  readonly id: string;
  /** Whose it is: it is good only for as long as this key is. */
  readonly keyId: string;
  readonly expiresAt: Date;
}

export interface SessionTokens {
  /** For the holder of a key; ends no later than the key. */
  issue(key: { id: string; expiresAt: Date | null }, nowMs: number): { readonly token: string } & Session;
  /** The session, if the token is ours and its time is not over. */
  read(token: string, nowMs: number): Session | undefined;
}

/**
 * Sessions without a store: the token names the key, the session and its end, under a signature by a key derived from the
 * admin key. So sessions outlive a restart, and a new admin key ends them all. A token names no secret and cannot be turned
 * back into the key. What is stored are the few sessions that were ended before their time.
 */
export function createSessionTokens(adminApiKey: string): SessionTokens {
  const signingKey = createHmac('sha256', adminApiKey).update('nightjar session v2').digest();
  const sign = (payload: string): string => createHmac('sha256', signingKey).update(payload).digest('base64url');

  return {
    issue({ id: keyId, expiresAt: keyExpiresAt }, nowMs) {
      const id = randomBytes(ID_BYTES).toString('base64url');
      const expiresAt = new Date(Math.min(nowMs + SESSION_MS, keyExpiresAt?.getTime() ?? Infinity));
      const payload = `v2.${keyId}.${id}.${expiresAt.getTime()}`;
      return { token: `${payload}.${sign(payload)}`, id, keyId, expiresAt };
    },
    read(token, nowMs) {
      const [, payload, keyId, id, expiresMs, signature] = TOKEN.exec(token.slice(0, TOKEN_CHARS_MAX)) ?? [];
      if (!payload || !keyId || !id || !signature) return undefined;
      if (!timingSafeEqual(Buffer.from(sign(payload)), Buffer.from(signature))) return undefined;
      return Number(expiresMs) > nowMs ? { id, keyId, expiresAt: new Date(Number(expiresMs)) } : undefined;
    },
  };
}
