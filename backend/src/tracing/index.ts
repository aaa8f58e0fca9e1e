/**
 * Traces: spans go to a collector by OTLP over HTTP, in batches, off the way of those who begin and end them. Off unless an
 * endpoint is given: then nothing of OpenTelemetry is even loaded.
 *
 * In come spans (lib/trace.ts); out go batches. What fails is the collector (away, slow, refusing): its spans are lost, which
 * the log says once for each outage, and nobody waits. Limits: 2,048 spans in hand, 512 in a batch, one batch a second
 * unless they are full, 3 s for handing one over, 2 s at the end.
 */
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { noTracer, type Tracer } from '../lib/trace.ts';

/** `failed`: the collector did not take them; `dropped`: too many were in hand for it already. */
export type SpanOutcome = 'exported' | 'failed' | 'dropped';

export interface TracesOptions {
  /** Of the collector, without `/v1/traces`; undefined: no traces. */
  readonly endpoint: string | undefined;
  /** Sent with each batch. */
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  /** The share of traces that is told of, 0..1: whole traces, across processes. */
  readonly share: number;
  readonly version: string;
  readonly roles: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly onSpans: (outcome: SpanOutcome, count: number) => void;
}

export interface Traces {
  readonly tracer: Tracer;
  /** Hands over what is left, if the collector takes it soon. */
  close(): Promise<void>;
}

export async function openTraces(options: TracesOptions): Promise<Traces> {
  const { endpoint } = options;
  if (endpoint === undefined) return { tracer: noTracer, close: async () => undefined };
  const { createOtlpTraces } = await import('./otlp.ts');
  return createOtlpTraces({ ...options, endpoint });
}
