/**
 * Another chance for dead letters, because a person asks for it. In prose: a dead frame whose picture is kept becomes
 * `pending` again with all its attempts before it; its last error stays to be seen until it is done, and what was a suspect
 * stays one. A dead frame that was never read as a picture, and whose file still lies in the inbox, is forgotten together
 * with that file: when ingest next looks at the file, it is new to it (a limit may have been raised meanwhile). Nothing can
 * be done for junk that was taken out of the inbox.
 */
import type { Database, Tx } from '../db/index.ts';
import { requestRemoval } from '../db/media-removals.ts';
import { toFrame, type FrameRow } from '../db/rows.ts';
import { NightjarError, type ErrorKind } from '../lib/errors.ts';
import type { Frame } from '../model/index.ts';
import { FRAMES_CHANNEL } from './notice.ts';

/** In one transaction: a hundred thousand dead letters hold nobody up. */
const STEP_MAX = 500;

/** Of all dead letters, those that pass every filter; the times are those of capture, `until` excluded. */
export interface DeadFilter {
  readonly cameraId?: string | undefined;
  readonly kind?: ErrorKind | undefined;
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
}

export interface Requeued {
  /** `forgotten`: its file in the inbox will be looked at anew, and be another frame. */
  readonly outcome: 'pending' | 'forgotten';
  /** As it is now; as it was, when it is forgotten. */
  readonly frame: Frame;
}

export interface Requeue {
  /** Throws `not_found`, and `conflict`, with the reason, for what cannot be examined again. */
  one(id: string): Promise<Requeued>;
  /** All that have a picture, newest first; resolves to how many. What dies again meanwhile is not taken up once more. */
  dead(filter: DeadFilter): Promise<number>;
}

export interface RequeueOptions {
  readonly db: Database;
  readonly hasMedia: (mediaPath: string) => Promise<boolean>;
}

export function createRequeue({ db, hasMedia }: RequeueOptions): Requeue {
  async function assertPictureKept({ mediaPath }: Frame): Promise<void> {
    if (mediaPath === null || !(await hasMedia(mediaPath)))
      throw new NightjarError('conflict', 'its file is not in the media store any more');
  }

  return {
    async one(id) {
      const frame = await readFrame(db, id);
      if (frame.state !== 'dead')
        throw new NightjarError('conflict', `it is ${frame.state}: only dead letters can be queued again`);
      if (frame.width === null || frame.sha256 === null) return forget(db, frame);
      await assertPictureKept(frame);
      const [row] = await db.transaction((tx) => revive(tx, tx`select id from frames where id = ${id} and state = 'dead' for update`)); // prettier-ignore
      if (!row) throw new NightjarError('conflict', 'it was changed by another at the same moment');
      return { outcome: 'pending', frame: toFrame(row) };
    },
    async dead(filter) {
      let count = 0;
      for (let last: FrameRow | undefined; ;) {
        const rows = await db.transaction((tx) => revive(tx, toStep(tx, filter, last)));
        last = rows.at(-1);
        if (!last) return count;
        count += rows.length;
      }
    },
  };
}

/** The frames that `picked` selects, pending again; newest first. Wakes those who examine, once it is committed. */
async function revive(tx: Tx, picked: ReturnType<Tx>): Promise<readonly FrameRow[]> {
  const rows = await tx<FrameRow[]>`
    update frames set state = 'pending', attempts = 0, available_at = now(), processed_at = null
    from (${picked}) as picked where frames.id = picked.id returning frames.*`;
  if (rows.length > 0) await tx`select pg_notify(${FRAMES_CHANNEL}, '')`;
  return [...rows].sort((a, b) => b.capturedAt.getTime() - a.capturedAt.getTime() || (a.id < b.id ? 1 : -1));
}

/** The next of those that can be examined, below the last one of the step before: each is met once. */
function toStep(tx: Tx, { cameraId, kind, since, until }: DeadFilter, last: FrameRow | undefined): ReturnType<Tx> {
  const filters = [
    tx`state = 'dead' and sha256 is not null and media_type is not null and media_path is not null and width > 0 and height > 0`,
    ...(last ? [tx`(captured_at, id) < (${last.capturedAt}, ${last.id})`] : []),
    ...(cameraId === undefined ? [] : [tx`camera_id = ${cameraId}`]),
    ...(kind === undefined ? [] : [tx`error_kind = ${kind}`]),
    ...(since === undefined ? [] : [tx`captured_at >= ${since}`]),
    ...(until === undefined ? [] : [tx`captured_at < ${until}`]),
  ];
  const where = filters.reduce((all, one) => tx`${all} and ${one}`);
  // Not `skip locked`: what retention is just deleting is waited for, and what it leaves is not overlooked.
  return tx`select id from frames where ${where} order by captured_at desc, id desc limit ${STEP_MAX} for update`;
}

async function readFrame(db: Database, id: string): Promise<Frame> {
  const [row] = await db.query((sql) => sql<FrameRow[]>`select * from frames where id = ${id}`);
  if (!row) throw new NightjarError('not_found', 'there is no frame with this id');
  return toFrame(row);
}

function forget(db: Database, frame: Frame): Promise<Requeued> {
  return db.transaction(async (tx) => {
    const rows = await tx`select from frames where id = ${frame.id} and state = 'dead' for update`;
    const files = await tx`delete from inbox_files where frame_id = ${frame.id} returning path`;
    if (rows.length === 0 || files.length === 0)
      throw new NightjarError('conflict', 'it never was a picture that could be read, and its file is not in the inbox: there is nothing to examine'); // prettier-ignore
    await tx`delete from frames where id = ${frame.id}`;
    if (frame.mediaPath !== null) await requestRemoval(tx, [frame.mediaPath]);
    return { outcome: 'forgotten', frame };
  });
}
