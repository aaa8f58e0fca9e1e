/** Rows as the API's connections give them, as the shared nouns. */
import type { InferSelectModel } from 'drizzle-orm';
import type { tables } from '../db/index.ts';
import { toClip as toClipNoun, toFrame as toFrameNoun } from '../db/rows.ts';
import { errorKinds, type ErrorKind } from '../lib/errors.ts';
import type { Clip } from '../model/clip.ts';
import type { Detection, Frame } from '../model/index.ts';

export type FrameRow = InferSelectModel<typeof tables.frames>;
export type ClipRow = InferSelectModel<typeof tables.clips>;
export type DetectionRow = InferSelectModel<typeof tables.detections>;

export const toFrame = (row: FrameRow): Frame =>
  toFrameNoun({ ...row, errorKind: row.errorKind === null ? null : toKind(row.errorKind) });

export const toClip = (row: ClipRow): Clip =>
  toClipNoun({ ...row, errorKind: row.errorKind === null ? null : toKind(row.errorKind) });

/** A kind that an older or newer Nightjar wrote is shown as `internal`, not refused. */
const toKind = (kind: string): ErrorKind => errorKinds.find((known) => known === kind) ?? 'internal';

export const toDetection = ({ x, y, width, height, ...row }: DetectionRow): Detection => ({
  ...row,
  bbox: { x, y, width, height },
});
