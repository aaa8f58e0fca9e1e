/** What the tests of this folder share: a camera of its own for each test, and frames that are examined at a given time. */
import { afterEach, beforeEach } from 'vitest';
import { createCleanups } from '../../../tests/harness/cleanups.ts';
import { createTestDatabase, type TestDatabase } from '../../../tests/harness/database.ts';
import { createTestQueue, toArrival, toTransact } from '../../../tests/harness/ledger.ts';
import { readAfter } from '../../broadcast/index.ts';
import { systemClock as clock } from '../../lib/clock.ts';
import { newId } from '../../lib/id.ts';
import { silentLog as log } from '../../lib/log.ts';
import type { BBox, CameraEvent, DetectedObject, Detection, LeasedFrame } from '../../model/index.ts';
import type { Zone } from '../../model/zone.ts';
import type { Queue } from '../../queue/index.ts';
import { createEventStore } from '../index.ts';

export const rules = {
  idleMs: 30_000,
  windowMs: 90_000,
  bands: { lowMax: 29, mediumMax: 59, highMax: 84 },
  timeZone: 'UTC',
  stationaryMs: 60_000 as number | undefined,
};
const START_MS = Date.UTC(2024, 5, 10, 12);
export const at = (second: number): Date => new Date(START_MS + second * 1_000);

export let db: TestDatabase;
export let transact: ReturnType<typeof toTransact>;
let queue: Queue;
const cleanups = createCleanups();

/** To be called at the top of a test file: modules are loaded once for many files, and would do it for the first only. */
export function openForEachTest(): void {
  beforeEach(async () => {
    db = await createTestDatabase();
    cleanups.add(() => db.close());
    transact = toTransact(db);
    queue = await createTestQueue(db);
    cleanups.add(() => queue.close());
    await queue.resolveCamera('Yard');
  });
  afterEach(cleanups.run);
}

export const createStore = (given = rules) =>
  createEventStore({ transact, rules: given, clock, log, newId, complete: queue.complete });

type Store = ReturnType<typeof createStore>;

export const object = (label: string, bbox: BBox, score = 0.9): DetectedObject => ({ label, score, bbox });

export interface Shot {
  readonly second: number;
  readonly objects?: readonly DetectedObject[];
}

/** Frames of the camera, captured at these seconds, recorded and claimed. */
async function lease(shots: readonly Shot[]): Promise<readonly LeasedFrame[]> {
  const toFrame = ({ second }: Shot) => toArrival('yard', { capturedAt: at(second), width: 640, height: 480 });
  await Promise.all(shots.map((shot) => queue.record(toFrame(shot))));
  return queue.claim(shots.length);
}

/** What was found in frames, each stored before the next unless told otherwise; by each of the stores in turn. */
export async function examine(
  shots: readonly Shot[],
  { stores = [createStore()], atOnce = false }: { stores?: readonly Store[]; atOnce?: boolean } = {},
): Promise<void> {
  const frames = await lease(shots);
  const storeOne = async (shot: Shot, index: number): Promise<void> => {
    const frame = frames.find(({ capturedAt }) => capturedAt.getTime() === at(shot.second).getTime());
    if (!frame) throw new Error(`no frame of second ${shot.second}`);
    const stored = await stores[index % stores.length]?.store({ frame, objects: shot.objects ?? [], model: 'test' });
    if (!stored) throw new Error(`the frame of second ${shot.second} was not stored`);
  };
  if (atOnce) await Promise.all(shots.map(storeOne));
  else for (const [index, shot] of shots.entries()) await storeOne(shot, index);
}

export async function addZone(kind: Zone['kind'], partial: Partial<Zone> = {}): Promise<string> {
  const [id, { polygon = [[0, 0], [0.5, 0], [0.5, 1], [0, 1]], labels = [], enabled = true }] = [newId(), partial]; // prettier-ignore
  await db.query(
    (sql) => sql`
      insert into zones (id, camera_id, name, kind, polygon, labels, enabled)
      values (${id}, 'yard', ${partial.name ?? kind}, ${kind}, ${JSON.stringify(polygon)}::text::jsonb, ${[...labels]}::text[], ${enabled})`,
  );
  return id;
}

export const readEvents = () => db.query((sql) => sql<CameraEvent[]>`select * from events order by started_at, id`);
export const readDetections = () =>
  db.query((sql) => sql<Detection[]>`
    select detections.*, frames.event_id as frame_event_id from detections join frames on frames.id = frame_id
    order by detections.captured_at, label, x`); // prettier-ignore
export const readMessages = () => readAfter(db, 0, 10_000);
