import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import { NightjarError } from '../lib/errors.ts';
import type { DetectedObject } from '../model/index.ts';
import type { ApiOptions } from './options.ts';

/** Drawing shares the picture decoders with the detector, which comes first. */
const DRAWN_AT_ONCE_MAX = 2;
const WAITING_MAX = 32;
/** Part of every tag: raise it when renditions come to look different. */
const LOOK = 1;

/** How a picture is wanted: with which boxes, and no wider than. */
export interface Look {
  readonly objects: readonly DetectedObject[];
  readonly width?: number | undefined;
}

export interface Renditions {
  /** The entity tag of a rendition, known without drawing it. */
  tagOf(sha256: string, look: Look): string;
  /** A JPEG. Throws `overloaded` when too many wait. */
  draw(mediaPath: string, look: Look): Promise<Buffer>;
}

export function createRenditions({ readMedia, annotate }: Pick<ApiOptions, 'readMedia' | 'annotate'>): Renditions {
  const limit = pLimit(DRAWN_AT_ONCE_MAX);
  return {
    tagOf(sha256, look) {
      const facts = JSON.stringify([LOOK, sha256, look.width ?? null, look.objects]);
      return `"${createHash('sha256').update(facts).digest('base64url')}"`;
    },
    async draw(mediaPath, { objects, width }) {
      if (limit.pendingCount >= WAITING_MAX)
        throw new NightjarError('overloaded', `${WAITING_MAX} pictures are waiting to be drawn: try again in a moment`);
      return limit(async () => annotate(await readMedia(mediaPath), objects, width === undefined ? {} : { width }));
    },
  };
}
