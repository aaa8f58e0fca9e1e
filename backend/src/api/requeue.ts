import { createRoute, z } from '@hono/zod-openapi';
import { errorKinds } from '../lib/errors.ts';
import { frameSchema, toFrameWire } from '../model/wire.ts';
import type { ApiOptions } from './options.ts';
import { conflict, invalid, json, notFound, seenFilters, uuidParams, type ApiApp } from './route-parts.ts';

const tags = ['frames'];

const one = createRoute({
  method: 'post',
  path: '/api/frames/{id}/requeue',
  tags,
  description: 'Gives a dead letter all its attempts again.',
  request: { params: uuidParams },
  responses: {
    200: json(frameSchema, 'the frame, pending again'),
    202: json(
      frameSchema,
      'the frame as it was: it could not be read, and is forgotten; its file, left in the inbox, will be looked at anew and be another frame',
    ),
    ...notFound,
    409: { ...conflict[409], description: 'it is no dead letter, or there is nothing left to examine' },
  },
});
const all = createRoute({
  method: 'post',
  path: '/api/frames/requeue',
  tags,
  description: 'The same for all dead letters that pass the filters, as far as they have a picture.',
  request: {
    query: z.strictObject({ ...seenFilters, state: z.literal('dead'), kind: z.enum(errorKinds).optional() }),
  },
  responses: { 200: json(z.object({ requeued: z.int().min(0) }), 'how many are pending again'), ...invalid },
});

/** Another chance for dead letters; see queue/requeue.ts. */
export function addRequeue(app: ApiApp, { requeue }: Pick<ApiOptions, 'requeue'>): void {
  app.openapi(all, async (c) => {
    const { camera_id: cameraId, kind, since, until } = c.req.valid('query');
    return c.json({ requeued: await requeue.dead({ cameraId, kind, since, until }) }, 200);
  });

  app.openapi(one, async (c) => {
    const { outcome, frame } = await requeue.one(c.req.valid('param').id);
    return c.json(toFrameWire(frame), outcome === 'pending' ? 200 : 202);
  });
}
