import { z } from 'zod';
import { toScore, type DetectedObject } from '../../../model/index.ts';
import { toBBox, type Corners, type Size } from '../../picture/placement.ts';

/** What a server says of one object, before anything of it is believed. */
export interface ClaimedObject {
  readonly label: string;
  readonly score: number;
  /** In pixels of the picture as the server saw it. */
  readonly corners: Corners;
}

export interface ClaimedPicture {
  readonly objects: readonly ClaimedObject[];
  /** How large the server says the picture is; null when it does not say. */
  readonly size: Size | null;
}

export interface Wanted {
  readonly labels: ReadonlySet<string> | 'all';
  readonly scoreMin: number;
}

const LABEL_CHARS_MAX = 100;
/** No picture has more; the strongest are kept. */
const OBJECTS_MAX = 1_000;

/** A number, or the null that NaN and the infinities become in JSON: that is no measurement, and no fault of form. */
export const measured = z
  .custom<number | null>((value) => value === null || typeof value === 'number', 'expected a number')
  .transform((value) => value ?? NaN);

/** Whole objects of at least the wanted score, strongest first. */
export function toObjects(claimed: ClaimedPicture, picture: Size, wanted: Wanted): readonly DetectedObject[] {
  const drawn = claimed.size ?? picture;
  return claimed.objects
    .flatMap((object) => toObject(object, { picture, drawn }, wanted) ?? [])
    .sort((a, b) => b.score - a.score)
    .slice(0, OBJECTS_MAX);
}

/**
 * One object in whole pixels of our picture, clipped to it; a server that made the picture smaller is scaled back. What
 * is no object is dropped: a box that is not finite, has no area or lies outside the picture, a score outside 0..1, a
 * label that is empty, has control characters or more than 100 characters.
 */
function toObject(
  { label: said, score, corners }: ClaimedObject,
  { picture, drawn }: { readonly picture: Size; readonly drawn: Size },
  { labels, scoreMin }: Wanted,
): DetectedObject | undefined {
  const label = toLabel(said);
  if (label === undefined || (labels !== 'all' && !labels.has(label))) return undefined;
  if (!(score >= Math.max(0, scoreMin) && score <= 1)) return undefined;
  const bbox = toBBox(corners, { input: drawn, picture, drawn, left: 0, top: 0 });
  return bbox && { label, score: toScore(score), bbox };
}

/** Trimmed and in lower case, as models name what they know; undefined for what is no label. */
function toLabel(said: string): string | undefined {
  const label = said.trim().toLowerCase();
  const isLabel = label.length > 0 && label.length <= LABEL_CHARS_MAX && !/\p{C}/u.test(label);
  return isLabel ? label : undefined;
}

/** The size that an answer names, if it names both sides. */
export const toClaimedSize = (width: number | null | undefined, height: number | null | undefined): Size | null =>
  width && height ? { width, height } : null;
