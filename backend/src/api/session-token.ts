import { createHmac, timingSafeEqual } from 'node:crypto';

export const SESSION_DAYS = 30;
const SESSION_MS = SESSION_DAYS * 86_400_000;
const TOKEN_CHARS_MAX = 100;

export interface SessionTokens {
  issue(nowMs: number): { readonly token: string; readonly expiresAt: Date };
  /** Whether the token is ours and still good. */
  verify(token: string, nowMs: number): boolean;
}

/**
 * Sessions without a store: the token is its own expiry and a signature over it, by a key derived from the admin key.
 * So sessions outlive a restart, and a new admin key ends them all. A token names no secret and cannot be turned back
 * into the key.
 */
export function createSessionTokens(adminApiKey: string): SessionTokens {
  const signingKey = createHmac('sha256', adminApiKey).update('nightjar session v1').digest();
  const sign = (payload: string): string => createHmac('sha256', signingKey).update(payload).digest('base64url');

  return {
    issue(nowMs) {
      const expiresAt = new Date(nowMs + SESSION_MS);
      const payload = `v1.${expiresAt.getTime()}`;
      return { token: `${payload}.${sign(payload)}`, expiresAt };
    },
    verify(token, nowMs) {
      const [, payload, expiresMs, signature] = /^(v1\.(\d{1,15}))\.([\w-]{43})$/.exec(token.slice(0, TOKEN_CHARS_MAX)) ?? []; // prettier-ignore
      if (!payload || !signature) return false;
      return timingSafeEqual(Buffer.from(sign(payload)), Buffer.from(signature)) && Number(expiresMs) > nowMs;
    },
  };
}
