/** The WebSocket of the built program, as a browser and a script meet it: who is let in, what they are told, how it ends. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { createCleanups } from './harness/cleanups.ts';
import { createTestDatabase } from './harness/database.ts';
import { eventually } from './harness/eventually.ts';
import { API_KEY, createDataDir, startProcess, type NightjarProcess } from './harness/nightjar.ts';

/** A status comes every five seconds. */
const STATUS_WITHIN_MS = 20_000;

interface Passing {
  readonly type: string;
  readonly seq?: number;
  readonly data: Record<string, unknown>;
}

const cleanups = createCleanups();
let nightjar: NightjarProcess;
let cookie: string;

beforeAll(async () => {
  const dataDir = await createDataDir();
  cleanups.add(dataDir.remove);
  const db = await createTestDatabase();
  cleanups.add(db.close);
  nightjar = await startProcess(dataDir.path, { DATABASE_URL: db.url, ROLES: 'api' });
  cleanups.add(() => nightjar.kill('SIGKILL'));
  const body = JSON.stringify({ api_key: API_KEY });
  const answer = await fetch(`${nightjar.url}/api/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body }); // prettier-ignore
  cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
});
afterAll(cleanups.run);

const knock = (path: string, protocols: string[], headers: Record<string, string>): WebSocket =>
  new WebSocket(`${nightjar.url.replace('http', 'ws')}${path}`, protocols, { headers });

async function enter(protocols: string[] = [], headers: Record<string, string> = {}) {
  const ws = knock('/ws', protocols, headers);
  const heard: Passing[] = [];
  ws.on('message', (data: Buffer) => heard.push(JSON.parse(data.toString()) as Passing));
  const closed = once(ws, 'close').then(([code]) => code as number);
  await once(ws, 'open');
  const hear = (type: string, withinMs?: number) =>
    eventually(() => heard.find((message) => message.type === type), { what: type, ...(withinMs && { withinMs }) });
  return { ws, heard, hear, closed };
}

const withKey = { 'x-api-key': API_KEY };

async function createCamera(name: string): Promise<object> {
  const headers = { ...withKey, 'content-type': 'application/json' };
  const answer = await fetch(`${nightjar.url}/api/cameras`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ name }),
  });
  expect(answer.status).toBe(201);
  return (await answer.json()) as object;
}

describe('who is let in', () => {
  it.each<[string, string[], () => Record<string, string>]>([
    ['a key in the header', [], () => withKey],
    ['a bearer', [], () => ({ authorization: `Bearer ${API_KEY}` })],
    [
      'a key as the subprotocol, from any page',
      [`api-key.${API_KEY}`],
      () => ({ origin: 'https://elsewhere.example' }),
    ],
    ['a session, from our own page', [], () => ({ cookie, origin: nightjar.url })],
  ])('%s', async (_what, protocols, toHeaders) => {
    const { ws, hear } = await enter(protocols, toHeaders());
    expect(ws.protocol).toBe(protocols[0] ?? '');
    ws.send('{"type":"ping"}');
    expect(await hear('pong')).toEqual({ type: 'pong', data: {} });
    ws.close();
  });

  it.each<[string, string, string[], () => Record<string, string>, number]>([
    ['nothing', '/ws', [], () => ({}), 401],
    ['a wrong key', '/ws', [], () => ({ 'x-api-key': 'wrong' }), 401],
    ['a wrong key as the subprotocol', '/ws', ['api-key.wrong'], () => ({}), 401],
    ['a key in the URL', `/ws?api_key=${API_KEY}`, [], () => ({}), 401],
    ['a session, from a page elsewhere', '/ws', [], () => ({ cookie, origin: 'https://elsewhere.example' }), 403],
    ['a session, from a neighbouring port', '/ws', [], () => ({ cookie, origin: 'http://127.0.0.1:1' }), 403],
    ['a session, from no page', '/ws', [], () => ({ cookie }), 403],
  ])('not with %s', async (_what, path, protocols, toHeaders, status) => {
    const ws = knock(path, protocols, toHeaders());
    ws.on('error', () => undefined); // the refusal, told by 'unexpected-response' below
    const [, response] = (await once(ws, 'unexpected-response')) as [unknown, IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(status);
  });
});

it('tells everything, live, to whoever does not subscribe, in the shape of the REST API', async () => {
  const { ws, hear } = await enter([], withKey);
  const camera = await createCamera('Quiet Yard');
  expect(await hear('camera.created')).toEqual({
    seq: expect.any(Number) as number,
    type: 'camera.created',
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
    data: camera,
  });
  ws.close();
});

it('replays what came before, and tells of the system', async () => {
  await createCamera('Late Yard');
  const { ws, heard, hear } = await enter([], withKey);
  ws.send('{"type":"subscribe","topics":["camera.*"],"after":0}');
  await hear('camera.created');
  expect(heard[0]).toEqual({ type: 'subscribed', data: { latest_seq: expect.any(Number) as number } });
  const { seq, data } = await hear('system.status', STATUS_WITHIN_MS);
  expect(seq).toBeUndefined();
  expect(data).toMatchObject({
    queue: { pending: 0, leased: 0, dead: 0, oldest_pending_s: null },
    cameras: { total: expect.any(Number) as number, online: 0 },
    rates: { window_s: 60, frames_per_s: 0, detections_per_s: 0 },
    detectors: [],
  });
  ws.close();
});

it('says goodbye with 1001', async () => {
  const { closed } = await enter([], withKey);
  expect(await nightjar.kill('SIGTERM')).toBe(0);
  expect(await closed).toBe(1001);
});
