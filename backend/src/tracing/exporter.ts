import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { Part } from '../lib/part.ts';
import type { TracesOptions } from './index.ts';

/** The exporter, and what becomes of what it is given: counted, and said in the log when the collector goes and comes back. */
export function watchExporter(
  exporter: SpanExporter,
  { part, onSpans }: Pick<TracesOptions, 'onSpans'> & { readonly part: Pick<Part, 'away' | 'back'> },
): SpanExporter {
  return {
    export(spans: ReadableSpan[], tell) {
      exporter.export(spans, (result) => {
        // 0 is SUCCESS, of an enumeration in a package that is not ours to name.
        const isOk = result.code === 0;
        onSpans(isOk ? 'exported' : 'failed', spans.length);
        if (isOk) part.back();
        else part.away('it does not take our spans', result.error);
        tell(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  };
}
