import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { deleteCookie, setCookie } from 'hono/cookie';
import { toTime } from '../model/wire.ts';
import { SESSION_COOKIE, type Authenticator } from './auth.ts';
import { clientOf } from './client.ts';
import { bodyOf, invalid, json, text, unauthorized, type ApiApp, type ApiEnv } from './route-parts.ts';
import { route } from './access.ts';

const KEY_CHARS_MAX = 512;
const tags = ['session'];

const loginSchema = z.strictObject({ api_key: text(1, KEY_CHARS_MAX) }).openapi('Login');
export const sessionSchema = z.object({ expires_at: z.iso.datetime({ precision: 3 }) }).openapi('Session');

const login = route('open', {
  method: 'post',
  path: '/api/session',
  tags,
  request: { body: bodyOf(loginSchema) },
  responses: { 200: json(sessionSchema, 'logged in: the session cookie is set'), ...invalid, ...unauthorized },
});
const logout = route('open', {
  method: 'delete',
  path: '/api/session',
  tags,
  responses: { 204: { description: 'the session cookie is removed' } },
});

/** The dashboard's login. The cookie is all there is of a session, so logging out is forgetting it. */
export function addSession(app: ApiApp, { authenticator }: { authenticator: Authenticator }): void {
  app.openapi(login, async (c) => {
    const { token, expiresAt } = await authenticator.login(c.req.valid('json').api_key);
    setCookie(c, SESSION_COOKIE, token, { ...cookieOptions(c), expires: expiresAt });
    return c.json({ expires_at: toTime(expiresAt) }, 200);
  });

  app.openapi(logout, (c) => {
    deleteCookie(c, SESSION_COOKIE, cookieOptions(c));
    return c.body(null, 204);
  });
}

const cookieOptions = (c: Context<ApiEnv>) =>
  ({ path: '/', httpOnly: true, sameSite: 'Strict', secure: clientOf(c.env.incoming).protocol === 'https' }) as const;
