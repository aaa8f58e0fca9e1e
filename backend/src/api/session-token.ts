import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { AwayError } from '../lib/errors.ts';

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

export interface SessionTokenOptions {
  readonly adminApiKey: string;
  /** Random, 256 bits, the same for all processes of the house; undefined for as long as it is not known. */
  readonly readSecret: () => string | undefined;
}

/**
 * Sessions without a store: the token names the key, the session and its end, under a signature by a key made of the house's
 * secret and of the admin key. So sessions outlive a restart, and a new admin key ends them all. A person chose the admin
 * key: by that alone, whoever has any token could try out guesses at home. With 256 random bits in it a signature tells
 * nothing of it. What is stored are the few sessions that were ended before their time.
 *
 * Both throw an `AwayError` while the secret is not known.
 */
export function createSessionTokens({ adminApiKey, readSecret }: SessionTokenOptions): SessionTokens {
  function sign(payload: string): string {
    const secret = readSecret();
    if (secret === undefined) throw new AwayError('the database', 'sessions could not be read yet');
    const signingKey = createHmac('sha256', secret).update('nightjar session v2').update(adminApiKey).digest();
    return createHmac('sha256', signingKey).update(payload).digest('base64url');
  }

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
