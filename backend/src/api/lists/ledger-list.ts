/** The lists of frames and of clips: by camera and state; and the frames of one event, or of one clip. */
import type { InferSelectModel } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import { tables, type Orm } from '../../db/index.ts';
import type { FrameState } from '../../model/index.ts';
import type { Page, PageQuery } from '../pagination.ts';
import type { ClipRow, FrameRow } from '../rows.ts';
import { readPage } from './read-page.ts';
import { heldCameras } from './seen.ts';
import type { Span } from './span.ts';
import { countTallied } from './totals.ts';
import type { Held } from './walks.ts';

const { clips, frames } = tables;
type Ledger = typeof frames | typeof clips;

export interface LedgerFilters extends Span {
  /** Null for all. */
  readonly cameraIds: readonly string[] | null;
  readonly state?: FrameState | undefined;
}

/** Throws `invalid` for a cursor that is not one of this list, as the others here do. */
export const readFrames = (orm: Orm, filters: LedgerFilters, page: PageQuery): Promise<Page<FrameRow>> =>
  readLedger(orm, frames, filters, page, 'frame_state');

export const readClips = (orm: Orm, filters: LedgerFilters, page: PageQuery): Promise<Page<ClipRow>> =>
  readLedger(orm, clips, filters, page, 'clip_state');

/** All frames of an event or of a clip: whoever may see that may see them. */
export function readFramesOf(
  orm: Orm,
  owner: { readonly column: PgColumn; readonly id: string },
  page: PageQuery,
): Promise<Page<FrameRow>> {
  const held: readonly Held[] = [{ column: owner.column, values: [owner.id] }];
  return readPage(orm, { table: frames, at: frames.capturedAt, id: frames.id, held, span: {} }, page);
}

function readLedger<Table extends Ledger>(
  orm: Orm,
  table: Table,
  { cameraIds, state, ...span }: LedgerFilters,
  page: PageQuery,
  kind: string,
): Promise<Page<InferSelectModel<Table>>> {
  const states: readonly Held[] = state === undefined ? [] : [{ column: table.state, values: [state] }];
  const held = [...heldCameras(table.cameraId, cameraIds), ...states];
  const isTallied = (span.since ?? span.until) === undefined;
  const counting = () => countTallied(orm, { kinds: [kind], cameraIds, key: state });
  const source = { table, at: table.capturedAt, id: table.id, held, span };
  return readPage(orm, { ...source, countTallied: isTallied ? counting : undefined }, page);
}
