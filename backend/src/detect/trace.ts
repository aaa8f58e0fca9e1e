import type { Span, Tracer } from '../lib/trace.ts';
import type { LeasedFrame } from '../model/index.ts';

/** A frame's trace, as long as a detect worker has it in hand. */
export interface FrameTrace {
  /** A part of it that begins now. */
  begin(name: 'read' | 'decode' | 'infer' | 'store'): Span;
  /** It left our hands: `error` is the kind of what went wrong, or why it was let go. */
  end(error?: string): void;
}

/** Goes on with the trace that began where it was recorded; without one (traces were off then) it begins one. */
export function traceFrame(tracer: Tracer, frame: LeasedFrame, nowMs: number): FrameTrace {
  const { id, cameraId, attempts, receivedAt, traceParent } = frame;
  const attributes = { 'nightjar.frame': id, 'nightjar.camera': cameraId, 'nightjar.attempt': attempts };
  const examining = tracer.start('examine', { parent: traceParent, startMs: nowMs, attributes });
  const parent = traceParent ?? examining.traceParent;
  tracer.start('queue', { parent, startMs: receivedAt.getTime() }).end({ endMs: nowMs });
  return {
    begin: (name) => tracer.start(name, { parent: examining.traceParent }),
    end: (error) => examining.end(error === undefined ? {} : { error }),
  };
}

/** Ends the span whatever becomes of `run`; what failed says so by its parent. */
export async function within<T>(span: Span, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } finally {
    span.end();
  }
}
