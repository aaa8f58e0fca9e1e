import { randomBytes } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { tables } from '../../db/index.ts';
import { NightjarError } from '../../lib/errors.ts';
import { route } from '../access.ts';
import { createOnce } from '../create-once.ts';
import type { ApiOptions } from '../options.ts';
import { readPage } from '../lists/read-page.ts';
import { pageOf, pageQuery } from '../pagination.ts';
import { bodyOf, conflict, idempotencyHeaders, invalid, json, notFound, otherRequest, uuidParams, type ApiApp, type ApiEnv } from '../route-parts.ts'; // prettier-ignore
import { camerasOf } from '../visible.ts';
import { readChannelHealth } from './channel-health.ts';
import { changeSettings, channelCreateSchema, channelPatchSchema } from './channel-input.ts';
import { changeChannel, CHANNELS_MAX, deleteChannel, insertChannel, throwNoChannel } from './channel-store.ts';
import { channelSchema, newChannelSchema, toChannelWire, type ChannelRow } from './channel-wire.ts';
import { PREVIOUS_SECRETS_MAX, rotateSecret } from './rotation.ts';

const SECRET_BYTES = 32;

const tags = ['channels'];
const one = json(channelSchema, 'the channel');

const list = route('admin', {
  method: 'get',
  path: '/api/channels',
  tags,
  request: { query: z.strictObject(pageQuery) },
  responses: { 200: json(pageOf(channelSchema), 'channels, newest first'), ...invalid },
});
const get = route('admin', {
  method: 'get',
  path: '/api/channels/{id}',
  tags,
  request: { params: uuidParams },
  responses: { 200: one, ...notFound },
});
const create = route('admin', {
  method: 'post',
  path: '/api/channels',
  tags,
  description: 'The secret of a webhook is shown this once: the same Idempotency-Key again is answered with 409 then.',
  request: { headers: idempotencyHeaders, body: bodyOf(channelCreateSchema) },
  responses: {
    201: json(newChannelSchema, 'the channel, with its secret where it is a webhook'),
    ...invalid,
    409: {
      ...conflict[409],
      description: `there are ${CHANNELS_MAX} channels already, or one of MQTT with this base topic at this broker`,
    },
    ...otherRequest,
  },
});
const patch = route('admin', {
  method: 'patch',
  path: '/api/channels/{id}',
  tags,
  request: { params: uuidParams, body: bodyOf(channelPatchSchema) },
  responses: {
    200: one,
    ...invalid,
    ...notFound,
    409: { ...conflict[409], description: 'another channel of MQTT has this base topic at this broker' },
  },
});
const rotate = route('admin', {
  method: 'post',
  path: '/api/channels/{id}/rotate-secret',
  tags,
  description: 'A new secret for a webhook. The one of before signs too for 24 hours, so that nothing is missed.',
  request: { params: uuidParams },
  responses: {
    200: json(newChannelSchema, 'the channel, with its new secret'),
    ...notFound,
    409: { ...conflict[409], description: `it is no webhook, or ${PREVIOUS_SECRETS_MAX} secrets of before still sign` },
  },
});
const remove = route('admin', {
  method: 'delete',
  path: '/api/channels/{id}',
  tags,
  description: 'What waits to be sent there goes with it, and so does its log.',
  request: { params: uuidParams, query: z.strictObject({}) },
  responses: { 204: { description: 'deleted' }, ...invalid, ...notFound },
});

type Options = Pick<ApiOptions, 'db' | 'transact' | 'clock'>;

/** Channels: rows of `channels`, whose secrets never leave but once. */
export function addChannels(app: ApiApp, { db, transact, clock }: Options): void {
  const { channels } = tables;

  app.openapi(list, async (c) => {
    assertSeesAll(c);
    const source = {
      table: channels,
      at: channels.createdAt,
      id: channels.id,
      held: [],
      span: {},
    };
    const { rows, ...page } = await db.read((orm) => readPage(orm, source, c.req.valid('query')));
    const health = await db.query((sql) => readChannelHealth(sql, rows.map(({ id }) => id))); // prettier-ignore
    return c.json({ items: rows.map((row) => toChannelWire(row as ChannelRow, health.get(row.id))), ...page }, 200);
  });

  app.openapi(get, async (c) => {
    assertSeesAll(c);
    const { id } = c.req.valid('param');
    const [row] = await db.query((sql) => sql<ChannelRow[]>`select * from channels where id = ${id}`);
    const health = await db.query((sql) => readChannelHealth(sql, [id]));
    return c.json(toChannelWire(row ?? throwNoChannel(), health.get(id)), 200);
  });

  app.openapi(create, async (c) => {
    assertSeesAll(c);
    const { settings, ...channel } = c.req.valid('json');
    const secret = channel.kind === 'webhook' ? newSecret() : null;
    const own = secret === null ? {} : { secret, previous_secrets: [] };
    const { body, headers } = await createOnce(c, {
      transact,
      isShownOnce: secret !== null,
      create: async (tx) => {
        const row = await insertChannel(tx, c, channel, { ...settings, ...own });
        return { body: { ...toChannelWire(row), secret }, location: `/api/channels/${row.id}` };
      },
    });
    return c.json(body, 201, headers);
  });

  app.openapi(patch, async (c) => {
    assertSeesAll(c);
    const { id } = c.req.valid('param');
    const { settings, ...changes } = c.req.valid('json');
    const change = (row: ChannelRow): ChannelRow => ({
      ...row,
      ...(changes.name !== undefined && { name: changes.name }),
      ...(changes.enabled !== undefined && { enabled: changes.enabled }),
      ...(settings && { settings: changeSettings(row.kind, row.settings, settings) }),
    });
    const row = await db.transaction((tx) => changeChannel(tx, c, id, { action: 'channel.updated', change }));
    const health = await db.query((sql) => readChannelHealth(sql, [id]));
    return c.json(toChannelWire(row, health.get(id)), 200);
  });

  app.openapi(rotate, async (c) => {
    assertSeesAll(c);
    const secret = newSecret();
    const change = (row: ChannelRow): ChannelRow => ({ ...row, settings: rotateSecret(row, secret, clock.nowMs()) });
    const { id } = c.req.valid('param');
    const row = await db.transaction((tx) => changeChannel(tx, c, id, { action: 'channel.secret_rotated', change }));
    return c.json({ ...toChannelWire(row), secret }, 200);
  });

  app.openapi(remove, async (c) => {
    assertSeesAll(c);
    const { id } = c.req.valid('param');
    await db.transaction((tx) => deleteChannel(tx, c, id));
    return c.body(null, 204);
  });
}

const newSecret = (): string => `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;

/** A channel carries alerts of any camera: whoever may see some of them only could lead the others' to themselves. */
export function assertSeesAll(c: Context<ApiEnv>): void {
  if (camerasOf(c) !== null)
    throw new NightjarError('forbidden', 'a key that is limited to some cameras cannot see or change channels');
}
