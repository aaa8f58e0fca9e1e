/** The built program brings its state to a broker and tests to receivers, and is known to be gone when it is killed. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterEach, expect, it } from 'vitest';
import { createCleanups } from './harness/cleanups.ts';
import { createTestDatabase } from './harness/database.ts';
import { startMosquitto, subscribeToAll } from './harness/mosquitto.ts';
import { API_KEY, createDataDir, startProcess } from './harness/nightjar.ts';

const cleanups = createCleanups();
afterEach(cleanups.run);

async function start(env: Readonly<Record<string, string>>) {
  const db = await createTestDatabase();
  cleanups.add(() => db.close());
  const dataDir = await createDataDir();
  cleanups.add(dataDir.remove);
  const nightjar = await startProcess(dataDir.path, { DATABASE_URL: db.url, ROLES: 'api,analyze', ...env });
  cleanups.add(() => nightjar.kill('SIGKILL'));
  const post = async (route: string, body: object): Promise<Record<string, unknown>> => {
    const headers = { 'x-api-key': API_KEY, 'content-type': 'application/json' };
    const response = await fetch(`${nightjar.url}${route}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return (await response.json()) as Record<string, unknown>;
  };
  return { ...nightjar, post };
}

it('is in Home Assistant while it lives, and away by its will when it is killed', async () => {
  const broker = await startMosquitto();
  cleanups.add(broker.close);
  const home = await subscribeToAll(broker.url);
  cleanups.add(home.close);
  const nightjar = await start({ NOTIFY_PRIVATE_ALLOWED: '127.0.0.0/8' });
  await nightjar.post('/api/cameras', { name: 'Front door' });
  const { id } = await nightjar.post('/api/channels', { name: 'home', kind: 'mqtt', settings: { url: broker.url } });
  expect((await home.last('nightjar/status')).toString()).toBe('online');
  const config = await home.last('homeassistant/binary_sensor/nightjar/front_door_activity/config');
  expect(JSON.parse(config.toString())).toMatchObject({ device: { name: 'Front door' } });
  expect(await nightjar.post(`/api/channels/${String(id)}/test`, {})).toMatchObject({ delivered: true });
  await home.last('nightjar/test');
  await nightjar.kill('SIGKILL');
  await home.last('nightjar/status', (payload) => payload === 'offline');
});

it('sends a signed test, and to no private address unless it is allowed', async () => {
  const received: { body: string; headers: Record<string, string> }[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    received.push({ body, headers: request.headers as Record<string, string> });
    response.end('thanks');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.add(() => new Promise((resolve) => server.close(resolve)));
  const { port } = server.address() as AddressInfo;
  const nightjar = await start({ NOTIFY_PRIVATE_ALLOWED: 'localhost' });
  const tryUrl = async (url: string) => {
    const { id, secret } = await nightjar.post('/api/channels', { name: url, kind: 'webhook', settings: { url } });
    return { secret: String(secret), result: await nightjar.post(`/api/channels/${String(id)}/test`, {}) };
  };
  const { secret, result } = await tryUrl(`http://localhost:${port}/hook`);
  expect(result).toMatchObject({ delivered: true, response: 'HTTP 200: thanks' });
  const [one] = received;
  expect(new Webhook(secret).verify(one?.body ?? '', one?.headers ?? {})).toMatchObject({ type: 'channel.test' });
  const refused = await tryUrl(`http://127.0.0.1:${port}/hook`);
  expect(refused.result).toMatchObject({ delivered: false, error: { kind: 'forbidden' } });
  expect(received).toHaveLength(1);
  expect(nightjar.log()).not.toContain(secret);
});
