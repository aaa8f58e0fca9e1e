import type { Clock } from '../lib/clock.ts';
import type { SpanAttributes, Tracer } from '../lib/trace.ts';

export interface ArrivalTrace {
  /** Kept with the frame: whoever examines it goes on with this trace. */
  readonly traceParent: string | null;
  /** It is recorded. A trace that is never ended, of a try that failed, is never told of. */
  end(): void;
}

export interface ArrivalTimes {
  readonly clock: Pick<Clock, 'nowMs'>;
  /** The time of day, where that is another clock. */
  readonly calendar: Pick<Clock, 'nowMs'>;
  readonly firstSeenMs: number;
  readonly settledMs: number;
}

/** The beginning of a frame's trace: from the first sight of its file until it is recorded. */
export function traceArrival(
  tracer: Tracer,
  attributes: SpanAttributes,
  { clock, calendar, ...times }: ArrivalTimes,
): ArrivalTrace {
  const sinceMs = calendar.nowMs() - clock.nowMs();
  const [startMs, settledMs] = [times.firstSeenMs + sinceMs, times.settledMs + sinceMs];
  const arrival = tracer.start('ingest', { startMs, attributes });
  const { traceParent: parent } = arrival;
  return {
    traceParent: parent,
    end() {
      const endMs = clock.nowMs() + sinceMs;
      tracer.start('settle', { parent, startMs }).end({ endMs: settledMs });
      tracer.start('keep', { parent, startMs: settledMs }).end({ endMs });
      arrival.end({ endMs });
    },
  };
}
