import { and, eq, isNull } from 'drizzle-orm';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { tables, type Database } from '../db/index.ts';
import { NightjarError } from '../lib/errors.ts';
import type { DetectedObject } from '../model/index.ts';
import { readFrame, readLatestFrame } from './frames.ts';
import { toMediaHeaders, toMediaResponse, toNotModified } from './media-response.ts';
import type { ApiOptions } from './options.ts';
import { createRenditions, type Look } from './renditions.ts';
import { cameraParams, flag, invalid, notFound, picture, uuidParams, type ApiApp, type ApiEnv } from './route-parts.ts';
import { toDetection, type FrameRow } from './rows.ts';
import { route } from './access.ts';

const WIDTH_MIN = 16;
const WIDTH_MAX = 4_096;

const width = z
  .string()
  .regex(/^\d{1,9}$/, 'must be a whole number')
  .transform(Number)
  .pipe(z.int().min(WIDTH_MIN).max(WIDTH_MAX))
  .optional()
  .openapi({ type: 'integer', minimum: WIDTH_MIN, maximum: WIDTH_MAX });

const image = route('viewer', {
  method: 'get',
  path: '/api/frames/{id}/image',
  tags: ['frames'],
  description:
    'The original bytes; with `annotated` or `width` a JPEG made from them, never enlarged. `annotated` draws what counts: no suppressed detections.',
  request: { params: uuidParams, query: z.strictObject({ annotated: flag.optional(), width }) },
  responses: {
    200: picture('the picture'),
    206: picture('the part that `Range` asked for; of originals only'),
    304: { description: 'the client has this version' },
    416: { description: 'the range is outside of the picture' },
    ...invalid,
    ...notFound,
  },
});
const snapshot = route('viewer', {
  method: 'get',
  path: '/api/cameras/{id}/snapshot',
  tags: ['cameras'],
  request: { params: cameraParams, query: z.strictObject({}) },
  responses: {
    200: picture('the newest examined frame, as JPEG'),
    206: picture('the part that `Range` asked for; of one that came as JPEG only'),
    304: { description: 'the client has this version' },
    416: { description: 'the range is outside of the picture' },
    ...invalid,
    ...notFound,
  },
});

type PictureOptions = Pick<ApiOptions, 'db' | 'log' | 'openMedia' | 'readMedia' | 'annotate'>;

/** Pictures of frames, found by the frame's id only: no path comes from a client. */
export function addFramePictures(app: ApiApp, { db, log, openMedia, ...drawing }: PictureOptions): void {
  const renditions = createRenditions(drawing);

  async function sendOriginal(c: Context<ApiEnv>, frame: PicturedFrame): Promise<Response> {
    const etag = `"${frame.sha256}"`;
    const headers = toMediaHeaders(frame.mediaType, etag);
    return toNotModified(c, etag) ?? toMediaResponse(c, { media: await openMedia(frame.mediaPath), headers, log });
  }

  async function sendRendition(c: Context<ApiEnv>, frame: PicturedFrame, look: Look): Promise<Response> {
    const etag = renditions.tagOf(frame.sha256, look);
    const unchanged = toNotModified(c, etag);
    if (unchanged) return unchanged;
    const jpeg = await renditions.draw(frame.mediaPath, look);
    return c.body(new Uint8Array(jpeg), 200, toMediaHeaders('image/jpeg', etag));
  }

  app.openapi(image, async (c) => {
    const { annotated = false, width } = c.req.valid('query');
    const frame = toPictured(await readFrame(c, db));
    if (!annotated && width === undefined) return sendOriginal(c, frame);
    return sendRendition(c, frame, { objects: annotated ? await readObjects(db, frame.id) : [], width });
  });

  app.openapi(snapshot, async (c) => {
    const frame = toPictured(await readLatestFrame(c, db));
    return frame.mediaType === 'image/jpeg' ? sendOriginal(c, frame) : sendRendition(c, frame, { objects: [] });
  });
}

type PicturedFrame = FrameRow & { readonly mediaPath: string; readonly sha256: string };

/** A dead letter may have no bytes of its own. */
function toPictured(frame: FrameRow): PicturedFrame {
  const { mediaPath, sha256 } = frame;
  if (mediaPath === null || sha256 === null) throw new NightjarError('not_found', 'this frame has no picture');
  return { ...frame, mediaPath, sha256 };
}

/** What counts: a box around the car that has been parked there for days would only be in the way. */
async function readObjects(db: Database, frameId: string): Promise<DetectedObject[]> {
  const { detections } = tables;
  const rows = await db.read((orm) =>
    orm
      .select()
      .from(detections)
      .where(and(eq(detections.frameId, frameId), isNull(detections.suppressedBy)))
      .orderBy(detections.score, detections.id),
  );
  // Weakest first, so that the strongest box is drawn on top.
  return rows.map(toDetection).map(({ label, score, bbox }) => ({ label, score, bbox }));
}
