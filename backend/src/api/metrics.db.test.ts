/** What `/metrics` makes of the ledger, and what the API tells of its own answers. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { startTestApi, TEST_KEY, type TestApi } from './tests/test-api.ts';
import { createAuthenticator } from './auth.ts';
import type { AnsweredRequest } from './options.ts';

let db: TestDatabase;
let api: TestApi;
let answered: AnsweredRequest[];

beforeEach(async () => {
  db = await createTestDatabase();
  answered = [];
  api = await startTestApi(db, {
    onRequest: (one) => answered.push(one),
    figures: async () =>
      '# HELP nightjar_counted_total so\n# TYPE nightjar_counted_total counter\nnightjar_counted_total 7\n',
  });
});
afterEach(async () => {
  await api.close();
  await db.close();
});

const readLines = async (): Promise<readonly string[]> =>
  (await (await fetch(`${api.url}/metrics`)).text()).split('\n').filter((line) => !line.startsWith('#'));

test('tells when each enabled camera was last heard of, and of deliveries', async () => {
  await db.query((sql) => sql`
    insert into cameras (id, name, folder, enabled, last_seen_at) values
      ('gate', 'Gate', 'gate', true, to_timestamp(1700000000.5)),
      ('off', 'Off', 'off', false, now()),
      ('new', 'New', 'new', true, null)`); // prettier-ignore
  await db.query((sql) => sql`insert into channels (id, name, kind, settings) values (gen_random_uuid(), 'us', 'ntfy', '{}')`); // prettier-ignore
  await db.query((sql) => sql`
    insert into deliveries (id, channel_id, payload, state, created_at, error_kind, error_message, lease_owner, lease_expires_at)
    select gen_random_uuid(), channels.id, '{}', state, now() - age, 'unavailable', 'x',
      case state when 'leased' then 1 end, case state when 'leased' then now() end
    from channels, (values ('pending', interval '0'), ('leased', '0'), ('dead', '1 hour'), ('dead', '2 days')) as given (state, age)`); // prettier-ignore
  const lines = await readLines();
  expect(lines.filter((line) => line.startsWith('nightjar_camera_last_seen'))).toEqual([
    'nightjar_camera_last_seen_timestamp_seconds{camera="gate"} 1700000000.5',
  ]);
  expect(lines).toEqual(expect.arrayContaining(['nightjar_deliveries_waiting 2', 'nightjar_deliveries_dead 1']));
  expect(lines).toContain('nightjar_counted_total 7');
});

test('tells of each answer by the pattern of its route, whatever became of it', async () => {
  const id = '018f0000-0000-7000-8000-000000000001';
  await api.send(`/api/frames/${id}`);
  await api.send('/api/cameras/gate/snapshot');
  await api.send('/api/frames', { method: 'DELETE' });
  await api.send(`/api/${id}`);
  await api.send('/api/cameras?limit=0');
  await fetch(`${api.url}/api/events`);
  await fetch(`${api.url}/health`, { method: 'HEAD' });
  expect(answered.map(({ method, route, status }) => `${method} ${route} ${status}`)).toEqual([
    'GET /api/frames/{id} 404',
    'GET /api/cameras/{id}/snapshot 404',
    'DELETE none 405',
    'GET none 404',
    'GET /api/cameras 400',
    'GET /api/events 401',
    'HEAD /health 200',
  ]);
  expect(answered.every(({ durationMs }) => durationMs > 0 && durationMs < 60_000)).toBe(true);
});

test('tells of parts that are away, and of what retention does', async () => {
  const since = new Date(0);
  const away = { ok: false, since, reason: 'it is silent' };
  const detector = { name: 'onnx', model: 'm', provider: 'cpu', state: 'unavailable', reason: 'x', backends: [] } as const; // prettier-ignore
  const broken = await startTestApi(db, {
    system: () => ({
      ...{ versions: {}, roles: [], startedAt: since, outages: [{ part: 'media store', count: 2, seconds: 3.5 }] },
      ...{ database: { ...away, version: null }, redis: away, media: { ...away, freeBytes: 42 } },
      ...{ ingest: { waiting: 0, outage: true }, detectors: [detector], clips: { state: 'ready', reason: null } },
      ...{ retention: { trouble: 'no room', frames: 1, events: 2, clips: 3, bytes: 4 } },
      analyst: { analyzer: 'llm', state: 'unavailable', reason: 'x', queue: 9 },
    }),
  });
  const text = await (await fetch(`${broken.url}/metrics`)).text();
  await broken.close();
  const told = ['database_up 0', 'redis_up 0', 'media_up 0', 'media_free_bytes 42', 'ingest_outage 1', 'detector_up{detector="onnx"} 0', 'clip_cutter_up 1', 'analyst_up{analyzer="llm"} 0', 'outages_total{part="media store"} 2', 'outage_seconds{part="media store"} 3.5', 'retention_trouble 1', 'retention_deleted_frames_total 1', 'retention_deleted_events_total 2', 'retention_deleted_clips_total 3', 'retention_deleted_bytes_total 4']; // prettier-ignore
  expect(text.split('\n')).toEqual(expect.arrayContaining(told.map((line) => `nightjar_${line}`)));
});

test('tells a key that is limited to some cameras nothing of all', async () => {
  const authenticator = createAuthenticator({ adminApiKey: TEST_KEY, clock });
  const limited = await startTestApi(db, {
    authenticator: {
      ...authenticator,
      authenticateRequest: async (request) => ({ ...(await authenticator.authenticateRequest(request)), role: 'viewer', cameraIds: ['gate'] }),
    },
  }); // prettier-ignore
  // As from elsewhere: this very machine needs no key.
  const elsewhere = { 'X-Forwarded-For': '192.0.2.1' };
  expect((await limited.send('/metrics', { headers: elsewhere })).status).toBe(403);
  expect((await api.send('/metrics', { headers: elsewhere })).status).toBe(200);
  await limited.close();
});
