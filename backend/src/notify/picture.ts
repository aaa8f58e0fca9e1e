import pLimit from 'p-limit';
import type { Database } from '../db/index.ts';
import type { DetectedObject } from '../model/index.ts';
import type { ReadPicture } from './attempt.ts';

/** Drawing takes the processor from detection. */
const DRAWN_AT_ONCE_MAX = 2;

export interface PictureOptions {
  readonly db: Database;
  /** The stored picture as JPEG with the objects drawn in. */
  readonly draw: (mediaPath: string, objects: readonly DetectedObject[]) => Promise<Buffer>;
}

interface Row {
  readonly label: string;
  readonly score: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Of the frame that shows an alert; null when it, or its picture, is no more. */
export function createPictureReader({ db, draw }: PictureOptions): ReadPicture {
  const limit = pLimit(DRAWN_AT_ONCE_MAX);
  return async (frameId) => {
    const [frame] = await db.query((sql) => sql<{ mediaPath: string | null }[]>`select media_path from frames where id = ${frameId}`); // prettier-ignore
    const mediaPath = frame?.mediaPath;
    if (!mediaPath) return null;
    // Weakest first, so that the strongest box is drawn on top.
    const rows = await db.query((sql) => sql<Row[]>`
      select label, score, x, y, width, height from detections where frame_id = ${frameId} and suppressed_by is null order by score, id`); // prettier-ignore
    return limit(() => draw(mediaPath, rows.map(({ label, score, ...bbox }) => ({ label, score, bbox })))); // prettier-ignore
  };
}
