/**
 * The figures of a real Nightjar: scraped, put to work, scraped again. Each family that is declared must be seen to move, or
 * be listed here with where else it is.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import WebSocket from 'ws';
import { askedFigures } from '../src/api/metrics.ts';
import { families } from '../src/metrics/families.ts';
import { createCleanups } from './harness/cleanups.ts';
import { createTestDatabase, type TestDatabase } from './harness/database.ts';
import { eventually } from './harness/eventually.ts';
import { makeFilm } from './harness/films.ts';
import { API_KEY, createDataDir, drop, listen, startProcess, type NightjarProcess } from './harness/nightjar.ts';
import { readStreet, withComment } from './harness/pictures.ts';
import { startRedis, type TestRedis } from './harness/redis.ts';
import { runPromtool, scrape, valueOf, type Scrape } from './harness/scrape.ts';
import { says, startLlmStandin, toAnswerText } from './standins/llm-server.ts';
import { startTraceCollector } from './standins/trace-collector.ts';

const WITHIN = { withinMs: 40_000 };

/** Those that this story does not move, and why. */
const elsewhere: Readonly<Record<string, string>> = {
  nightjar_build_info: 'says what runs',
  nightjar_media_free_min_bytes: 'says how it is configured',
  nightjar_media_free_bytes: 'measured every ten seconds: api/metrics.db.test.ts',
  nightjar_database_up: 'api/metrics.db.test.ts; outages.test.ts takes the database away',
  nightjar_media_up: 'api/metrics.db.test.ts',
  nightjar_ingest_outage: 'api/metrics.db.test.ts; outages.test.ts takes the database away',
  nightjar_detector_up: 'api/metrics.db.test.ts; a local detector does not go away',
  nightjar_clip_cutter_up: 'api/metrics.db.test.ts; ffmpeg does not go away',
  nightjar_analyst_up: 'api/metrics.db.test.ts; the model of this story stays',
  nightjar_deliveries_waiting: 'api/metrics.db.test.ts',
  nightjar_deliveries_dead: 'api/metrics.db.test.ts',
  nightjar_retention_deleted_frames_total: 'api/metrics.db.test.ts; retention.test.ts deletes',
  nightjar_retention_deleted_events_total: 'as frames',
  nightjar_retention_deleted_clips_total: 'as frames',
  nightjar_retention_deleted_bytes_total: 'as frames',
  nightjar_retention_trouble: 'api/metrics.db.test.ts; needs a full disk',
  nightjar_alerts_total: 'metrics/metrics.test.ts, from the message that tells of one',
  nightjar_detections_suppressed_total: 'metrics/metrics.test.ts, from the message that tells of one',
  nightjar_process_start_time_seconds: 'of a process that has only one',
  nightjar_process_max_fds: 'a limit',
  nightjar_nodejs_version_info: 'says what runs',
};

const cleanups = createCleanups();
let inbox: string;
let mediaDir: string;
let db: TestDatabase;
let redis: TestRedis;
let nightjar: NightjarProcess;
let before: Scrape;
const moved = new Set<string>();

/** Scrapes, and keeps in mind what is other than it was. */
async function look(): Promise<Scrape> {
  const { families: now } = await scrape(nightjar.url);
  for (const [name, samples] of now)
    if (JSON.stringify(samples) !== JSON.stringify(before.get(name) ?? [])) moved.add(name);
  return now;
}
const until = (series: string, isSo: (value: number) => boolean): Promise<boolean> =>
  eventually(async () => isSo(valueOf(await look(), series) ?? 0), { ...WITHIN, what: series });

const send = (method: string, route: string, body?: object): Promise<Response> =>
  fetch(`${nightjar.url}${route}`, {
    method,
    headers: { 'x-api-key': API_KEY, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });

beforeAll(async () => {
  const dataDir = await createDataDir();
  cleanups.add(dataDir.remove);
  db = await createTestDatabase();
  cleanups.add(db.close);
  redis = await startRedis();
  cleanups.add(() => redis.close());
  const llm = await startLlmStandin({ behaviour: { ...says(toAnswerText(70)), afterMs: 3_000 } });
  cleanups.add(() => llm.close());
  const collector = await startTraceCollector();
  cleanups.add(collector.close);
  inbox = path.join(dataDir.path, 'inbox');
  mediaDir = path.join(dataDir.path, 'media');
  await mkdir(inbox);
  const places = { DATABASE_URL: db.url, REDIS_URL: redis.url, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
  const model = { ANALYZER: 'llm', LLM_URL: `${llm.url}/v1`, LLM_MODEL: 'stand-in' };
  nightjar = await startProcess(dataDir.path, { ...places, ...model, SETTLE_MS: '200', EVENT_IDLE_S: '1', EVENT_WINDOW_S: '5' }); // prettier-ignore
  cleanups.add(() => nightjar.kill('SIGKILL'));
  before = (await scrape(nightjar.url)).families;
});
afterAll(cleanups.run);

const play = async (name: string): Promise<void> => drop(inbox, `${name}.jpg`, withComment(await readStreet(), name));

it('counts a frame on its whole way, and what came of it', async () => {
  const dashboard = await listen(nightjar.url);
  await play('gate/20240610_120000');
  await until('nightjar_frames_done_total{camera="gate"}', (done) => done === 1);
  await until('nightjar_analyst_queue', (queue) => queue > 0);
  await until('nightjar_events_analyzed_total{analyzer="llm",risk_level="high"}', (verdicts) => verdicts === 1);
  const now = await look();
  for (const stage of ['settle', 'keep', 'queue', 'read', 'decode', 'infer', 'store'])
    expect(valueOf(now, `nightjar_stage_duration_seconds_count{stage="${stage}"}`), stage).toBe(1);
  const told = {
    'frames_ingested_total{camera="gate",source="picture"}': 1,
    frame_latency_seconds_count: 1,
    'detector_runs_total{detector="onnx",outcome="ok"}': 1,
    'detector_batch_frames_sum{detector="onnx"}': 1,
    'detector_run_duration_seconds_count{detector="onnx"}': 1,
    'events_opened_total{camera="gate"}': 1,
    'messages_total{type="detection.created"}': 1,
    'llm_verdicts_total{outcome="scored"}': 1,
    'llm_tokens_total{direction="in"}': 400,
    sockets_connected: 1,
    socket_connections_total: 1,
  };
  for (const [series, value] of Object.entries(told)) expect(valueOf(now, `nightjar_${series}`), series).toBe(value);
  const people = valueOf(now, 'nightjar_detections_total{label="person"}');
  const [found] = await db.query((sql) => sql<{ count: number }[]>`select count(*) from detections where label = 'person'`); // prettier-ignore
  expect(people).toBe(found?.count);
  expect(valueOf(now, 'nightjar_socket_messages_sent_total')).toBeGreaterThanOrEqual(dashboard.messages.length);
  dashboard.close();
  await until('nightjar_sockets_connected', (connected) => connected === 0);
  expect([...((await look()).get('nightjar_socket_closes_total') ?? [])]).toEqual(['nightjar_socket_closes_total{code="1005"} 1']); // prettier-ignore
});

it('counts what fails: dead letters, attempts, wrong requests, refused sockets, conflicts', async () => {
  await drop(inbox, 'gate/text.jpg', Buffer.from('550 Permission denied.\r\n'.repeat(100)));
  await drop(inbox, 'gate/film.mp4', Buffer.from('\0\0\0\x18ftypisom\0\0\0\0isommp42no film at all'.repeat(50)));
  await until('nightjar_frames_dead_total{camera="gate",kind="invalid"}', (dead) => dead === 1);
  await until('nightjar_clips_dead_total{camera="gate",kind="invalid"}', (dead) => dead === 1);

  // A camera that is off: its frames wait, and the picture of this one is gone by the time that it is on again.
  await send('PATCH', '/api/cameras/gate', { enabled: false });
  const kept = new Set(await readdir(mediaDir, { recursive: true }));
  await play('gate/20240610_130000');
  await until('nightjar_queue_frames{state="pending"}', (pending) => pending === 1);
  await until('nightjar_queue_oldest_pending_seconds', (age) => age > 0);
  for (const name of await readdir(mediaDir, { recursive: true }))
    if (!kept.has(name) && name.endsWith('.jpg')) await rm(path.join(mediaDir, name));
  await send('PATCH', '/api/cameras/gate', { enabled: true });
  await until('nightjar_frame_attempts_failed_total{kind="not_found"}', (failed) => failed >= 1);

  expect((await send('POST', '/api/cameras', { name: 'Yard', folder: 'yard' })).status).toBe(201);
  expect((await send('PATCH', '/api/cameras/yard', { folder: 'gate' })).status).toBe(409);
  await fetch(`${nightjar.url}/api/frames`);
  await fetch(`${nightjar.url}/wp-login.php`);
  const refused = new WebSocket(`${nightjar.url.replace('http', 'ws')}/ws`);
  await new Promise((resolve) => refused.once('error', resolve));
  const now = await look();
  const told = {
    'http_requests_total{method="PATCH",route="/api/cameras/{id}",status="409"}': 1,
    'http_requests_total{method="GET",route="/api/frames",status="401"}': 1,
    'http_requests_total{method="GET",route="none",status="401"}': 1,
    'http_request_duration_seconds_count{method="POST",route="/api/cameras"}': 1,
    'socket_refusals_total{kind="unauthorized"}': 1,
  };
  for (const [series, value] of Object.entries(told)) expect(valueOf(now, `nightjar_${series}`), series).toBe(value);
  expect(now.get('nightjar_database_failures_total')).not.toEqual([]);
});

it('counts why sockets ended, by our own reasons and by what clients truly say', async () => {
  const key = await send('POST', '/api/keys', { name: 'Short', role: 'viewer' });
  const { id, key: secret } = (await key.json()) as { id: string; key: string };
  const connect = async (apiKey: string): Promise<WebSocket> => {
    const socket = new WebSocket(`${nightjar.url.replace('http', 'ws')}/ws`, { headers: { 'X-API-Key': apiKey } });
    await new Promise((resolve) => socket.once('open', resolve));
    return socket;
  };
  const counted = (code: string) => until(`nightjar_socket_closes_total{code="${code}"}`, (closes) => closes === 1);
  (await connect(API_KEY)).close(1000);
  await counted('1000');
  (await connect(API_KEY)).terminate();
  await counted('1006');
  (await connect(API_KEY)).send('x'.repeat(64 * 1024 + 1));
  await counted('1009');
  const flood = await connect(API_KEY);
  for (let sent = 0; sent < 50; sent += 1) flood.send('{"type":"ping"}');
  await counted('1008');
  await connect(secret);
  expect((await send('DELETE', `/api/keys/${id}`)).status).toBe(204);
  await counted('4401');
  // Made up: it is not the client's to say that it was slow.
  (await connect(API_KEY)).close(4008);
  await counted('other');
  expect(valueOf(await look(), 'nightjar_socket_closes_total{code="4008"}')).toBeUndefined();
});

it('counts clips, and what waits in the inbox', async () => {
  const film = await makeFilm(path.dirname(inbox), 'mp4', 2);
  await drop(inbox, 'gate/20240610_140000.mp4', film);
  await drop(inbox, 'gate/20240610_150000.jpg', (await readStreet()).subarray(0, 9_000));
  await until('nightjar_ingest_waiting', (waiting) => waiting > 0);
  await until('nightjar_clips_cut_total{camera="gate"}', (cut) => cut === 1);
  const now = await look();
  expect(valueOf(now, 'nightjar_clips_ingested_total{camera="gate"}')).toBe(2);
  const [cut] = await db.query(
    (sql) => sql<{ count: number }[]>`select count(*) from frames where clip_id is not null`,
  );
  expect(valueOf(now, 'nightjar_frames_ingested_total{camera="gate",source="clip"}')).toBe(cut?.count);
});

it('tells of outages', async () => {
  await redis.close();
  await until('nightjar_outages_total{part="redis"}', (count) => count === 1);
  await until('nightjar_outage_seconds{part="redis"}', (seconds) => seconds > 0);
  expect(valueOf(await look(), 'nightjar_redis_up')).toBe(0);
});

it('has seen every family move that is declared, but for those that are seen elsewhere', async () => {
  await until('nightjar_trace_spans_total{outcome="exported"}', (spans) => spans > 0);
  const now = await look();
  const declared = [...[...Object.keys(families), ...askedFigures.map(({ name }) => name)].map((name) => `nightjar_${name}`), ...now.keys()]; // prettier-ignore
  const still = [...new Set(declared)].filter((name) => !moved.has(name) && elsewhere[name] === undefined);
  expect(still).toEqual([]);
  expect(Object.keys(elsewhere).filter((name) => !declared.includes(name))).toEqual([]);
});

it('is clean by the rules of Prometheus, and has no figure under another name than ours', async () => {
  const { text, families: all } = await scrape(nightjar.url);
  expect(await runPromtool(['check', 'metrics'], text)).toEqual({ code: 0, said: '' });
  expect([...all.keys()].filter((name) => !name.startsWith('nightjar_'))).toEqual([]);
  // One look costs little: no figure has a series for each frame, event or client.
  expect(text.split('\n').length).toBeLessThan(1_500);
});
