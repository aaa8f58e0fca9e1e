/** The bytes of what is dropped, and what must be in the database because of it. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { DetectedObject } from '../../src/model/index.ts';
import { camerasDir, withComment } from '../harness/pictures.ts';
import { drawScene, expectedOf } from '../standins/scene.ts';
import type { Content } from './plan.ts';

interface Expected {
  readonly pictures: readonly { readonly path: string; readonly detections: readonly DetectedObject[] }[];
}

const expected = JSON.parse(readFileSync(`${camerasDir}/../expected.json`, 'utf8')) as Expected;

/** Where no object of these pictures has its score near: which of the weak ones is kept is not what is judged here. */
export const REAL_SCORE_MIN = 0.49;

/** Pictures of the fixtures with people and cars in them, and what the bundled model sees there. */
const cameraPictures = ['143000250', '143001250', '143004250'].map((time) => {
  const found = expected.pictures.find(({ path }) => path.includes(`20240610${time}`));
  if (!found) throw new Error(`no expected detections for ${time}`);
  return {
    file: `${camerasDir}/${found.path}`,
    objects: found.detections.filter(({ score }) => score >= REAL_SCORE_MIN),
  };
});

const pictureOf = (index: number) => {
  const picture = cameraPictures[index % cameraPictures.length];
  if (!picture) throw new Error('no picture');
  return picture;
};

const CUT_BYTES = 200;

export const toSha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The same content, the same bytes. */
export async function toBytes(content: Content): Promise<Buffer> {
  switch (content.kind) {
    case 'scene':
      return withComment(await drawScene(content.number), content.mark);
    case 'camera':
      return withComment(await readFile(pictureOf(content.index).file), content.mark);
    case 'text':
      return Buffer.from(`550 Permission denied (${content.mark})\r\n`.repeat(20));
    case 'truncated':
      return withComment(await drawScene(7), content.mark).subarray(0, -CUT_BYTES);
  }
}

/** What becomes of a file: its frame is done with these detections, or dead for this reason. */
export type Fate =
  | { readonly state: 'done'; readonly objects: readonly DetectedObject[]; readonly isExact: boolean }
  | { readonly state: 'dead'; readonly reason: RegExp };

export function toFate(content: Content): Fate {
  switch (content.kind) {
    case 'scene':
      return { state: 'done', objects: expectedOf(content.number), isExact: true };
    case 'camera':
      return { state: 'done', objects: pictureOf(content.index).objects, isExact: false };
    case 'text':
      return { state: 'dead', reason: /not a picture/ };
    case 'truncated':
      return { state: 'dead', reason: /truncated/ };
  }
}

/** Of the same network elsewhere: the last digits differ from processor to processor, and from batch to batch. */
const SCORE_OFF_MAX = 0.02;
const PIXELS_OFF_MAX = 3;
/** The column is of single precision. */
const SCORE_ROUNDING = 1e-6;

/** Whether what was stored is what should have been seen. */
export function isAsExpected(stored: readonly DetectedObject[], { objects, isExact }: Fate & { state: 'done' }) {
  if (stored.length !== objects.length) return false;
  const rest = [...stored];
  return objects.every((object) => {
    const place = rest.findIndex((other) => isSame(other, object, isExact));
    if (place >= 0) rest.splice(place, 1);
    return place >= 0;
  });
}

function isSame(a: DetectedObject, b: DetectedObject, isExact: boolean): boolean {
  const pixels = isExact ? 0 : PIXELS_OFF_MAX;
  const sides = ['x', 'y', 'width', 'height'] as const;
  return (
    a.label === b.label &&
    Math.abs(a.score - b.score) <= (isExact ? SCORE_ROUNDING : SCORE_OFF_MAX) &&
    sides.every((side) => Math.abs(a.bbox[side] - b.bbox[side]) <= pixels)
  );
}
