import { TraceFlags } from '@opentelemetry/api';
import type { SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { TracesOptions } from './index.ts';

interface HandOptions extends Pick<TracesOptions, 'onSpans'> {
  readonly exporter: SpanExporter;
  /** In hand of the processor, those that are being exported not counted. */
  readonly spansMax: number;
}

/** A processor of batches drops what is beyond its queue and tells nobody: here it is counted, and never comes to it. */
export function boundHand(
  { exporter, spansMax, onSpans }: HandOptions,
  create: (exporter: SpanExporter) => SpanProcessor,
): SpanProcessor {
  let inHand = 0;
  let isOpen = true;
  const processor = create({
    export(spans, tell) {
      inHand -= spans.length;
      exporter.export(spans, tell);
    },
    shutdown: () => exporter.shutdown(),
  });
  return {
    onStart: (span, parent) => processor.onStart(span, parent),
    onEnd(span) {
      if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
      if (!isOpen || inHand >= spansMax) return onSpans('dropped', 1);
      inHand += 1;
      processor.onEnd(span);
    },
    forceFlush: () => processor.forceFlush(),
    shutdown() {
      isOpen = false;
      return processor.shutdown();
    },
  };
}
