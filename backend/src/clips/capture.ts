import type { ClipPlan, LeasedClip } from '../model/clip.ts';
import type { FilmFacts } from './ffmpeg/look.ts';

/** Clocks of cameras that were never set say 1970 or 1904, or the year of their making. */
const CREATED_MIN = Date.UTC(1990, 0, 1);
const CREATED_AHEAD_MS_MAX = 86_400_000;

/** When its first picture was taken. A file is modified last when its last picture is written. */
export function toCapture(
  { capturedAt, capturedFrom }: Pick<LeasedClip, 'capturedAt' | 'capturedFrom'>,
  { createdAt, durationMs }: Pick<FilmFacts, 'createdAt' | 'durationMs'>,
  nowMs: number,
): Pick<ClipPlan, 'capturedAt' | 'capturedFrom'> {
  if (capturedFrom !== 'modified') return { capturedAt, capturedFrom };
  const createdMs = createdAt?.getTime() ?? 0;
  const isBelievable = createdMs >= CREATED_MIN && createdMs <= nowMs + CREATED_AHEAD_MS_MAX;
  if (createdAt && isBelievable) return { capturedAt: createdAt, capturedFrom: 'metadata' };
  return { capturedAt: new Date(capturedAt.getTime() - durationMs), capturedFrom };
}
