import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { deleteCookie, setCookie } from 'hono/cookie';
import { AwayError } from '../lib/errors.ts';
import { cameraIdSchema, toTime } from '../model/wire.ts';
import { keyRoles, route } from './access.ts';
import { recordChange } from './audit-log.ts';
import { SESSION_COOKIE, type Identity } from './auth.ts';
import { clientOf } from './client.ts';
import { insertEndedSession } from './identity/key-rows.ts';
import type { ApiOptions } from './options.ts';
import { bodyOf, forbidden, invalid, json, problem, text, unauthorized, type ApiApp, type ApiEnv } from './route-parts.ts'; // prettier-ignore

const KEY_CHARS_MAX = 512;
const tags = ['session'];

const loginSchema = z.strictObject({ api_key: text(1, KEY_CHARS_MAX) }).openapi('Login');
export const sessionSchema = z
  .object({
    role: z.enum(keyRoles),
    name: z.string().openapi({ description: 'of the key' }),
    camera_ids: z
      .array(cameraIdSchema)
      .nullable()
      .openapi({ description: 'the only cameras it may see; null for all' }),
    expires_at: z.iso.datetime({ precision: 3 }).nullable().openapi({ description: 'null for a key that never does' }),
  })
  .openapi('Session');

const login = route('open', {
  method: 'post',
  path: '/api/session',
  tags,
  description:
    'For pages. The cookie counts for changes only where `Origin` or `Sec-Fetch-Site` names this very origin.',
  request: { body: bodyOf(loginSchema) },
  responses: {
    200: json(sessionSchema, 'logged in: the session cookie is set'),
    ...invalid,
    ...unauthorized,
    ...forbidden,
    429: problem('too many wrong keys from this address, or too many logins; `Retry-After` says when to come again'),
  },
});
const get = route('any', {
  method: 'get',
  path: '/api/session',
  tags,
  description: 'Who asks, be it by a session or by a key.',
  responses: { 200: json(sessionSchema, 'who it is, and what may be seen') },
});
const logout = route('open', {
  method: 'delete',
  path: '/api/session',
  tags,
  description: 'Ends the session of the cookie for good, and its sockets with it.',
  responses: { 204: { description: 'the session is over, and its cookie removed' }, ...forbidden },
});

type SessionOptions = Pick<ApiOptions, 'authenticator' | 'transact' | 'log'>;

/** The dashboard's login; see session-token.ts for what a session is. */
export function addSession(app: ApiApp, { authenticator, transact, log }: SessionOptions): void {
  /** Who has a key comes in while the database is away, too; the log has it then. */
  async function recordLogin(c: Context<ApiEnv>, sessionId: string | null): Promise<void> {
    const action = 'session.created';
    try {
      await transact((tx) => recordChange(tx, c, { action, targetId: sessionId, before: null, after: toWire(c) }));
    } catch (thrown) {
      if (!(thrown instanceof AwayError)) throw thrown;
      log.warn({ key_id: c.get('identity').keyId }, 'a login could not be audited: the database is away');
    }
  }

  app.openapi(login, async (c) => {
    const { token, expiresAt, identity } = await authenticator.login(c.req.valid('json').api_key, c.env.incoming);
    c.set('identity', identity);
    await recordLogin(c, identity.sessionId);
    setCookie(c, SESSION_COOKIE, token, { ...cookieOptions(c), expires: expiresAt });
    return c.json(toWire(c), 200);
  });

  app.openapi(get, (c) => c.json(toWire(c), 200));

  app.openapi(logout, async (c) => {
    const session = authenticator.readSession(c.env.incoming);
    if (session) {
      c.set('identity', session);
      const ended = { action: 'session.ended', targetId: session.sessionId, before: toWire(c), after: null };
      await transact(async (tx) => {
        await insertEndedSession(tx, { id: session.sessionId, expiresAt: session.expiresAt });
        await recordChange(tx, c, ended);
      });
      await authenticator.refresh();
    }
    deleteCookie(c, SESSION_COOKIE, cookieOptions(c));
    return c.body(null, 204);
  });
}

function toWire(c: Context<ApiEnv>): z.infer<typeof sessionSchema> {
  const { role, name, cameraIds, expiresAt }: Identity = c.get('identity');
  return { role, name, camera_ids: cameraIds && [...cameraIds], expires_at: expiresAt && toTime(expiresAt) };
}

const cookieOptions = (c: Context<ApiEnv>) =>
  ({ path: '/', httpOnly: true, sameSite: 'Strict', secure: clientOf(c.env.incoming).protocol === 'https' }) as const;
