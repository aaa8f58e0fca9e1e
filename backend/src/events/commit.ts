/**
 * The heart of the promise: what was found in a frame, the event it opens or extends, the frame's completion and the
 * outgoing messages are ONE transaction. There is no moment at which a crash could lose or double any of them.
 *
 * Locks are taken in this order, by every transaction of the program: frames, cameras (advisory, by id), events, the
 * outbox head (by the outbox itself, last of all).
 */
import type { Say, Tx } from '../db/index.ts';
import type { EventRow } from '../db/rows.ts';
import type { NewId } from '../lib/id.ts';
import type {
  Camera,
  CameraEvent,
  DetectedObject,
  Detection,
  ExaminedFrame,
  Frame,
  LeasedFrame,
} from '../model/index.ts';
import { toDetectionWire, toEventWire, toFrameWire, toTime } from '../model/wire.ts';
import { groupBy } from '../lib/group-by.ts';
import { groupFrames, type Grouped } from './group.ts';
import { lockCameras, toEventFacts, writeEvent, type EventRules } from './rows.ts';
import { withTraces } from './traced.ts';

export interface CommitOptions {
  readonly rules: EventRules;
  readonly newId: NewId;
  /** Completes leased frames within the transaction; leaves out those whose lease was lost (queue/complete.ts). */
  readonly complete: (tx: Tx, frames: readonly LeasedFrame[]) => Promise<ReadonlyMap<LeasedFrame, Frame>>;
}

interface Completed {
  readonly frame: Frame;
  readonly objects: readonly DetectedObject[];
  readonly model: string;
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
    return completed && objects.length > 0 ? [{ frame: completed, objects, model }] : [];
  });
  const byCamera = groupBy(seen, ({ frame }) => frame.cameraId);
  await lockCameras(tx, [...byCamera.keys()]);
  const tell = withTraces(say, examined);
  for (const [cameraId, frames] of byCamera) await commitCamera(tx, tell, cameraId, frames, options);
  return examined.map(({ frame }) => done.has(frame));
}

async function commitCamera(
  tx: Tx,
  say: Say,
  cameraId: string,
  seen: readonly Completed[],
  { rules, newId }: CommitOptions,
): Promise<void> {
  const [camera] = await tx<Camera[]>`select * from cameras where id = ${cameraId}`;
  const grouped = groupFrames(await readNear(tx, cameraId, seen, rules), seen.map(toFacts), { rules, newId });
  const place = { cameraId, cameraName: camera?.name ?? cameraId };
  const events: CameraEvent[] = [];
  for (const facts of grouped.events) events.push(await writeEvent(tx, facts, place, rules));
  await joinEvents(tx, grouped.eventOf);
  const detections = await insertDetections(tx, seen, grouped, newId);
  sayAll(say, seen, detections, events, grouped);
}

const toFacts = ({ frame, objects }: Completed) => ({
  frameId: frame.id,
  capturedMs: frame.capturedAt.getTime(),
  receivedMs: frame.receivedAt.getTime(),
  objects,
});

/** The events of this camera that any of the frames could join. */
async function readNear(tx: Tx, cameraId: string, seen: readonly Completed[], rules: EventRules) {
  const times = seen.map(({ frame }) => frame.capturedAt.getTime());
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
  await tx`
    update frames set event_id = joined.event_id
    from unnest(${[...eventOf.keys()]}::uuid[], ${[...eventOf.values()]}::uuid[]) as joined(frame_id, event_id)
    where frames.id = joined.frame_id`;
}

async function insertDetections(
  tx: Tx,
  seen: readonly Completed[],
  { eventOf }: Grouped,
  newId: NewId,
): Promise<Detection[]> {
  const detections = seen.flatMap(({ frame, objects, model }) =>
    objects.map((object): Detection => {
      const eventId = eventOf.get(frame.id);
      if (eventId === undefined) throw new Error(`frame ${frame.id} was grouped into no event`);
      const { id: frameId, cameraId, capturedAt } = frame;
      return { id: newId(), frameId, eventId, cameraId, ...object, capturedAt, model, zoneIds: [], suppressedBy: null };
    }),
  );
  const column = <T>(pick: (detection: Detection) => T): T[] => detections.map(pick);
  await tx`
    insert into detections (id, frame_id, event_id, camera_id, label, score, x, y, width, height, captured_at, model)
    select * from unnest(${column((d) => d.id)}::uuid[], ${column((d) => d.frameId)}::uuid[], ${column((d) => d.eventId)}::uuid[],
      ${column((d) => d.cameraId)}::text[], ${column((d) => d.label)}::text[], ${column((d) => d.score)}::real[],
      ${column((d) => d.bbox.x)}::int[], ${column((d) => d.bbox.y)}::int[], ${column((d) => d.bbox.width)}::int[],
      ${column((d) => d.bbox.height)}::int[], ${column((d) => toTime(d.capturedAt))}::timestamptz[], ${column((d) => d.model)}::text[])`;
  return detections;
}

function sayAll(
  say: Say,
  seen: readonly Completed[],
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
