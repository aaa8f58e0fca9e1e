/**
 * A clip on its way to being frames: planned once, then cut bit by bit. Each step is one transaction that holds only
 * while the lease does, so that whoever takes over goes on exactly where the last one came to. Locks: the clip before
 * its frames.
 */
import type { Sql, Tx } from '../../db/index.ts';
import { keepStored, type IsStored } from '../../db/media-removals.ts';
import { NightjarError } from '../../lib/errors.ts';
import type { NewId } from '../../lib/id.ts';
import type { ClipFrame, ClipPlan } from '../../model/clip.ts';
import { isHeld, type ClipLease } from './leases.ts';

/** Keeps the plan, if there is none yet; false if the lease was lost. */
export async function planClip(sql: Sql, lease: ClipLease, plan: ClipPlan): Promise<boolean> {
  const rows = await sql`
    update clips set
      captured_at = case when frames_planned is null then ${plan.capturedAt} else captured_at end,
      captured_from = case when frames_planned is null then ${plan.capturedFrom} else captured_from end,
      duration_ms = coalesce(duration_ms, ${plan.durationMs}), width = coalesce(width, ${plan.width}),
      height = coalesce(height, ${plan.height}), frames_planned = coalesce(frames_planned, ${plan.framesPlanned})
    where ${isHeld(sql, lease)}
    returning id`;
  return rows.length > 0;
}

export async function readRecordedOffsets(sql: Sql, clipId: string): Promise<ReadonlySet<number>> {
  const rows = await sql<{ clipOffsetMs: number }[]>`select clip_offset_ms from frames where clip_id = ${clipId}`;
  return new Set(rows.map(({ clipOffsetMs }) => clipOffsetMs));
}

/** False if the lease was lost. Throws `internal` for a clip without a plan: its time might still change. */
export async function insertClipFrames(
  tx: Tx,
  lease: ClipLease,
  frames: readonly ClipFrame[],
  { newId, isStored }: { readonly newId: NewId; readonly isStored: IsStored },
): Promise<boolean> {
  const [held] = await tx<{ framesPlanned: number | null }[]>`
    select frames_planned from clips where ${isHeld(tx, lease)} for update`;
  if (!held) return false;
  if (held.framesPlanned === null) throw new NightjarError('internal', 'a clip is planned before its frames are cut');
  const column = <T>(pick: (frame: ClipFrame) => T): T[] => frames.map(pick);
  await tx`
    insert into frames (id, camera_id, state, source_name, sha256, media_type, media_path, width, height, bytes,
      captured_at, clip_id, clip_offset_ms, trace_parent)
    select cut.id, camera_id, 'pending', source_name, cut.sha256, 'image/jpeg', cut.media_path, cut.width, cut.height,
      cut.bytes, captured_at + cut.offset_ms * interval '1 ms', clips.id, cut.offset_ms,
      cut.trace_parent
    from unnest(${frames.map(() => newId())}::uuid[], ${column((f) => f.offsetMs)}::int[], ${column((f) => f.sha256)}::text[],
      ${column((f) => f.mediaPath)}::text[], ${column((f) => f.width)}::int[], ${column((f) => f.height)}::int[],
      ${column((f) => f.bytes)}::bigint[],
      ${column((f) => f.traceParent ?? null)}::text[]) as cut(id, offset_ms, sha256, media_path, width, height, bytes, trace_parent)
    cross join clips where clips.id = ${lease.clip.id}
    on conflict (clip_id, clip_offset_ms) where clip_id is not null do nothing`;
  await keepStored(tx, column((f) => f.mediaPath), isStored); // prettier-ignore
  return true;
}

/** False if the lease was lost. */
export async function completeClip(sql: Sql, lease: ClipLease): Promise<boolean> {
  const rows = await sql`
    update clips set state = 'done', processed_at = now(), lease_owner = null, lease_expires_at = null,
      error_kind = null, error_message = null
    where ${isHeld(sql, lease)}
    returning id`;
  return rows.length > 0;
}
