/** The lists of frames and of clips: by camera and state; and the frames of one event, or of one clip. */
import { eq, inArray } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import { tables, type Orm } from '../../db/index.ts';
import type { FrameState } from '../../model/index.ts';
import { toPage, type Page, type PageQuery } from '../pagination.ts';
import type { ClipRow, FrameRow } from '../rows.ts';
import { heldCameras, ofCameras } from './seen.ts';
import { inSpan, type Span } from './span.ts';
import { count, countTallied } from './totals.ts';
import { inOrder, toAfter, walk, type Held, type Walked } from './walks.ts';

const { clips, frames } = tables;
type Ledger = typeof frames | typeof clips;

export interface LedgerFilters extends Span {
  /** Null for all. */
  readonly cameraIds: readonly string[] | null;
  readonly state?: FrameState | undefined;
}

/** Throws `invalid` for a cursor that is not one of this list, as the others here do. */
export async function readFrames(orm: Orm, filters: LedgerFilters, page: PageQuery): Promise<Page<FrameRow>> {
  const walked = await walkLedger(orm, frames, filters, page);
  return toFramePage(orm, walked, page.count ? await countAll(orm, frames, 'frame_state', filters) : undefined);
}

/** All frames of an event or of a clip: whoever may see that may see them. */
export async function readFramesOf(
  orm: Orm,
  owner: { readonly column: PgColumn; readonly id: string },
  page: PageQuery,
): Promise<Page<FrameRow>> {
  const held: readonly Held[] = [{ column: owner.column, values: [owner.id] }];
  const source = { table: frames, at: frames.capturedAt, id: frames.id, held, span: {} };
  const walked = await walk(orm, source, { after: toAfter(page, frames.id), limit: page.limit });
  const total = page.count ? await count(orm, frames, [eq(owner.column, owner.id)]) : undefined;
  return toFramePage(orm, walked, total);
}

export async function readClips(orm: Orm, filters: LedgerFilters, page: PageQuery): Promise<Page<ClipRow>> {
  const { keys, next } = await walkLedger(orm, clips, filters, page);
  const ids = keys.map(({ id }) => id);
  const rows = ids.length === 0 ? [] : await orm.select().from(clips).where(inArray(clips.id, ids));
  return toPage(inOrder(rows, keys), next, page.count ? await countAll(orm, clips, 'clip_state', filters) : undefined);
}

async function walkLedger(
  orm: Orm,
  table: Ledger,
  { cameraIds, state, ...span }: LedgerFilters,
  page: PageQuery,
): Promise<Walked> {
  if (cameraIds?.length === 0) return { keys: [], next: null };
  const states: readonly Held[] = state === undefined ? [] : [{ column: table.state, values: [state] }];
  const held = [...heldCameras(table.cameraId, cameraIds), ...states];
  const source = { table, at: table.capturedAt, id: table.id, held, span };
  return walk(orm, source, { after: toAfter(page, table.id), limit: page.limit });
}

async function toFramePage(orm: Orm, { keys, next }: Walked, total: number | undefined): Promise<Page<FrameRow>> {
  const ids = keys.map(({ id }) => id);
  const rows = ids.length === 0 ? [] : await orm.select().from(frames).where(inArray(frames.id, ids));
  return toPage(inOrder(rows, keys), next, total);
}

function countAll(orm: Orm, table: Ledger, kind: string, filters: LedgerFilters): Promise<number> {
  const { cameraIds, state, since, until } = filters;
  if ((since ?? until) === undefined) return countTallied(orm, { kinds: [kind], cameraIds, key: state });
  return count(orm, table, [
    ofCameras(table.cameraId, cameraIds),
    state && eq(table.state, state),
    ...inSpan(table.capturedAt, filters),
  ]);
}
