/**
 * Another chance for dead letters, because a person asks for it. In prose: a dead frame whose picture is kept becomes
 * `pending` again with all its attempts before it; its last error stays to be seen until it is done, and what was a suspect
 * stays one. A dead frame that was never read as a picture, and whose file still lies in the inbox, is forgotten together
 * with that file: ingest is told to look again, and the file is new to it (a limit may have been raised meanwhile). For the same
 * reason junk that was taken out of the inbox, and kept, is looked at once more (junk.ts). A dead clip is like a frame with a picture; the frames that were
 * cut from it stay, and it goes on after them.
 */
import type { Database, Tx } from '../db/index.ts';
import { requestRemoval } from '../db/media-removals.ts';
import { toClip, toFrame, type ClipRow, type FrameRow } from '../db/rows.ts';
import { NightjarError } from '../lib/errors.ts';
import type { Clip } from '../model/clip.ts';
import type { Frame } from '../model/index.ts';
import { isKeptJunk, lookAgain, lookAgainAtAll, type Inspect } from './junk.ts';
import { CLIPS_CHANNEL, FRAMES_CHANNEL, INBOX_CHANNEL } from './notice.ts';
import { reviveDead, reviveOne, type AlsoStep, type DeadFilter, type RevivedLedger } from './revive.ts';

export interface Requeued {
  /** `forgotten`: its file in the inbox will be looked at anew, and be another frame. */
  readonly outcome: 'pending' | 'forgotten';
  /** As it is now; as it was, when it is forgotten. */
  readonly frame: Frame;
}

/** Part of the transaction of the change; `after` is null for what is forgotten. */
type Also<Noun> = (tx: Tx, change: { readonly before: Noun; readonly after: Noun | null }) => Promise<void>;

export interface Requeue {
  /** Throws `not_found`, and `conflict`, with the reason, for what cannot be examined again. */
  one(id: string, also?: Also<Frame>): Promise<Requeued>;
  /** All that are, or are by now, a picture, newest first; resolves to how many. What dies again meanwhile is not taken up once more. */
  dead(filter: DeadFilter, also?: AlsoStep): Promise<number>;
}

export interface ClipRequeue {
  /** Throws `not_found`, and `conflict`, with the reason, for what cannot be cut again. */
  one(id: string, also?: Also<Clip>): Promise<Clip>;
  /** As that of frames. */
  dead(filter: DeadFilter, also?: AlsoStep): Promise<number>;
}

export interface RequeueOptions {
  readonly db: Database;
  readonly hasMedia: (mediaPath: string) => Promise<boolean>;
  readonly inspect: Inspect;
}

const frames: RevivedLedger = {
  table: 'frames',
  channel: FRAMES_CHANNEL,
  hasContent: (tx) =>
    tx`sha256 is not null and media_type is not null and media_path is not null and width > 0 and height > 0`,
};

const clips: RevivedLedger = {
  table: 'clips',
  channel: CLIPS_CHANNEL,
  hasContent: (tx) => tx`media_path is not null`,
};

export function createRequeue({ db, hasMedia, inspect }: RequeueOptions): Requeue {
  return {
    async one(id, also) {
      const before = toFrame(await readDead<FrameRow>(db, 'frame', id));
      const isJunk = isKeptJunk(before);
      if (!isJunk && (before.width === null || before.sha256 === null)) return forget(db, before, also);
      await assertKept(before, hasMedia);
      if (isJunk) await lookAgain(db, inspect, before);
      const frame = await db.transaction(async (tx) => {
        const after = toFrame((await reviveOne<FrameRow>(tx, frames, id)) ?? throwChanged());
        await also?.(tx, { before, after });
        return after;
      });
      return { outcome: 'pending', frame };
    },
    async dead(filter, also) {
      await lookAgainAtAll(db, inspect, filter);
      return reviveDead(db, { ledger: frames, filter, also });
    },
  };
}

export function createClipRequeue({ db, hasMedia }: Pick<RequeueOptions, 'db' | 'hasMedia'>): ClipRequeue {
  return {
    async one(id, also) {
      const before = await readDead<ClipRow>(db, 'clip', id);
      await assertKept(before, hasMedia);
      return db.transaction(async (tx) => {
        const after = toClip((await reviveOne<ClipRow>(tx, clips, id)) ?? throwChanged());
        await also?.(tx, { before: toClip(before), after });
        return after;
      });
    },
    dead: (filter, also) => reviveDead(db, { ledger: clips, filter, also }),
  };
}

async function readDead<R extends FrameRow | ClipRow>(db: Database, noun: 'frame' | 'clip', id: string): Promise<R> {
  const [row] = await db.query((sql) => sql<R[]>`select * from ${sql(`${noun}s`)} where id = ${id}`);
  if (!row) throw new NightjarError('not_found', `there is no ${noun} with this id`);
  if (row.state === 'dead') return row;
  throw new NightjarError('conflict', `it is ${row.state}: only dead letters can be queued again`);
}

async function assertKept({ mediaPath }: { mediaPath: string | null }, hasMedia: RequeueOptions['hasMedia']) {
  if (mediaPath === null || !(await hasMedia(mediaPath)))
    throw new NightjarError('conflict', 'its file is not in the media store any more');
}

function throwChanged(): never {
  throw new NightjarError('conflict', 'it was changed by another at the same moment');
}

function forget(db: Database, frame: Frame, also?: Also<Frame>): Promise<Requeued> {
  return db.transaction(async (tx) => {
    const rows = await tx`select from frames where id = ${frame.id} and state = 'dead' for update`;
    const files = await tx`delete from inbox_files where frame_id = ${frame.id} returning path`;
    if (rows.length === 0 || files.length === 0)
      throw new NightjarError('conflict', 'it never was a picture that could be read, and its file is not in the inbox: there is nothing to examine'); // prettier-ignore
    await tx`delete from frames where id = ${frame.id}`;
    if (frame.mediaPath !== null) await requestRemoval(tx, [frame.mediaPath]);
    await tx`select pg_notify(${INBOX_CHANNEL}, '')`;
    await also?.(tx, { before: frame, after: null });
    return { outcome: 'forgotten', frame };
  });
}
