/**
 * A part of the house that may be away for a while: the database, Redis, the media store. Its tracker is the one place
 * that knows: readiness, the system's facts, the metrics and the log all tell what it says.
 */
import type { Clock } from './clock.ts';
import type { Logger } from './log.ts';

export interface PartState {
  readonly ok: boolean;
  /** Since when it is as it is. */
  readonly since: Date;
  /** Why it is away, in words for any eyes: no hosts, no paths. Null when it is not. */
  readonly reason: string | null;
}

export interface Part {
  readonly name: string;
  state(): PartState;
  /** How many times it went away. */
  outages(): number;
  /** It is away: said in the log once for each outage, with `cause`. A later reason replaces the first. */
  away(reason: string, cause?: unknown): void;
  /** It is there: said in the log when it was away. */
  back(): void;
}

export interface PartOptions {
  /** As it begins a sentence: `database`. */
  readonly name: string;
  /** What follows from its being away, for the log: `files wait in the inbox`. */
  readonly consequence: string;
  readonly clock: Clock;
  readonly log: Logger;
}

export function createPart({ name, consequence, clock, log }: PartOptions): Part {
  let state: PartState = { ok: true, since: new Date(clock.nowMs()), reason: null };
  let outages = 0;
  return {
    name,
    state: () => state,
    outages: () => outages,
    away(reason, cause) {
      if (state.ok) {
        outages += 1;
        log.warn({ part: name, err: cause }, `${name} away: ${reason}; ${consequence}`);
      }
      state = { ok: false, since: state.ok ? new Date(clock.nowMs()) : state.since, reason };
    },
    back() {
      if (state.ok) return;
      const outageMs = clock.nowMs() - state.since.getTime();
      state = { ok: true, since: new Date(clock.nowMs()), reason: null };
      log.info({ part: name, outage_ms: outageMs }, `${name} back after ${Math.round(outageMs / 1_000)} s`);
    },
  };
}
