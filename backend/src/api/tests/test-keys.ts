/** The API as in test-api.ts, with keys from the database. */
import type { Database } from '../../db/index.ts';
import { systemClock } from '../../lib/clock.ts';
import { silentLog } from '../../lib/log.ts';
import { createAuthenticator, createGuard, createKeyStore, type Guard, type KeyStore } from '../index.ts';
import { startTestApi, TEST_KEY, type TestApi, type TestOptions } from './test-api.ts';

export interface KeyedApi extends TestApi {
  readonly keys: KeyStore;
  /** Makes a key, with the admin's. */
  createKey(wanted: object): Promise<{ readonly id: string; readonly key: string }>;
  /** Logs in; resolves to the cookie. */
  login(key: string): Promise<string>;
  /** As its own page would. */
  withCookie(cookie: string, path: string, method?: string): Promise<Response>;
}

export async function startKeyedApi(
  db: Database,
  overrides: TestOptions = {},
  guard: Guard = createGuard(),
): Promise<KeyedApi> {
  // prettier-ignore
  const clock = overrides.clock ?? systemClock;
  const keys = await createKeyStore({ db, clock, log: silentLog });
  const authenticator = createAuthenticator({ adminApiKey: TEST_KEY, clock, keys, guard });
  const api = await startTestApi(db, { authenticator, ...overrides });
  return {
    ...api,
    keys,
    async createKey(wanted) {
      const response = await api.sendJson('POST', '/api/keys', { name: 'a key', ...wanted });
      if (response.status !== 201) throw new Error(`no key: ${response.status} ${await response.text()}`);
      return (await response.json()) as { id: string; key: string };
    },
    async login(key) {
      const headers = { 'Content-Type': 'application/json' };
      const response = await fetch(`${api.url}/api/session`, { method: 'POST', headers, body: JSON.stringify({ api_key: key }) }); // prettier-ignore
      if (response.status !== 200) throw new Error(`no session: ${response.status} ${await response.text()}`);
      return response.headers.get('set-cookie')?.split(';')[0] ?? '';
    },
    withCookie: (cookie, path, method = 'GET') =>
      fetch(`${api.url}${path}`, { method, headers: { cookie, origin: api.url } }),
    async close() {
      await api.close();
      await keys.close();
    },
  };
}
