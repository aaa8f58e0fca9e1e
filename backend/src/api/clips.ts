import { eq } from 'drizzle-orm';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { tables, type Database } from '../db/index.ts';
import { NightjarError } from '../lib/errors.ts';
import { frameStates } from '../model/index.ts';
import { clipSchema, frameSchema, toClipWire, toFrameWire } from '../model/wire.ts';
import { toMediaHeaders, toMediaResponse, toNotModified } from './media-response.ts';
import type { ApiOptions } from './options.ts';
import { readClips, readFramesOf } from './lists/ledger-list.ts';
import { cameraIdsFor } from './lists/seen.ts';
import { pageOf, pageQuery } from './pagination.ts';
import { invalid, json, notFound, seenFilters, uuidParams, video, type ApiApp, type ApiEnv } from './route-parts.ts';
import { toClip, toFrame, type ClipRow } from './rows.ts';
import { route } from './access.ts';
import { assertVisible } from './visible.ts';

const { clips, frames } = tables;
const tags = ['clips'];

const filters = z.strictObject({ ...pageQuery, ...seenFilters, state: z.enum(frameStates).optional() });

const list = route('viewer', {
  method: 'get',
  path: '/api/clips',
  tags,
  request: { query: filters },
  responses: { 200: json(pageOf(clipSchema), 'clips, newest first'), ...invalid },
});
const get = route('viewer', {
  method: 'get',
  path: '/api/clips/{id}',
  tags,
  request: { params: uuidParams },
  responses: { 200: json(clipSchema, 'the clip'), ...notFound },
});
const film = route('viewer', {
  method: 'get',
  path: '/api/clips/{id}/video',
  tags,
  description: 'The bytes as the camera sent them. Whether a browser can play them depends on what it was filmed with.',
  request: { params: uuidParams, query: z.strictObject({}) },
  responses: {
    200: video('the film'),
    206: video('the part that `Range` asked for'),
    304: { description: 'the client has this version' },
    416: { description: 'the range is outside of the film' },
    ...invalid,
    ...notFound,
  },
});
const cut = route('viewer', {
  method: 'get',
  path: '/api/clips/{id}/frames',
  tags,
  request: { params: uuidParams, query: z.strictObject(pageQuery) },
  responses: { 200: json(pageOf(frameSchema), 'its frames, newest first'), ...invalid, ...notFound },
});

/** Clips: what cameras filmed, found by the clip's id only: no path comes from a client. */
export function addClips(app: ApiApp, { db, log, openMedia }: Pick<ApiOptions, 'db' | 'log' | 'openMedia'>): void {
  app.openapi(list, async (c) => {
    const { camera_id, state, since, until, ...page } = c.req.valid('query');
    const wanted = { cameraIds: cameraIdsFor(c, camera_id), state, since, until };
    const { rows, ...rest } = await db.read((orm) => readClips(orm, wanted, page));
    return c.json({ items: rows.map((row) => toClipWire(toClip(row))), ...rest }, 200);
  });

  app.openapi(get, async (c) => c.json(toClipWire(toClip(await readClip(c, db))), 200));

  app.openapi(film, async (c) => {
    const { mediaPath, mediaType, sha256 } = await readClip(c, db);
    if (mediaPath === null) throw new NightjarError('not_found', 'the bytes of this clip are lost');
    const etag = `"${sha256}"`;
    const headers = toMediaHeaders(mediaType, etag);
    return toNotModified(c, etag) ?? toMediaResponse(c, { media: await openMedia(mediaPath), headers, log });
  });

  app.openapi(cut, async (c) => {
    const { id } = await readClip(c, db);
    const owner = { column: frames.clipId, id };
    const { rows, ...page } = await db.read((orm) => readFramesOf(orm, owner, c.req.valid('query')));
    return c.json({ items: rows.map((row) => toFrameWire(toFrame(row))), ...page }, 200);
  });
}

/** The clip of the path. Throws `not_found`, also when it may not be seen. */
async function readClip(c: Context<ApiEnv>, db: Database): Promise<ClipRow> {
  const id = c.req.param('id') ?? '';
  const [row] = await db.read((orm) => orm.select().from(clips).where(eq(clips.id, id)));
  return assertVisible(c, row, 'there is no clip with this id');
}
