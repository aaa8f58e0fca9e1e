/** What the real log says at its most talkative while secrets pass by: none of them. */
import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { eventually } from '../../tests/harness/eventually.ts';
import { freePort } from '../../tests/harness/redis.ts';
import { createRedisBus } from '../broadcast/index.ts';
import { openDatabase } from '../db/index.ts';
import { systemClock } from '../lib/clock.ts';
import { NightjarError } from '../lib/errors.ts';
import { newId } from '../lib/id.ts';
import { createLog } from '../lib/log.ts';
import { createAuthenticator } from './auth.ts';
import { toLoggedPath } from './logged-path.ts';
import { startTestApi } from './tests/test-api.ts';

const secret = (): string => randomBytes(32).toString('base64url');
const secrets = { admin: secret(), guess: secret(), postgres: secret(), redis: secret() };

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.close());

function openLog(format: 'json' | 'pretty') {
  const chunks: string[] = [];
  const stream = new Writable({ write: (chunk: Buffer, _encoding, done) => (chunks.push(chunk.toString()), done()) });
  return { log: createLog({ level: 'trace', format }, stream), text: () => chunks.join('') };
}

describe.each(['json', 'pretty'] as const)('the log (%s)', (format) => {
  test('does not know the keys of requests, wherever they were put', async () => {
    const { log, text } = openLog(format);
    const authenticator = createAuthenticator({ adminApiKey: secrets.admin, clock: systemClock });
    const system = () => Promise.reject(new NightjarError('internal', 'something broke'));
    const api = await startTestApi(db, { log, authenticator, system });
    const login = await fetch(`${api.url}/api/session`, {
      method: 'POST',
      body: JSON.stringify({ api_key: secrets.admin }),
      headers: { 'Content-Type': 'application/json' },
    });
    const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
    expect(cookie).toContain('=');
    for (const key of [secrets.admin, secrets.guess]) {
      const requests: readonly [string, RequestInit][] = [
        ['/api/cameras', { headers: { 'X-API-Key': key } }],
        ['/api/system', { headers: { Authorization: `Bearer ${key}`, Cookie: cookie } }],
        ['/api/system', { headers: { Cookie: `nightjar_session=${key}` } }],
        [`/api/cameras?api_key=${key}`, { headers: { Cookie: cookie } }],
        [`/api/frames/${key}`, { headers: { Cookie: cookie } }],
        [`/${key}`, {}],
        ['/api/session', { method: 'POST', body: `{"api_key":"${key}"`, headers: { 'Content-Type': 'application/json' } }],
        ['/api/cameras', { method: 'POST', body: `{"name":"${key}","nmae":"${key}"}`, headers: { Cookie: cookie, 'Content-Type': 'application/json' } }],
        ['/v1/vision/detection', { method: 'POST', body: toForm(key) }],
      ]; // prettier-ignore
      for (const [path, init] of requests) await (await fetch(`${api.url}${path}`, init)).body?.cancel();
    }
    await api.close();
    expect(text()).toContain('something broke');
    expect(text()).toContain('/api/frames/*');
    for (const value of [...Object.values(secrets), cookie.split('=')[1] ?? '?']) expect(text()).not.toContain(value);
  });

  test('does not know the passwords of PostgreSQL and Redis, when both are away', async () => {
    const { log, text } = openLog(format);
    const port = await freePort();
    const away = openDatabase({ url: `postgres://nightjar:${secrets.postgres}@127.0.0.1:${port}/nightjar` });
    const bus = createRedisBus({ url: `redis://:${secrets.redis}@127.0.0.1:${port}`, log });
    const api = await startTestApi(away, { log, authenticator: createAuthenticator({ adminApiKey: secrets.admin, clock: systemClock }) }); // prettier-ignore
    const answer = await fetch(`${api.url}/api/cameras`, { headers: { 'X-API-Key': secrets.admin } });
    const told = `${answer.status} ${await answer.text()}`;
    expect(told).toMatch(/^503/);
    await eventually(() => text().includes('Redis away'), { what: 'the word on Redis' });
    await Promise.all([api.close(), bus.close(), away.close()]);
    for (const value of Object.values(secrets)) expect(`${text()} ${told}`).not.toContain(value);
  });
});

test('a path is kept as far as it is names and ids', () => {
  const id = newId();
  const paths = [`/api/frames/${id}/image`, '/api/cameras/front_door', '/', `/api/keys/${secrets.guess}`, '/%00', `/${'a/'.repeat(20)}`]; // prettier-ignore
  expect(paths.map(toLoggedPath)).toEqual([`/api/frames/${id}/image`, '/api/cameras/front_door', '/', '/api/keys/*', '/*', '/a/a/a/a/a/a/a']); // prettier-ignore
});

function toForm(key: string): FormData {
  const form = new FormData();
  form.set('api_key', key);
  form.set('image', new Blob(['x']), 'a.jpg');
  return form;
}
