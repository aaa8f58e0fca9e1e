/**
 * Cameras that go with all that came through them. Each step is a transaction of its own, which deletes some rows and asks
 * for the removal of their files; whatever is interrupted goes on by the mark on the camera, which is the last row to go.
 * A round takes so many steps and no more: the disk may fill, and things grow old, while years of a camera are deleted.
 * What still arrives for it in that time, because some process had not heard, goes the same way.
 */
import type { Tx } from '../db/index.ts';
import { requestRemoval, RETENTION_LOCK } from '../db/media-removals.ts';
import { isFinal } from '../lib/errors.ts';
import { toFiles } from './forget.ts';
import { removeDue, type RemoverOptions } from './removals.ts';
import { STEP_FRAMES_MAX, type Tally, type WalkEnd } from './walk.ts';

/** Of about as many frames as a step without events has. */
const STEP_EVENTS_MAX = 10;
export const ROUND_STEPS_MAX = 20;

interface PurgeOptions extends RemoverOptions {
  readonly tally: Tally;
  readonly signal: AbortSignal;
}

interface FileRow {
  readonly id: string;
  readonly mediaPath: string | null;
  readonly bytes: number;
}

/** `gone`: nothing is left of it, nor it itself. `locked`: another works on what is left. */
type Step = 'more' | 'gone' | 'locked' | 'busy';

/** `enough`: there is more, for the next round. */
export async function purgeCameras(options: PurgeOptions): Promise<WalkEnd> {
  const cameras = await options.db.query(
    (sql) => sql<{ id: string }[]>`
      select id from cameras where purge_requested_at is not null order by purge_requested_at, id`,
  );
  const steps = { left: ROUND_STEPS_MAX };
  for (const { id } of cameras) {
    const end = await purgeCamera(options, id, steps);
    if (end !== 'exhausted') return end;
  }
  return 'exhausted';
}

async function purgeCamera(options: PurgeOptions, cameraId: string, steps: { left: number }): Promise<WalkEnd> {
  const { db, log, tally, signal } = options;
  while (!signal.aborted) {
    if (steps.left === 0) return 'enough';
    steps.left -= 1;
    const step = await db
      .transaction((tx) => purgeStep(tx, cameraId, tally))
      .catch((thrown: unknown) => {
        if (!isFinal(thrown)) throw thrown;
        // Something came in that very moment; it goes with the next round.
        log.debug({ camera_id: cameraId, err: thrown }, 'purge: a step is tried again');
        return 'locked' as const;
      });
    tally.files += (await removeDue(options, signal)).files;
    if (step === 'gone') log.info({ camera_id: cameraId }, 'the camera was purged');
    if (step === 'busy') return 'busy';
    if (step !== 'more') return 'exhausted';
  }
  return 'stopped';
}

/** Locks in the order of the house: frames, events; none is waited for. */
async function purgeStep(tx: Tx, cameraId: string, tally: Tally): Promise<Step> {
  const [lock] = await tx<{ isOurs: boolean }[]>`select pg_try_advisory_xact_lock(${RETENTION_LOCK}) as is_ours`;
  if (!lock?.isOurs) return 'busy';
  const events = await forgetEvents(tx, cameraId);
  const rows = events.count > 0 ? events.frames : await forgetFrames(tx, cameraId);
  const clips = events.count + rows.length > 0 ? [] : await forgetClips(tx, cameraId);
  const files = toFiles([...rows, ...clips]);
  await requestRemoval(tx, [...files.keys()]);
  tally.events += events.count;
  tally.frames += rows.length;
  tally.clips += clips.length;
  tally.bytes += [...files.values()].reduce((sum, bytes) => sum + bytes, 0);
  if (events.count + rows.length + clips.length > 0) return 'more';
  return forgetCamera(tx, cameraId);
}

/** The oldest first, by an index. Analyses and alerts go with them, and what is on its way to a channel. Their frames are locked first, and go with them as far as nobody has them in hand. */
async function forgetEvents(tx: Tx, cameraId: string): Promise<{ count: number; frames: readonly FileRow[] }> {
  const frames = await tx<(FileRow & { eventId: string })[]>`
    select id, event_id, media_path, bytes from frames
    where event_id in (select id from events where camera_id = ${cameraId} order by started_at, id limit ${STEP_EVENTS_MAX})
    order by id for update skip locked`;
  const events = await tx<{ id: string }[]>`
    select id from events where id in (select id from events where camera_id = ${cameraId} order by started_at, id limit ${STEP_EVENTS_MAX})
    order by id for update skip locked`;
  const ids = events.map(({ id }) => id);
  if (ids.length === 0) return { count: 0, frames: [] };
  const going = frames.filter(({ eventId }) => ids.includes(eventId));
  await tx`delete from detections where event_id = any(${ids}::uuid[])`;
  await tx`delete from deliveries using alerts where alerts.id = alert_id and event_id = any(${ids}::uuid[])`;
  await tx`delete from events where id = any(${ids}::uuid[])`;
  await deleteFrames(tx, going);
  return { count: ids.length, frames: going };
}

/** In whatever state: a result that comes for one that is gone changes nothing. */
async function forgetFrames(tx: Tx, cameraId: string): Promise<readonly FileRow[]> {
  const frames = await tx<FileRow[]>`
    select id, media_path, bytes from frames where camera_id = ${cameraId} order by captured_at, id limit ${STEP_FRAMES_MAX}
    for update skip locked`;
  await deleteFrames(tx, frames);
  return frames;
}

async function deleteFrames(tx: Tx, frames: readonly FileRow[]): Promise<void> {
  const ids = frames.map(({ id }) => id);
  if (ids.length === 0) return;
  await tx`delete from detections where frame_id = any(${ids}::uuid[])`;
  await tx`delete from frames where id = any(${ids}::uuid[])`;
}

const forgetClips = (tx: Tx, cameraId: string): Promise<readonly FileRow[]> => tx<FileRow[]>`
  delete from clips where id in (
    select id from clips
    where camera_id = ${cameraId} and not exists (select from frames where clip_id = clips.id)
    order by captured_at, id limit ${STEP_FRAMES_MAX} for update skip locked)
  returning id, media_path, bytes`;

/** Zones and stationary objects go with it; and what was said of it by alerts that retention deleted long ago. */
async function forgetCamera(tx: Tx, cameraId: string): Promise<Step> {
  await tx`delete from deliveries where payload #>> '{data,alert,camera_id}' = ${cameraId}`;
  const gone = await tx`
    delete from cameras where id = ${cameraId} and purge_requested_at is not null
      and not exists (select from frames where camera_id = ${cameraId})
      and not exists (select from events where camera_id = ${cameraId})
      and not exists (select from clips where camera_id = ${cameraId})
    returning 1`;
  return gone.length > 0 ? 'gone' : 'locked';
}
