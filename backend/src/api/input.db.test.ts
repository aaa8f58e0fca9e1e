/** What clients send: parameters and bodies that are wrong, too large, packed or of another kind. */
import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { newId } from '../lib/id.ts';
import { problemOf } from './tests/problem-of.ts';
import { startTestApi, TEST_KEY, type TestApi } from './tests/test-api.ts';

let db: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  db = await createTestDatabase();
  api = await startTestApi(db);
});
afterAll(async () => {
  await api.close();
  await db.close();
});

describe('wrong input', () => {
  test.each([
    ['/api/frames?limit=0', 'query.limit'],
    ['/api/frames?limit=201', 'query.limit'],
    ['/api/frames?limit=1e2', 'query.limit'],
    ['/api/frames?limit=', 'query.limit'],
    ['/api/frames?limit=1&limit=2', 'query.limit'],
    ['/api/frames?cursor=hello', 'query.cursor'],
    ['/api/frames?cursor=', 'query.cursor'],
    ['/api/frames?state=gone', 'query.state'],
    ['/api/frames?camera_id=Front%20Door', 'query.camera_id'],
    ['/api/frames?camera_id=a%00', 'query.camera_id'],
    ['/api/frames?since=yesterday', 'query.since'],
    ['/api/frames?since=0000-01-01T00:00:00Z', 'query.since'],
    ['/api/frames?until=9999-12-31T23:59:59-10:00', 'query.until'],
    ['/api/frames?colour=red', 'query.colour'],
    ['/api/frames?count=yes', 'query.count'],
    ['/api/frames?__proto__=1', 'query.__proto__'],
    ['/api/detections?score_min=2', 'query.score_min'],
    ['/api/detections?score_min=', 'query.score_min'],
    ['/api/detections?score_min=NaN', 'query.score_min'],
    ['/api/detections?label=a%00b', 'query.label'],
    ['/api/detections?event_id=1', 'query.event_id'],
    ['/api/events?reviewed=1', 'query.reviewed'],
    ['/api/events?risk_level=extreme', 'query.risk_level'],
    [`/api/frames/${newId()}/image?width=1`, 'query.width'],
    [`/api/frames/${newId()}/image?annotated=1`, 'query.annotated'],
  ])('%s is 400 and says where', async (path, at) => {
    const problem = await problemOf(await api.send(path));
    expect(problem).toMatchObject({ status: 400, kind: 'invalid', title: 'Bad Request' });
    expect(problem.errors?.map((fault) => fault.path)).toEqual([at]);
  });

  test('every fault is told at once', async () => {
    const problem = await problemOf(await api.send('/api/frames?limit=0&state=gone&colour=red'));
    expect(problem.errors?.map((fault) => fault.path).sort()).toEqual(['query.colour', 'query.limit', 'query.state']);
  });
});

describe('bodies', () => {
  const post = (body: string, type = 'application/json') =>
    api.send('/api/cameras', { method: 'POST', body, headers: { 'Content-Type': type } });

  test.each([
    ['not JSON', '{"name":', 'the body is not valid JSON'],
    ['nothing', '', 'the body is not valid JSON'],
    ['a list', '[]', 'body:'],
    ['null', 'null', 'body:'],
    ['an unknown field', '{"name":"a","colour":"red"}', 'body.colour'],
    ['a NUL', '{"name":"a\\u0000b"}', 'body.name'],
    ['half a surrogate pair', '{"name":"\\ud800"}', 'body.name'],
    ['an escape from the inbox', '{"name":"a","folder":"../etc"}', 'body.folder'],
    ['a hidden folder', '{"name":"a","folder":".nightjar"}', 'body.folder'],
  ])('%s is 400', async (_what, body, says) => {
    const problem = await problemOf(await post(body));
    expect(problem).toMatchObject({ status: 400, kind: 'invalid' });
    expect(problem.detail).toContain(says);
  });

  test.each(['gzip', 'br', 'identity, gzip'])('a body that is packed (%s) is 415, never taken for what it is not', async (encoding) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Encoding': encoding };
    const sent = await api.send('/api/cameras', { method: 'POST', headers, body: '{"id":"packed","name":"x"}' });
    expect(await problemOf(sent)).toMatchObject({ status: 415, detail: /Content-Encoding/ });
  }); // prettier-ignore

  test('another type than JSON is 415', async () => {
    const problem = await problemOf(await post('name=a', 'application/x-www-form-urlencoded'));
    expect(problem).toMatchObject({ status: 415, kind: 'invalid' });
    expect(problem.detail).toContain('application/json');
  });

  const large = JSON.stringify({ name: 'a'.repeat(1024 ** 2) });
  test('more than 1 MiB is 413, with its length told', async () => {
    expect(await problemOf(await post(large))).toMatchObject({ status: 413, kind: 'invalid' });
  });

  test('more than 1 MiB is 413, in pieces of unknown number', async () => {
    const headers = { 'X-API-Key': TEST_KEY, 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' };
    const sent = httpRequest(`${api.url}/api/cameras`, { method: 'POST', headers });
    sent.on('error', () => undefined); // what is still being sent when the answer comes is cut off
    for (let at = 0; at < large.length; at += 65_536) sent.write(large.slice(at, at + 65_536));
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(413);
    response.resume();
  });

  test.each([200, 401, 404, 405, 413, 415])('the connection is good for the next request after a large body and %d', async (status) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const send = (method: string, path: string, headers: Record<string, string | number>, body = '') =>
      new Promise<{ status: number | undefined; port: number | undefined }>((resolve, reject) => {
        const sent = httpRequest(`${api.url}${path}`, { agent, method, headers }, (response) => {
          const answer = { status: response.statusCode, port: response.socket.localPort };
          response.resume().on('end', () => resolve(answer));
        });
        sent.on('error', reject).end(body);
      });
    const key = status === 401 ? 'wrong' : TEST_KEY;
    const body = JSON.stringify({ name: status === 200 ? '' : 'a'.repeat(status === 413 ? 3 * 1024 ** 2 : 1_000_000) });
    const path = { 404: '/api/nowhere', 405: '/api/system' }[status] ?? '/api/cameras';
    const type = status === 415 ? 'text/plain' : 'application/json';
    const first = await send('POST', path, { 'X-API-Key': key, 'Content-Type': type }, body);
    if (status !== 200) expect(first.status).toBe(status);
    const second = await send('GET', '/health', {});
    expect(second).toEqual({ status: 200, port: first.port });
    agent.destroy();
  }); // prettier-ignore

  test('just below the limit is read', async () => {
    const problem = await problemOf(await post(large.slice(0, 1024 ** 2)));
    expect(problem.detail).toContain('not valid JSON');
  });
});
