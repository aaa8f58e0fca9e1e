/** Which moments of a clip become frames: a function of the plan that is stored with the clip, and of nothing else that changes. */
import type { ClipPlan } from '../model/clip.ts';

export interface PlanLimits {
  readonly intervalMs: number;
  readonly framesMax: number;
}

/** What of a plan says where its frames are. `durationMs` is from the clip's first picture to its last. */
export type Spread = Pick<ClipPlan, 'durationMs' | 'framesPlanned'>;

/** One each `intervalMs`, the first picture included; at most `framesMax`. */
export function countFrames(durationMs: number, { intervalMs, framesMax }: PlanLimits): number {
  return Math.min(framesMax, Math.floor(durationMs / intervalMs) + 1);
}

/**
 * From one frame to the next, in milliseconds; Infinity for a single one. A clip that would give more than it may is
 * spread evenly, first and last picture included. So is the rest of a clip that was planned under another interval.
 */
export function toStepMs({ durationMs, framesPlanned }: Spread, intervalMs: number): number {
  if (framesPlanned < 2) return Infinity;
  const isEachInterval = Math.floor(durationMs / intervalMs) + 1 === framesPlanned;
  return isEachInterval ? intervalMs : durationMs / (framesPlanned - 1);
}

/** Milliseconds from the first picture, whole and rising. */
export function toOffsets({ durationMs, framesPlanned }: Spread, intervalMs: number): readonly number[] {
  const stepMs = toStepMs({ durationMs, framesPlanned }, intervalMs);
  return Array.from({ length: framesPlanned }, (_, place) => (place === 0 ? 0 : Math.round(place * stepMs)));
}

/**
 * The place in `offsets` to go on from. Frames are recorded in order, so everything up to the last one that was recorded
 * is settled: also moments without a picture, and also when the interval was changed in between.
 */
export function toNextPlace(offsets: readonly number[], recorded: ReadonlySet<number>): number {
  const last = Math.max(-1, ...recorded);
  const next = offsets.findIndex((offset) => offset > last);
  return next === -1 ? offsets.length : next;
}
