/**
 * Which of the objects in a frame count: by the zones of the camera as they are now, and by what has stood still there.
 * What does not count is stored and told of all the same, with the reason; it opens and extends no event.
 */
import type { Tx } from '../../db/index.ts';
import { groupBy } from '../../lib/group-by.ts';
import type { NewId } from '../../lib/id.ts';
import type { DetectedObject, Frame } from '../../model/index.ts';
import type { Suppression, Zone } from '../../model/zone.ts';
import { readMemories, readNeighbours, writeMemories, type Memories, type Neighbours } from './memory.ts';
import { seeFrame, type SceneBox, type SceneRules } from './stationary.ts';
import { judgeByZones, toFootPoint, type Size } from './zones.ts';

export interface SeenFrame {
  readonly frame: Frame;
  /** Pixels of its picture. */
  readonly size: Size;
  readonly objects: readonly DetectedObject[];
}

export interface JudgedObject extends DetectedObject {
  readonly zoneIds: readonly string[];
  readonly suppressedBy: Suppression | null;
}

export interface SceneOptions {
  /** Undefined: nothing is too still to count. */
  readonly stationaryMs: number | undefined;
  readonly newId: NewId;
}

/** The cameras must be locked. */
export async function judgeScene<Seen extends SeenFrame>(
  tx: Tx,
  seen: readonly Seen[],
  { stationaryMs, newId }: SceneOptions,
): Promise<readonly (Seen & { readonly objects: readonly JudgedObject[] })[]> {
  if (seen.length === 0) return [];
  const frames = seen.map(({ frame }) => frame);
  const cameraIds = [...new Set(frames.map(({ cameraId }) => cameraId))];
  const remembering = stationaryMs !== undefined;
  // Asked at once, these are one round trip.
  const [zones, memories, neighbours] = await Promise.all([
    readZones(tx, cameraIds),
    remembering ? readMemories(tx, cameraIds) : new Map<never, never>(),
    remembering ? readNeighbours(tx, frames) : new Map<never, never>(),
  ]);
  const zonesOf = groupBy(zones, ({ cameraId }) => cameraId);
  const judged = seen.map((one) => ({ ...one, objects: judgeObjects(one, zonesOf.get(one.frame.cameraId) ?? []) }));
  if (!remembering) return judged;
  const { stationary, after } = findStationary(judged, { memories, neighbours, rules: { stationaryMs, newId } });
  await writeMemories(tx, memories, after);
  const suppress = (object: JudgedObject): JudgedObject =>
    stationary.has(object) ? { ...object, suppressedBy: 'stationary' } : object;
  return judged.map((one) => ({ ...one, objects: one.objects.map(suppress) }));
}

/** Read anew each time: a change of zones holds for the next frame, whichever process examines it. */
const readZones = (tx: Tx, cameraIds: string[]) => tx<Zone[]>`
  select * from zones where camera_id = any(${cameraIds}::text[]) and enabled order by created_at, id`;

const judgeObjects = ({ objects, size }: SeenFrame, zones: readonly Zone[]): readonly JudgedObject[] =>
  objects.map((object) => ({ ...object, ...judgeByZones(zones, object.label, toFootPoint(object.bbox, size)) }));

interface Judged extends SeenFrame {
  readonly objects: readonly JudgedObject[];
}

interface Known {
  readonly memories: Memories;
  readonly neighbours: ReadonlyMap<string, Neighbours>;
  readonly rules: SceneRules;
}

const counts = ({ suppressedBy }: JudgedObject): boolean => suppressedBy === null;

/** Frames are taken up by their time. Only what counts by the zones is remembered. */
function findStationary(judged: readonly Judged[], { memories, neighbours, rules }: Known) {
  const after = new Map(memories);
  const stationary = new Set<JudgedObject>();
  for (const one of judged.toSorted((a, b) => a.frame.capturedAt.getTime() - b.frame.capturedAt.getTime())) {
    const { id, cameraId } = one.frame;
    const objects = one.objects.filter(counts);
    if (objects.length === 0) continue;
    const scene = seeFrame(after.get(cameraId) ?? [], toSceneFrame({ ...one, objects }, neighbours.get(id)), rules);
    after.set(cameraId, scene.memory);
    for (const [index, object] of objects.entries()) if (scene.stationary[index]) stationary.add(object);
  }
  return { stationary, after };
}

function toSceneFrame({ frame, size, objects }: Judged, neighbours: Neighbours | undefined) {
  return {
    capturedMs: frame.capturedAt.getTime(),
    receivedMs: frame.receivedAt.getTime(),
    objects: objects.map(({ label, bbox }) => ({ label, box: toShares(bbox, size) })),
    ...(neighbours ?? { examinedBeforeMs: [], examinedAfterMs: [] }),
  };
}

const toShares = ({ x, y, width, height }: SceneBox, size: Size): SceneBox => ({
  x: x / size.width,
  y: y / size.height,
  width: width / size.width,
  height: height / size.height,
});
