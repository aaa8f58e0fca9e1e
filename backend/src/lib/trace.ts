/**
 * Traces, as the rooms know them: spans with a beginning and an end, and the W3C Trace Context (`traceparent`) by which a
 * span begun elsewhere, in another process too, is named as the parent. Where no traces are wanted this costs a call.
 */
export interface Span {
  /** For its children; null when traces are off. */
  readonly traceParent: string | null;
  /** It is over. One that is never ended is never told of: it costs nothing and leaves nothing behind. */
  end(facts?: SpanEnd): void;
}

export interface SpanEnd {
  /** Milliseconds since 1970; now unless given. */
  readonly endMs?: number;
  readonly attributes?: SpanAttributes;
  /** The kind of the error that ended it. */
  readonly error?: string;
}

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanStart {
  /** A `traceparent`; without one, or one that is none, it begins a trace of its own. */
  readonly parent?: string | null | undefined;
  /** Milliseconds since 1970; now unless given. */
  readonly startMs?: number;
  readonly attributes?: SpanAttributes;
}

export interface Tracer {
  /** Never throws, and never waits. */
  start(name: string, begun?: SpanStart): Span;
}

/** Nobody hears of it. */
export const noSpan: Span = { traceParent: null, end: () => undefined };

/** Traces are off. */
export const noTracer: Tracer = { start: () => noSpan };
