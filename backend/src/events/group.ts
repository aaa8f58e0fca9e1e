/**
 * Grouping, as a pure function: which event each frame with detections belongs to. By capture time, never by the order
 * in which frames happen to be examined.
 *
 * In prose: a frame joins the event whose span it lies in or is nearest to, if the silence between is no longer than
 * `idleMs` and the whole no longer than `windowMs`; an open event is preferred to a closed one. Otherwise it opens an
 * event. A late frame may extend an event that was closed already; events are never merged, for ids are stable.
 */
import type { NewId } from '../lib/id.ts';
import type { DetectedObject } from '../model/index.ts';

export interface GroupingRules {
  readonly idleMs: number;
  readonly windowMs: number;
}

/** An examined frame with at least one detection. Times are capture and reception, milliseconds since 1970. */
export interface FrameFacts {
  readonly frameId: string;
  readonly capturedMs: number;
  readonly receivedMs: number;
  readonly objects: readonly DetectedObject[];
}

/** What grouping and rules need to know of an event of one camera. */
export interface EventFacts {
  readonly id: string;
  readonly open: boolean;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly lastReceivedMs: number;
  readonly labels: Readonly<Record<string, number>>;
  readonly detectionCount: number;
  readonly frameCount: number;
  readonly bestFrameId: string;
  readonly bestScore: number;
  /** As last stored, which grouping passes on; undefined for an event that it opens. */
  readonly riskBefore?: number;
}

export interface Grouped {
  readonly events: readonly EventFacts[];
  /** Event id of each frame, by frame id. */
  readonly eventOf: ReadonlyMap<string, string>;
  readonly opened: ReadonlySet<string>;
}

export function groupFrames(
  near: readonly EventFacts[],
  frames: readonly FrameFacts[],
  { rules, newId }: { rules: GroupingRules; newId: NewId },
): Grouped {
  const events = new Map(near.map((event) => [event.id, event]));
  const eventOf = new Map<string, string>();
  const opened = new Set<string>();
  for (const frame of [...frames].sort((a, b) => a.capturedMs - b.capturedMs)) {
    const joined = findEvent([...events.values()], frame.capturedMs, rules);
    const event = joined ? extendEvent(joined, frame) : openEvent(newId(), frame);
    if (!joined) opened.add(event.id);
    events.set(event.id, event);
    eventOf.set(frame.frameId, event.id);
  }
  const touched = new Set(eventOf.values());
  return { events: [...events.values()].filter(({ id }) => touched.has(id)), eventOf, opened };
}

function findEvent(events: readonly EventFacts[], capturedMs: number, rules: GroupingRules): EventFacts | undefined {
  const gapOf = (event: EventFacts): number => Math.max(0, event.startedMs - capturedMs, capturedMs - event.endedMs);
  const spanOf = (event: EventFacts): number =>
    Math.max(event.endedMs, capturedMs) - Math.min(event.startedMs, capturedMs);
  return events
    .filter((event) => gapOf(event) <= rules.idleMs && (gapOf(event) === 0 || spanOf(event) <= rules.windowMs))
    .sort((a, b) => gapOf(a) - gapOf(b) || Number(b.open) - Number(a.open) || a.startedMs - b.startedMs)[0];
}

function openEvent(id: string, frame: FrameFacts): EventFacts {
  const { capturedMs: startedMs, receivedMs: lastReceivedMs, frameId: bestFrameId } = frame;
  const none = { labels: {}, detectionCount: 0, frameCount: 0, bestFrameId, bestScore: 0 };
  return extendEvent({ id, open: true, startedMs, endedMs: startedMs, lastReceivedMs, ...none }, frame);
}

function extendEvent(event: EventFacts, frame: FrameFacts): EventFacts {
  const score = Math.max(...frame.objects.map((object) => object.score));
  const best = score > event.bestScore ? { bestFrameId: frame.frameId, bestScore: score } : {};
  return {
    ...event,
    startedMs: Math.min(event.startedMs, frame.capturedMs),
    endedMs: Math.max(event.endedMs, frame.capturedMs),
    lastReceivedMs: Math.max(event.lastReceivedMs, frame.receivedMs),
    labels: mergeCounts(event.labels, countLabels(frame.objects)),
    detectionCount: event.detectionCount + frame.objects.length,
    frameCount: event.frameCount + 1,
    ...best,
  };
}

function countLabels(objects: readonly DetectedObject[]): Record<string, number> {
  // Counted in a map: a model's labels may be called anything, `constructor` included.
  const counts = new Map<string, number>();
  for (const { label } of objects) counts.set(label, (counts.get(label) ?? 0) + 1);
  return Object.fromEntries(counts);
}

/** The most of each label seen in one frame. */
function mergeCounts(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const merged = new Map(Object.entries(a));
  for (const [label, count] of Object.entries(b)) merged.set(label, Math.max(merged.get(label) ?? 0, count));
  return Object.fromEntries(merged);
}
