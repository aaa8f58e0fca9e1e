import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Tx } from '../db/index.ts';
import { errorKinds } from '../lib/errors.ts';
import { clipSchema, frameSchema, toClipWire, toFrameWire } from '../model/wire.ts';
import type { ApiOptions } from './options.ts';
import { conflict, invalid, json, notFound, seenFilters, uuidParams, type ApiApp, type ApiEnv } from './route-parts.ts';
import { route } from './access.ts';
import { recordChange } from './audit-log.ts';

const tags = { frames: ['frames'], clips: ['clips'] };
const all = {
  request: {
    query: z.strictObject({ ...seenFilters, state: z.literal('dead'), kind: z.enum(errorKinds).optional() }),
  },
  responses: { 200: json(z.object({ requeued: z.int().min(0) }), 'how many are pending again'), ...invalid },
};

const frame = route('admin', {
  method: 'post',
  path: '/api/frames/{id}/requeue',
  tags: tags.frames,
  description: 'Gives a dead letter all its attempts again.',
  request: { params: uuidParams },
  responses: {
    200: json(frameSchema, 'the frame, pending again'),
    202: json(
      frameSchema,
      'the frame as it was: it could not be read, and is forgotten; its file, left in the inbox, is looked at anew and will be another frame',
    ),
    ...notFound,
    409: { ...conflict[409], description: 'it is no dead letter, or there is nothing left to examine' },
  },
});
const frames = route('admin', {
  method: 'post',
  path: '/api/frames/requeue',
  tags: tags.frames,
  description: 'The same for all dead letters that pass the filters, as far as they have a picture.',
  ...all,
});
const clip = route('admin', {
  method: 'post',
  path: '/api/clips/{id}/requeue',
  tags: tags.clips,
  description:
    'Gives a dead clip all its attempts again. The frames that were cut from it stay; it goes on after them.',
  request: { params: uuidParams },
  responses: {
    200: json(clipSchema, 'the clip, pending again'),
    ...notFound,
    409: { ...conflict[409], description: 'it is not dead, or its bytes are lost' },
  },
});
const clips = route('admin', {
  method: 'post',
  path: '/api/clips/requeue',
  tags: tags.clips,
  description: 'The same for all dead clips that pass the filters.',
  ...all,
});

/** Another chance for dead letters; see queue/requeue.ts. */
export function addRequeue(app: ApiApp, options: Pick<ApiOptions, 'requeue' | 'requeueClips'>): void {
  app.openapi(frames, async (c) => {
    const requeued = await options.requeue.dead(toFilter(c.req.valid('query')), recordStep(c, 'frames.requeued'));
    return c.json({ requeued }, 200);
  });

  app.openapi(frame, async (c) => {
    const { id } = c.req.valid('param');
    const { outcome, frame: now } = await options.requeue.one(id, (tx, { before, after }) =>
      recordChange(tx, c, {
        ...{ action: 'frame.requeued', targetId: id },
        ...{ before: toFrameWire(before), after: after && toFrameWire(after) },
      }),
    );
    return c.json(toFrameWire(now), outcome === 'pending' ? 200 : 202);
  });

  app.openapi(clips, async (c) => {
    const requeued = await options.requeueClips.dead(toFilter(c.req.valid('query')), recordStep(c, 'clips.requeued'));
    return c.json({ requeued }, 200);
  });

  app.openapi(clip, async (c) => {
    const { id } = c.req.valid('param');
    const now = await options.requeueClips.one(id, (tx, { before, after }) =>
      recordChange(tx, c, {
        ...{ action: 'clip.requeued', targetId: id },
        ...{ before: toClipWire(before), after: after && toClipWire(after) },
      }),
    );
    return c.json(toClipWire(now), 200);
  });
}

const toFilter = ({ camera_id: cameraId, kind, since, until }: z.infer<typeof all.request.query>) => ({
  ...{ cameraId, kind, since, until },
});

/** Many are requeued in steps: one line for each, with how many it took. */
const recordStep = (c: Context<ApiEnv>, action: string) => (tx: Tx, count: number) =>
  recordChange(tx, c, { action, targetId: null, before: null, after: { requeued: count, query: c.req.query() } });
