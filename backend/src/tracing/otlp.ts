/** OpenTelemetry, as a `Tracer` of ours. Nothing is registered with its globals, and no other module is touched. */
import { ROOT_CONTEXT, SpanStatusCode, trace, type Context, type HrTime } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler, type SpanProcessor } from '@opentelemetry/sdk-trace-base'; // prettier-ignore
import { boundHand } from './bounded-hand.ts';
import { newId } from '../lib/id.ts';
import { createPart } from '../lib/part.ts';
import type { Span, SpanStart } from '../lib/trace.ts';
import { watchExporter } from './exporter.ts';
import type { Traces, TracesOptions } from './index.ts';
import { parseTraceParent, toTraceParent } from './traceparent.ts';

const SPANS_MAX = 2_048;
const BATCH_SPANS_MAX = 512;
const BATCH_DELAY_MS = 1_000;
const EXPORT_MS_MAX = 3_000;
const CLOSE_MS_MAX = 2_000;

export function createOtlpTraces(options: TracesOptions & { readonly endpoint: string }): Traces {
  const { share, clock } = options;
  const provider = new BasicTracerProvider({
    resource: toResource(options),
    // Whoever goes on with a trace does as whoever began it.
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(share) }),
    spanProcessors: [createProcessor(options)],
  });
  const tracer = provider.getTracer('nightjar');

  function start(name: string, { parent, startMs = Date.now(), attributes = {} }: SpanStart = {}): Span {
    const begunMs = performance.now();
    const span = tracer.startSpan(name, { startTime: toHrTime(startMs), attributes }, toContext(parent));
    return {
      traceParent: toTraceParent(span.spanContext()),
      end({ endMs = startMs + (performance.now() - begunMs), attributes: more, error } = {}) {
        if (more) span.setAttributes(more);
        if (error !== undefined) span.setAttribute('error.type', error).setStatus({ code: SpanStatusCode.ERROR });
        span.end(toHrTime(endMs));
      },
    };
  }

  return {
    tracer: { start },
    async close() {
      const patience = new AbortController();
      // What fails at the end was counted and said already.
      const handedOver = provider.shutdown().catch(() => undefined);
      await Promise.race([handedOver, clock.sleep(CLOSE_MS_MAX, patience.signal)]);
      patience.abort();
    },
  };
}

function createProcessor(options: TracesOptions & { readonly endpoint: string }): SpanProcessor {
  const { endpoint, headers, clock, log, onSpans } = options;
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`;
  const exporter = new OTLPTraceExporter({ url, headers: { ...headers }, timeoutMillis: EXPORT_MS_MAX });
  const part = createPart({ name: 'collector of traces', consequence: 'spans are lost', clock, log });
  return boundHand(
    { exporter: watchExporter(exporter, { part, onSpans }), spansMax: SPANS_MAX, onSpans },
    (bounded) => {
      const times = { scheduledDelayMillis: BATCH_DELAY_MS, exportTimeoutMillis: EXPORT_MS_MAX };
      return new BatchSpanProcessor(bounded, {
        maxQueueSize: SPANS_MAX,
        maxExportBatchSize: BATCH_SPANS_MAX,
        ...times,
      });
    },
  );
}

const toResource = ({ serviceName, version, roles }: TracesOptions) =>
  resourceFromAttributes({
    'service.name': serviceName,
    'service.version': version,
    'service.instance.id': newId(),
    'nightjar.roles': [...roles],
  });

function toContext(parent: string | null | undefined): Context {
  const context = parent == null ? undefined : parseTraceParent(parent);
  return context ? trace.setSpanContext(ROOT_CONTEXT, context) : ROOT_CONTEXT;
}

/** A plain number from before the start of this process would be taken for one of `performance.now()`. */
function toHrTime(epochMs: number): HrTime {
  const seconds = Math.floor(epochMs / 1_000);
  return [seconds, Math.round((epochMs - seconds * 1_000) * 1e6)];
}
