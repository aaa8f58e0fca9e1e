/** Spans on their way to a collector over a real socket: whole, in order, and never in the way of anybody. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../tests/harness/eventually.ts';
import { freePort } from '../../tests/harness/redis.ts';
import { startTraceCollector, type TraceCollector } from '../../tests/standins/trace-collector.ts';
import { systemClock } from '../lib/clock.ts';
import { silentLog, type Logger } from '../lib/log.ts';
import { noTracer } from '../lib/trace.ts';
import { openTraces, type SpanOutcome, type Traces, type TracesOptions } from './index.ts';

let collector: TraceCollector;
let counted: Record<SpanOutcome, number>;
const opened: Traces[] = [];

beforeEach(async () => {
  collector = await startTraceCollector();
  counted = { exported: 0, failed: 0, dropped: 0 };
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((traces) => traces.close()));
  await collector.close();
});

async function open(given: Partial<TracesOptions> = {}): Promise<Traces> {
  const traces = await openTraces({
    endpoint: collector.url,
    headers: { 'x-tenant': 'house' },
    serviceName: 'nightjar',
    share: 1,
    version: '1.2.3',
    roles: ['api'],
    clock: systemClock,
    log: silentLog,
    onSpans: (outcome, count) => (counted[outcome] += count),
    ...given,
  });
  opened.push(traces);
  return traces;
}

const named = (name: string) => collector.spans.find((span) => span.name === name);

describe('spans', () => {
  it('arrive with their times, parents, attributes and errors, as of this service', async () => {
    const { tracer, close } = await open();
    // Before the start of this process, as of a frame that waited through a restart.
    const startMs = Date.UTC(2025, 0, 2, 3, 4, 5, 678);
    const root = tracer.start('ingest', { startMs, attributes: { 'nightjar.folder': 'gate' } });
    const child = tracer.start('store', { parent: root.traceParent });
    child.end({ error: 'unavailable', attributes: { tries: 2 } });
    root.end({ endMs: startMs + 1_500 });
    await close();
    expect(collector.refused).toEqual([]);
    expect(named('ingest')).toMatchObject({
      startTimeUnixNano: startMs * 1e6,
      endTimeUnixNano: (startMs + 1_500) * 1e6,
      attributes: { 'nightjar.folder': 'gate' },
      resource: { 'service.name': 'nightjar', 'service.version': '1.2.3' },
    });
    expect(named('ingest')?.parentSpanId).toBeUndefined();
    expect(named('store')).toMatchObject({
      traceId: named('ingest')?.traceId,
      parentSpanId: named('ingest')?.spanId,
      attributes: { 'error.type': 'unavailable', tries: 2 },
      status: { code: 2 },
    });
    expect(root.traceParent).toBe(`00-${named('ingest')?.traceId}-${named('ingest')?.spanId}-01`);
    expect(collector.headers).toMatchObject([{ 'x-tenant': 'house' }]);
    expect(counted).toEqual({ exported: 2, failed: 0, dropped: 0 });
  });

  it('are those of whole traces: who goes on with one does as who began it', async () => {
    const silent = await open({ share: 0 });
    const telling = await open();
    const unheard = silent.tracer.start('ingest');
    telling.tracer.start('examine', { parent: unheard.traceParent }).end();
    unheard.end();
    const heard = telling.tracer.start('ingest');
    silent.tracer.start('examine', { parent: heard.traceParent }).end();
    heard.end();
    await Promise.all([silent.close(), telling.close()]);
    expect(unheard.traceParent).toMatch(/-00$/);
    expect(collector.spans.map(({ traceId, name }) => [traceId, name]).sort()).toEqual(
      ['examine', 'ingest'].map((name) => [heard.traceParent?.slice(3, 35), name]),
    );
  });

  it.each(['', 'nonsense', `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01`, `01-${'1'.repeat(32)}-${'1'.repeat(16)}-01`])(
    'begin a trace of their own where the parent is none: %j',
    async (parent) => {
      const { tracer, close } = await open();
      tracer.start('examine', { parent }).end();
      await close();
      expect(named('examine')?.parentSpanId).toBeUndefined();
    },
  );

  it('that are never ended are never told of', async () => {
    const { tracer, close } = await open();
    tracer.start('ingest');
    await close();
    expect(collector.spans).toEqual([]);
  });
});

describe('a collector', () => {
  it('that is away costs its spans, a word in the log, and nothing else', async () => {
    const words: string[] = [];
    const log = Object.assign(Object.create(silentLog) as Logger, { warn: (_facts: unknown, text = '') => void words.push(text) }); // prettier-ignore
    const { tracer, close } = await open({ endpoint: `http://127.0.0.1:${await freePort()}`, log });
    for (let n = 0; n < 600; n += 1) tracer.start('read').end();
    await eventually(() => counted.failed > 0, { withinMs: 20_000, what: 'spans given up' });
    await close();
    expect(words).toEqual([expect.stringMatching(/^collector of traces away/)]);
  });

  it('that hangs holds nobody up, and no more than so many spans are kept for it', async () => {
    collector.hang();
    const { tracer, close } = await open();
    for (let n = 0; n < 20_000; n += 1) tracer.start('read').end();
    // Those beyond what is in hand, and a batch or two that are under way.
    expect(counted.dropped).toBeGreaterThan(20_000 - 2_048 - 3 * 512);
    expect(counted.dropped).toBeLessThanOrEqual(20_000 - 2_048);
    await close();
    const droppedBefore = counted.dropped;
    tracer.start('read').end();
    expect(counted.dropped).toBe(droppedBefore + 1);
    const sent = collector.headers.length;
    expect(sent).toBeGreaterThan(0);
    // One batch under way, and 2,048 spans in hand.
    expect(sent).toBeLessThanOrEqual(6);
  });
});

describe('traces that are off', () => {
  it('are nothing at all', async () => {
    const { tracer, close } = await open({ endpoint: undefined });
    expect(tracer).toBe(noTracer);
    expect(tracer.start('ingest')).toBe(tracer.start('store'));
    expect(tracer.start('ingest').traceParent).toBeNull();
    await close();
  });

  it('load nothing of OpenTelemetry: only what is imported when they are on does', () => {
    const root = new URL('../', import.meta.url);
    const users = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .filter((name) => readFileSync(new URL(name, root), 'utf8').includes("from '@opentelemetry/"));
    expect(users.sort()).toEqual([
      'tracing/bounded-hand.ts',
      'tracing/exporter.ts',
      'tracing/otlp.ts',
      'tracing/traceparent.ts',
    ]);
    const door = readFileSync(new URL('tracing/index.ts', root), 'utf8');
    expect(door).not.toMatch(/from '\.\/(bounded-hand|exporter|otlp|traceparent)\.ts'/);
  });
});
