/**
 * The queue: the ledger of frames in PostgreSQL, and that of clips (clips/queue.ts), which become frames.
 *
 * In: arrivals (from ingest), results and failures (from the detect worker). Out: leased frames, fair among cameras,
 * newest first with a share for the oldest. Durable from the moment `record` resolves.
 * Fails with `unavailable` while the database is away; nothing is held in memory that is not in the ledger.
 * Limits: attempts per frame and clip, lease time, 200 arrivals in one transaction (50 clips), 1,000 folders remembered.
 */
import { createOwnerLock, type Database, type DatabaseTarget, type Transact, type Tx } from '../db/index.ts';
import type { Clock } from '../lib/clock.ts';
import { createCoalescer } from '../lib/coalesce.ts';
import { isFinal, type NightjarError } from '../lib/errors.ts';
import type { NewId } from '../lib/id.ts';
import type { Logger } from '../lib/log.ts';
import { createLoop } from '../lib/loop.ts';
import type { ClipArrival, ClipLedger } from '../model/clip.ts';
import type { Arrival, Frame, InboxFile, LeasedFrame } from '../model/index.ts';
import { recordArrivals, type Recorded } from './arrivals.ts';
import { resolveCamera } from './cameras.ts';
import { claim, createOldestShare } from './claim.ts';
import { completeFrames } from './complete.ts';
import { failFrame, reapLeases, releaseFrames, renewLeases, toReapedSentence, type Absent } from './leases.ts';
import { createClipQueue } from './clips/queue.ts';
import { createReaper } from './reaper.ts';
import { claimSuspect, hasSuspects } from './suspects.ts';
import { createNotices, FRAMES_CHANNEL } from './notice.ts';

export { createBatcher, type Batcher } from './batcher.ts';
export { createNotices, INBOX_CHANNEL } from './notice.ts';
export { createClipRequeue, createRequeue } from './requeue.ts';
export type { ClipRequeue, Requeue, Requeued, RequeueOptions } from './requeue.ts';
export type { DeadFilter } from './revive.ts';

const ARRIVALS_PER_TRANSACTION_MAX = 200;
const FOLDERS_REMEMBERED_MAX = 1_000;
/** Not for ever: a camera may be deleted, or its folder moved, through any process' API. */
const FOLDER_REMEMBERED_MS = 5_000;
const RENEWALS_PER_LEASE = 3;

export interface QueueOptions {
  readonly db: Database;
  readonly target: DatabaseTarget;
  readonly transact: Transact;
  readonly clock: Clock;
  readonly log: Logger;
  readonly newId: NewId;
  readonly leaseMs: number;
  readonly attemptsMax: number;
  /** Cameras that are made unasked, for folders that fill. */
  readonly camerasMax: number;
  /** Whether something is stored under a media path: asked only where the same content is being removed. */
  readonly isStored: (mediaPath: string) => Promise<boolean>;
  /** Called when there may be frames to claim. */
  readonly onPending: () => void;
  /** Called when there may be a clip to cut. */
  readonly onClip: () => void;
}

export interface Queue {
  /** Throws `forbidden` when the folder is unknown and there are as many cameras as may be made unasked. */
  resolveCamera(folder: string): Promise<{ readonly id: string }>;
  record(arrival: Arrival): Promise<Recorded>;
  recordClip(arrival: ClipArrival): Promise<Recorded>;
  isKnownFile(file: InboxFile): Promise<boolean>;
  readonly clips: ClipLedger;
  claim(count: number): Promise<readonly LeasedFrame[]>;
  /** Whether a frame waits that a process died with. */
  hasSuspects(): Promise<boolean>;
  /** One of those, or none. */
  claimSuspect(): Promise<readonly LeasedFrame[]>;
  /** Inside the caller's transaction; see complete.ts. */
  complete(tx: Tx, frames: readonly LeasedFrame[]): Promise<ReadonlyMap<LeasedFrame, Frame>>;
  fail(frame: LeasedFrame, error: NightjarError): Promise<void>;
  /** Hands frames back, the attempt uncounted. */
  release(frames: readonly LeasedFrame[]): Promise<void>;
  /** Nobody works on it any more, whatever came of it: its lease is not renewed again. */
  forget(frame: LeasedFrame): void;
  depths(): Promise<QueueDepths>;
  close(): Promise<void>;
}

export interface QueueDepths {
  readonly pending: number;
  readonly leased: number;
  readonly dead: number;
  readonly clips: { readonly pending: number; readonly leased: number; readonly dead: number };
  /** Age of the oldest pending frame, seconds since it was received; null when none is pending. */
  readonly oldest_pending_s: number | null;
}

export async function createQueue(options: QueueOptions): Promise<Queue> {
  const { db, transact, clock, log, leaseMs, attemptsMax, camerasMax } = options;
  const lock = createOwnerLock(options.target);
  await lock.renew();
  const lease = { owner: lock.owner, leaseMs };
  /** By identity: the same frame may be leased again under the same number while an earlier lease is being given up. */
  const held = new Set<LeasedFrame>();
  const folders = new Map<string, { readonly id: string; readonly untilMs: number }>();
  const takeOldest = createOldestShare();
  const notices = await createNotices({ db, log, channel: FRAMES_CHANNEL, onNotice: options.onPending });

  function wakeAll(): void {
    options.onPending();
    notices.tell();
  }

  const clips = await createClipQueue({ ...options, lock, onFrames: wakeAll });

  const record = createCoalescer<Arrival, Recorded>({
    sizeMax: ARRIVALS_PER_TRANSACTION_MAX,
    isOfOne: isFinal,
    run: async (arrivals) => {
      const recorded = await transact((tx, say) => recordArrivals(tx, say, arrivals, options));
      wakeAll();
      return recorded;
    },
  });

  async function reap(absent: Absent): Promise<boolean> {
    const reaped = await transact((tx, say) => reapLeases(tx, say, attemptsMax, absent));
    if (reaped.frames === 0) return false;
    log.warn(reaped, toReapedSentence(reaped));
    options.onPending();
    return true;
  }
  const reaper = createReaper({ db, lock, reaps: [reap, clips.reap], clock, log });

  const renewer = createLoop({
    name: 'lease renewal',
    clock,
    log,
    idleMs: leaseMs / RENEWALS_PER_LEASE,
    runOnce: async () => {
      if (held.size > 0) await db.query((sql) => renewLeases(sql, lock.owner, [...held], leaseMs));
      return false;
    },
  });

  function hold(frames: readonly LeasedFrame[]): readonly LeasedFrame[] {
    for (const frame of frames) held.add(frame);
    return frames;
  }

  return {
    async resolveCamera(folder) {
      const known = folders.get(folder);
      if (known && clock.nowMs() < known.untilMs) return known;
      const camera = await transact((tx, say) => resolveCamera(tx, say, { folder, camerasMax }));
      if (folders.size >= FOLDERS_REMEMBERED_MAX) folders.clear();
      folders.set(folder, { id: camera.id, untilMs: clock.nowMs() + FOLDER_REMEMBERED_MS });
      return camera;
    },
    record: (arrival) => record.add(arrival),
    recordClip: clips.recordClip,
    clips,
    async isKnownFile({ path, bytes, mtimeNs }) {
      const rows = await db.query((sql) => sql`
        select from inbox_files where path = ${path} and bytes = ${bytes} and mtime_ns = ${mtimeNs}`); // prettier-ignore
      return rows.length > 0;
    },
    claim: async (count) => hold(await db.query((sql) => claim(sql, count, takeOldest(count), lease))),
    hasSuspects: () => db.query(hasSuspects),
    async claimSuspect() {
      const frame = await db.query((sql) => claimSuspect(sql, lease));
      return hold(frame ? [frame] : []);
    },
    complete: (tx, frames) => completeFrames(tx, lock.owner, frames),
    fail: (frame, error) =>
      transact((tx, say) => failFrame(tx, say, { frame, owner: lock.owner }, { error, attemptsMax })),
    release: (frames) => db.query((sql) => releaseFrames(sql, lock.owner, frames)),
    forget: (frame) => void held.delete(frame),
    depths: () => readDepths(db),
    async close() {
      await Promise.all([clips.close(), reaper.close(), renewer.close(), notices.close(), record.idle()]);
      await lock.close();
    },
  };
}

interface DepthsRow {
  readonly pending: number;
  readonly leased: number;
  readonly dead: number;
  readonly clipsPending: number;
  readonly clipsLeased: number;
  readonly clipsDead: number;
  readonly oldestS: number | null;
}

async function readDepths(db: Database): Promise<QueueDepths> {
  const [row] = await db.query((sql) => sql<DepthsRow[]>`
    select (select count(*) from frames where state = 'pending') as pending,
      (select count(*) from frames where state = 'leased') as leased,
      (select count(*) from frames where state = 'dead') as dead,
      (select count(*) from clips where state = 'pending') as clips_pending,
      (select count(*) from clips where state = 'leased') as clips_leased,
      (select count(*) from clips where state = 'dead') as clips_dead,
      (select extract(epoch from now() - min(received_at))::float8 from frames where state = 'pending') as oldest_s`); // prettier-ignore
  return {
    pending: row?.pending ?? 0,
    leased: row?.leased ?? 0,
    dead: row?.dead ?? 0,
    clips: { pending: row?.clipsPending ?? 0, leased: row?.clipsLeased ?? 0, dead: row?.clipsDead ?? 0 },
    oldest_pending_s: row?.oldestS ?? null,
  };
}
