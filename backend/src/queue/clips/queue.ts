/** The ledger of clips, in the hands of one process: what it holds is renewed, and handed back when it closes. */
import type { Database, OwnerLock, Transact } from '../../db/index.ts';
import type { IsStored } from '../../db/media-removals.ts';
import type { Clock } from '../../lib/clock.ts';
import { createCoalescer } from '../../lib/coalesce.ts';
import { isFinal, toMessage } from '../../lib/errors.ts';
import type { NewId } from '../../lib/id.ts';
import type { Logger } from '../../lib/log.ts';
import { createLoop } from '../../lib/loop.ts';
import type { ClipArrival, ClipLedger, LeasedClip } from '../../model/clip.ts';
import type { Recorded } from '../arrivals.ts';
import { createOldestShare } from '../claim.ts';
import type { Absent } from '../leases.ts';
import type { Reap } from '../reaper.ts';
import { recordClipArrivals } from './arrivals.ts';
import { claimClip } from './claim.ts';
import { completeClip, insertClipFrames, planClip, readRecordedOffsets } from './frames.ts';
import { failClip, reapClipLeases, releaseClip, renewClipLeases, type ClipLease } from './leases.ts';
import { createNotices, CLIPS_CHANNEL } from '../notice.ts';

const ARRIVALS_PER_TRANSACTION_MAX = 50;
const RENEWALS_PER_LEASE = 3;

export interface ClipQueueOptions {
  readonly db: Database;
  readonly transact: Transact;
  readonly lock: OwnerLock;
  readonly clock: Clock;
  readonly log: Logger;
  readonly newId: NewId;
  readonly isStored: IsStored;
  readonly leaseMs: number;
  readonly attemptsMax: number;
  /** Called when there may be a clip to claim. */
  readonly onClip: () => void;
  /** Called when frames of a clip are in the ledger. */
  readonly onFrames: () => void;
}

export interface ClipQueue extends ClipLedger {
  recordClip(arrival: ClipArrival): Promise<Recorded>;
  readonly reap: Reap;
  close(): Promise<void>;
}

export async function createClipQueue(options: ClipQueueOptions): Promise<ClipQueue> {
  const { db, transact, lock, clock, log, leaseMs, attemptsMax, onClip } = options;
  const { owner } = lock;
  const held = new Set<LeasedClip>();
  const takeOldest = createOldestShare();
  let afterCameraId = '';
  const notices = await createNotices({ db, log, channel: CLIPS_CHANNEL, onNotice: onClip });
  const toLease = (clip: LeasedClip): ClipLease => ({ clip, owner });

  const record = createCoalescer<ClipArrival, Recorded>({
    sizeMax: ARRIVALS_PER_TRANSACTION_MAX,
    isOfOne: isFinal,
    run: async (arrivals) => {
      const recorded = await transact((tx, say) => recordClipArrivals(tx, say, arrivals, options));
      onClip();
      notices.tell();
      return recorded;
    },
  });

  const renewer = createLoop({
    name: 'clip lease renewal',
    clock,
    log,
    idleMs: leaseMs / RENEWALS_PER_LEASE,
    runOnce: async () => {
      if (held.size > 0) await db.query((sql) => renewClipLeases(sql, owner, [...held], leaseMs));
      return false;
    },
  });

  async function reap(absent: Absent): Promise<boolean> {
    const reaped = await transact((tx, say) => reapClipLeases(tx, say, attemptsMax, absent));
    if (reaped === 0) return false;
    log.warn({ clips: reaped }, 'took back clips whose process was gone or silent');
    onClip();
    return true;
  }

  async function claim(): Promise<LeasedClip | undefined> {
    const turn = { afterCameraId, oldest: takeOldest(1) > 0 };
    const clip = await db.query((sql) => claimClip(sql, turn, { owner, leaseMs }));
    if (!clip) return undefined;
    if (!turn.oldest) afterCameraId = clip.cameraId;
    held.add(clip);
    return clip;
  }

  const release = (clip: LeasedClip): Promise<void> => db.query((sql) => releaseClip(sql, toLease(clip)));

  /** Whoever held one at the end did not get to it; the reaper of another process would, later. */
  async function releaseAll(): Promise<void> {
    const quiet = (thrown: unknown): void => log.debug({ reason: toMessage(thrown) }, 'a clip was not handed back');
    for (const clip of held) await release(clip).catch(quiet);
  }

  return {
    recordClip: (arrival) => record.add(arrival),
    reap,
    claimClip: claim,
    planClip: (clip, plan) => db.query((sql) => planClip(sql, toLease(clip), plan)),
    recordedOffsets: (clip) => db.query((sql) => readRecordedOffsets(sql, clip.id)),
    async recordClipFrames(clip, frames) {
      const isHeld = await db.transaction((tx) => insertClipFrames(tx, toLease(clip), frames, options));
      if (isHeld) options.onFrames();
      return isHeld;
    },
    completeClip: (clip) => db.query((sql) => completeClip(sql, toLease(clip))),
    failClip: (clip, error) => transact((tx, say) => failClip(tx, say, toLease(clip), { error, attemptsMax })),
    releaseClip: release,
    forgetClip: (clip) => void held.delete(clip),
    async close() {
      await Promise.all([renewer.close(), notices.close(), record.idle()]);
      await releaseAll();
    },
  };
}
