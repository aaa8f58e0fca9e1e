/** One frame's way through two processes, as a collector of traces sees it; and a collector that is away. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCleanups } from './harness/cleanups.ts';
import { createTestDatabase, type TestDatabase } from './harness/database.ts';
import { eventually } from './harness/eventually.ts';
import { makeFilm } from './harness/films.ts';
import {
  API_KEY,
  createDataDir,
  drop,
  listen,
  startProcess,
  type Listener,
  type NightjarProcess,
} from './harness/nightjar.ts';
import { readStreet, withComment } from './harness/pictures.ts';
import { freePort } from './harness/redis.ts';
import { startTraceCollector, type CollectedSpan, type TraceCollector } from './standins/trace-collector.ts';
import { inject } from 'vitest';

const cleanups = createCleanups();
let dataDir: Awaited<ReturnType<typeof createDataDir>>;
let db: TestDatabase;
let collector: TraceCollector;
let api: NightjarProcess;
let worker: NightjarProcess;
let dashboard: Listener;

async function start(roles: string, endpoint: string): Promise<NightjarProcess> {
  const places = { DATABASE_URL: db.url, REDIS_URL: inject('redisUrl') };
  const started = await startProcess(dataDir.path, { ...places, ROLES: roles, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
  cleanups.add(() => started.kill('SIGKILL'));
  return started;
}

beforeAll(async () => {
  dataDir = await createDataDir();
  cleanups.add(dataDir.remove);
  db = await createTestDatabase();
  cleanups.add(db.close);
  collector = await startTraceCollector();
  cleanups.add(collector.close);
  await mkdir(path.join(dataDir.path, 'inbox'));
  [worker, api] = await Promise.all([start('ingest,detect', collector.url), start('api', collector.url)]);
  dashboard = await listen(api.url);
});
afterAll(cleanups.run);

async function play(name: string): Promise<void> {
  await drop(path.join(dataDir.path, 'inbox'), `gate/${name}.jpg`, withComment(await readStreet(), name));
  const isHeard = ({ type, data }: Listener['messages'][number]) => type === 'detection.created' && data.frame.source_name === `${name}.jpg`; // prettier-ignore
  await eventually(() => dashboard.messages.some(isHeard), { withinMs: 30_000, what: `${name} at the socket` });
}

/** `name <- name of its parent`, of each span of the trace. */
function toTree(spans: readonly CollectedSpan[]): readonly string[] {
  const byId = new Map(spans.map((span) => [span.spanId, span.name]));
  const toParent = ({ parentSpanId }: CollectedSpan) =>
    parentSpanId === undefined ? '' : (byId.get(parentSpanId) ?? '?');
  return spans.map((span) => `${span.name} <- ${toParent(span)}`).sort();
}

it('is one trace, from the file to the socket, across processes', async () => {
  await play('20240610_120000');
  const hasEnded = () => collector.spans.filter(({ name }) => name === 'broadcast').length >= 2 && collector.spans.some(({ name }) => name === 'examine'); // prettier-ignore
  await eventually(hasEnded, { withinMs: 20_000, what: 'the end of the trace' });
  expect(collector.refused).toEqual([]);
  expect(new Set(collector.spans.map(({ traceId }) => traceId)).size).toBe(1);
  expect(toTree(collector.spans)).toEqual([
    'broadcast <- store',
    'broadcast <- store',
    'decode <- examine',
    'examine <- ingest',
    'infer <- examine',
    'ingest <- ',
    'keep <- ingest',
    'queue <- ingest',
    'read <- examine',
    'settle <- ingest',
    'store <- examine',
  ]);
  const told = collector.spans.filter(({ name }) => name === 'broadcast');
  expect(told.map(({ attributes }) => attributes['nightjar.message']).sort()).toEqual(['detection.created', 'event.opened']); // prettier-ignore
  expect(told.every(({ attributes, resource }) => attributes['nightjar.clients'] === 1 && JSON.stringify(resource['nightjar.roles']).includes('api'))).toBe(true); // prettier-ignore
  const [frame] = await db.query((sql) => sql<{ id: string }[]>`select id from frames`);
  expect(collector.spans.find(({ name }) => name === 'examine')?.attributes).toMatchObject({
    'nightjar.frame': frame?.id,
    'nightjar.camera': 'gate',
    'nightjar.attempt': 1,
  });
});

it('goes in the order of time', () => {
  const order = ['settle', 'keep', 'queue', 'read', 'decode', 'infer', 'store'];
  const spans = order.map((name) => collector.spans.find((span) => span.name === name));
  for (const [index, span] of spans.entries()) {
    expect(span?.endTimeUnixNano).toBeGreaterThanOrEqual(span?.startTimeUnixNano ?? Infinity);
    // Clocks of several kinds are at work, in milliseconds: none may be off by more than a moment.
    const before = spans[index - 1];
    expect(span?.startTimeUnixNano).toBeGreaterThanOrEqual((before?.startTimeUnixNano ?? 0) - 50e6);
  }
});

const traceOf = (traceParent: string) => collector.spans.filter(({ traceId }) => traceParent.includes(traceId));

/** The traces of frames, once each has been told to its end. */
async function readTraces(where: string, count: number): Promise<readonly (readonly string[])[]> {
  const read = () => db.query((sql) => sql<{ traceParent: string }[]>`select trace_parent from frames where ${sql.unsafe(where)}`); // prettier-ignore
  return eventually(
    async () => {
      const traces = (await read()).map(({ traceParent }) => traceOf(traceParent));
      const isWhole = traces.every((spans) => ['ingest', 'examine'].every((name) => spans.some((span) => span.name === name))); // prettier-ignore
      return traces.length === count && isWhole ? traces.map(toTree) : undefined;
    },
    { withinMs: 30_000, what: `${count} whole traces` },
  );
}

it('begins with its request, where a picture comes by HTTP', async () => {
  const form = new FormData();
  form.set('camera_id', 'gate');
  form.set('file', new Blob([withComment(await readStreet(), 'an upload')], { type: 'image/jpeg' }), 'upload.jpg');
  const sent = await fetch(`${api.url}/api/frames`, { method: 'POST', body: form, headers: { 'X-API-Key': API_KEY } });
  expect(sent.status).toBe(202);
  const [tree] = await readTraces(`source_name = 'upload.jpg'`, 1);
  const whole = ['examine <- ingest', 'ingest <- ', 'keep <- ingest', 'queue <- ingest', 'settle <- ingest', 'store <- examine']; // prettier-ignore
  expect(tree).toEqual(expect.arrayContaining(whole));
});

it('is one for each frame of a clip, from where it is cut', async () => {
  const film = await makeFilm(dataDir.path, 'mp4', 2);
  await drop(path.join(dataDir.path, 'inbox'), 'gate/20240610_140000.mp4', film);
  const frames = await eventually(async () => {
    const [clip] = await db.query((sql) => sql<{ framesPlanned: number }[]>`select frames_planned from clips where state = 'done'`); // prettier-ignore
    return clip?.framesPlanned;
  }, { withinMs: 30_000, what: 'a clip that is cut' }); // prettier-ignore
  const trees = await readTraces('clip_id is not null', frames);
  for (const tree of trees) {
    expect(tree.filter((span) => span.endsWith('<- '))).toEqual(['ingest <- ']);
    expect(tree).toEqual(expect.arrayContaining(['examine <- ingest', 'queue <- ingest', 'store <- examine']));
  }
});

it('tells clients nothing of it', () => {
  expect(JSON.stringify(dashboard.messages)).not.toMatch(/trace/i);
});

it('is no matter of whether anybody collects it', async () => {
  expect(await worker.kill('SIGTERM')).toBe(0);
  worker = await start('ingest,detect', `http://127.0.0.1:${await freePort()}`);
  await play('20240610_120001');
  await eventually(() => worker.log().includes('collector of traces away'), { withinMs: 20_000, what: 'a word in the log' }); // prettier-ignore
  expect(await worker.kill('SIGTERM')).toBe(0);
  expect(await api.kill('SIGTERM')).toBe(0);
});
