/**
 * The heart of the promise: what was found in a frame, the event it opens or extends, the frame's completion and the
 * outgoing messages are ONE transaction. There is no moment at which a crash could lose or double any of them.
 *
 * Locks are taken in this order, by every transaction of the program: frames, cameras (advisory, by id), events, the
 * rules of alerts, alerts, the outbox head (by the outbox itself, last of all).
 */
import type { Say, Tx } from '../db/index.ts';
import type { EventRow } from '../db/rows.ts';
import type { NewId } from '../lib/id.ts';
import type { Camera, CameraEvent, Detection, ExaminedFrame, Frame, LeasedFrame } from '../model/index.ts';
import { toDetectionWire, toEventWire, toFrameWire, toTime } from '../model/wire.ts';
import { groupBy } from '../lib/group-by.ts';
import { fireAlerts, toTouched, type AlertOptions, type TouchedEvent } from './alerts/fire.ts';
import { groupFrames, type FrameFacts, type Grouped } from './group.ts';
import { lockCameras, toEventFacts, writeEvent, type EventRules } from './rows.ts';
import { judgeScene, type JudgedObject, type SeenFrame } from './scene/judge.ts';
import { withTraces } from './traced.ts';

export interface CommitOptions extends AlertOptions {
  readonly rules: EventRules;
  /** Completes leased frames within the transaction; leaves out those whose lease was lost (queue/complete.ts). */
  readonly complete: (tx: Tx, frames: readonly LeasedFrame[]) => Promise<ReadonlyMap<LeasedFrame, Frame>>;
}

interface Completed extends SeenFrame {
  readonly model: string;
}

/** With what zones and memory say of its objects. */
interface Judged extends Completed {
  readonly objects: readonly JudgedObject[];
}

/** Resolves, for each examined frame, to whether its result was stored: false when its lease was lost meanwhile. */
export async function commitExamined(
  tx: Tx,
  say: Say,
  examined: readonly ExaminedFrame[],
  options: CommitOptions,
): Promise<readonly boolean[]> {
  const done = await options.complete(tx, examined.map(({ frame }) => frame)); // prettier-ignore
  const seen = examined.flatMap(({ frame, objects, model }): Completed[] => {
    const completed = done.get(frame);
    const size = { width: frame.width, height: frame.height };
    return completed && objects.length > 0 ? [{ frame: completed, size, objects, model }] : [];
  });
  await lockCameras(tx, seen.map(({ frame }) => frame.cameraId)); // prettier-ignore
  const { newId, rules } = options;
  const judged = await judgeScene(tx, seen, { newId, stationaryMs: rules.stationaryMs });
  const byCamera = groupBy(judged, ({ frame }) => frame.cameraId);
  const tell = withTraces(say, examined);
  const touched: TouchedEvent[] = [];
  for (const [cameraId, frames] of byCamera) touched.push(...(await commitCamera(tx, tell, cameraId, frames, options)));
  await fireAlerts(tx, tell, touched, options);
  return examined.map(({ frame }) => done.has(frame));
}

async function commitCamera(
  tx: Tx,
  say: Say,
  cameraId: string,
  seen: readonly Judged[],
  { rules, newId }: CommitOptions,
): Promise<readonly TouchedEvent[]> {
  const [camera] = await tx<Camera[]>`select * from cameras where id = ${cameraId}`;
  const facts = seen.map(toFacts).filter(({ objects }) => objects.length > 0);
  const grouped = groupFrames(await readNear(tx, cameraId, facts, rules), facts, { rules, newId });
  const place = { cameraId, cameraName: camera?.name ?? cameraId };
  const events: EventRow[] = [];
  for (const event of grouped.events) events.push(await writeEvent(tx, event, place, rules));
  await joinEvents(tx, grouped.eventOf);
  const detections = await insertDetections(tx, seen, grouped, newId);
  sayAll(say, seen, detections, events, grouped);
  return toTouched(events, detections, grouped.events);
}

/** Of what counts: the rest is in no event, nor in its labels, its counts or its risk. */
const toFacts = ({ frame, objects }: Judged): FrameFacts => ({
  frameId: frame.id,
  capturedMs: frame.capturedAt.getTime(),
  receivedMs: frame.receivedAt.getTime(),
  objects: objects.filter(({ suppressedBy }) => suppressedBy === null),
});

/** The events of this camera that any of the frames could join. */
async function readNear(tx: Tx, cameraId: string, frames: readonly FrameFacts[], rules: EventRules) {
  if (frames.length === 0) return [];
  const times = frames.map(({ capturedMs }) => capturedMs);
  const from = new Date(Math.min(...times) - rules.idleMs);
  const until = new Date(Math.max(...times) + rules.idleMs);
  // The second bound on started_at follows from the window; it keeps the index scan short.
  const rows = await tx<EventRow[]>`
    select * from events
    where camera_id = ${cameraId} and ended_at >= ${from} and started_at <= ${until}
      and started_at >= ${new Date(from.getTime() - rules.windowMs)}
    order by started_at, id for update`;
  return rows.map(toEventFacts);
}

/** Frames know their event, so that retention finds those of an event, and those of none, without a search. */
async function joinEvents(tx: Tx, eventOf: Grouped['eventOf']): Promise<void> {
  if (eventOf.size === 0) return;
  await tx`
    update frames set event_id = joined.event_id
    from unnest(${[...eventOf.keys()]}::uuid[], ${[...eventOf.values()]}::uuid[]) as joined(frame_id, event_id)
    where frames.id = joined.frame_id`;
}

async function insertDetections(
  tx: Tx,
  seen: readonly Judged[],
  { eventOf }: Grouped,
  newId: NewId,
): Promise<Detection[]> {
  const detections = seen.flatMap(({ frame, objects, model }) =>
    objects.map((object): Detection => {
      const eventId = object.suppressedBy === null ? eventOf.get(frame.id) : null;
      if (eventId === undefined) throw new Error(`frame ${frame.id} was grouped into no event`);
      const { id: frameId, cameraId, capturedAt } = frame;
      return { id: newId(), frameId, eventId, cameraId, capturedAt, model, ...object };
    }),
  );
  const column = <T>(pick: (detection: Detection) => T): T[] => detections.map(pick);
  await tx`
    insert into detections (id, frame_id, event_id, camera_id, label, score, x, y, width, height, captured_at, model,
      suppressed_by, zone_ids)
    select id, frame_id, event_id, camera_id, label, score, x, y, width, height, captured_at, model, suppressed_by, zone_ids::uuid[]
    from unnest(${column((d) => d.id)}::uuid[], ${column((d) => d.frameId)}::uuid[], ${column((d) => d.eventId)}::uuid[],
      ${column((d) => d.cameraId)}::text[], ${column((d) => d.label)}::text[], ${column((d) => d.score)}::real[],
      ${column((d) => d.bbox.x)}::int[], ${column((d) => d.bbox.y)}::int[], ${column((d) => d.bbox.width)}::int[],
      ${column((d) => d.bbox.height)}::int[], ${column((d) => toTime(d.capturedAt))}::timestamptz[], ${column((d) => d.model)}::text[],
      ${column((d) => d.suppressedBy)}::text[], ${column((d) => `{${d.zoneIds.join(',')}}`)}::text[]) as given(id, frame_id,
      event_id, camera_id, label, score, x, y, width, height, captured_at, model, suppressed_by, zone_ids)`;
  return detections;
}

function sayAll(
  say: Say,
  seen: readonly Judged[],
  detections: readonly Detection[],
  events: readonly CameraEvent[],
  { opened }: Grouped,
): void {
  const byFrame = groupBy(detections, ({ frameId }) => frameId);
  for (const { frame } of seen) {
    const found = (byFrame.get(frame.id) ?? []).map(toDetectionWire);
    say({ type: 'detection.created', data: { frame: toFrameWire(frame), detections: found } });
  }
  for (const event of events)
    say({ type: opened.has(event.id) ? 'event.opened' : 'event.updated', data: toEventWire(event) });
}
