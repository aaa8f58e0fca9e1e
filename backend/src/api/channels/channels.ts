import { randomBytes } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { tables, type Tx } from '../../db/index.ts';
import { NightjarError } from '../../lib/errors.ts';
import { CHANNELS_CHANNEL } from '../../model/channel.ts';
import { route } from '../access.ts';
import { recordChange } from '../audit-log.ts';
import type { ApiOptions } from '../options.ts';
import { pageOf, pageQuery, readPage } from '../pagination.ts';
import { bodyOf, conflict, invalid, json, notFound, uuidParams, type ApiApp, type ApiEnv } from '../route-parts.ts';
import { camerasOf } from '../visible.ts';
import { readChannelHealth } from './channel-health.ts';
import { changeSettings, channelCreateSchema, channelPatchSchema } from './channel-input.ts';
import { channelSchema, newChannelSchema, toChannelWire, type ChannelRow } from './channel-wire.ts';

const CHANNELS_MAX = 100;
const SECRET_BYTES = 32;
/** For how long the secret of before signs too. */
const ROTATION_MS = 24 * 3_600_000;

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
  request: { body: bodyOf(channelCreateSchema) },
  responses: {
    201: json(newChannelSchema, 'the channel, with its secret where it is a webhook'),
    ...invalid,
    409: { ...conflict[409], description: `there are ${CHANNELS_MAX} channels already` },
  },
});
const patch = route('admin', {
  method: 'patch',
  path: '/api/channels/{id}',
  tags,
  request: { params: uuidParams, body: bodyOf(channelPatchSchema) },
  responses: { 200: one, ...invalid, ...notFound },
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
    409: { ...conflict[409], description: 'it is no webhook' },
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

type Options = Pick<ApiOptions, 'db' | 'clock'>;

/** Channels: rows of `channels`, whose secrets never leave but once. */
export function addChannels(app: ApiApp, { db, clock }: Options): void {
  const { channels } = tables;

  app.openapi(list, async (c) => {
    assertSeesAll(c);
    const source = {
      table: channels,
      at: channels.createdAt,
      id: channels.id,
      filters: [],
      keyOf: (row: typeof channels.$inferSelect) => ({ atMs: row.createdAt.getTime(), id: row.id }),
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
    const own = secret === null ? {} : { secret, previous_secret: null, previous_until: null };
    const row = await db.transaction(async (tx) => {
      const inserted = await insertChannel(tx, channel, { ...settings, ...own });
      const after = toChannelWire(inserted);
      await recordChange(tx, c, { action: 'channel.created', targetId: inserted.id, before: null, after });
      return inserted;
    });
    return c.json({ ...toChannelWire(row), secret }, 201, { Location: `/api/channels/${row.id}` });
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
    const until = new Date(clock.nowMs() + ROTATION_MS).toISOString();
    const change = (row: ChannelRow): ChannelRow => {
      if (row.kind !== 'webhook') throw new NightjarError('conflict', 'only webhooks have a secret of this kind');
      const previous = { previous_secret: row.settings['secret'], previous_until: until };
      return { ...row, settings: { ...row.settings, secret, ...previous } };
    };
    const { id } = c.req.valid('param');
    const row = await db.transaction((tx) => changeChannel(tx, c, id, { action: 'channel.secret_rotated', change }));
    return c.json({ ...toChannelWire(row), secret }, 200);
  });

  app.openapi(remove, async (c) => {
    assertSeesAll(c);
    const { id } = c.req.valid('param');
    await db.transaction(async (tx) => {
      const [row] = await tx<ChannelRow[]>`delete from channels where id = ${id} returning *`;
      const before = toChannelWire(row ?? throwNoChannel());
      await recordChange(tx, c, { action: 'channel.deleted', targetId: id, before, after: null });
      await tellChanged(tx);
    });
    return c.body(null, 204);
  });
}

async function insertChannel(
  tx: Tx,
  { name, kind, enabled }: Pick<ChannelRow, 'name' | 'kind' | 'enabled'>,
  settings: ChannelRow['settings'],
): Promise<ChannelRow> {
  const [row] = await tx<ChannelRow[]>`
    insert into channels (id, name, kind, enabled, settings)
    select gen_random_uuid(), ${name}, ${kind}, ${enabled}, ${JSON.stringify(settings)}::text::jsonb
    where (select count(*) from channels) < ${CHANNELS_MAX} returning *`;
  if (!row) throw new NightjarError('conflict', `there are ${CHANNELS_MAX} channels already`);
  await tellChanged(tx);
  return row;
}

async function changeChannel(
  tx: Tx,
  c: Context<ApiEnv>,
  id: string,
  { action, change }: { readonly action: string; readonly change: (row: ChannelRow) => ChannelRow },
): Promise<ChannelRow> {
  const [before] = await tx<ChannelRow[]>`select * from channels where id = ${id} for no key update`;
  const after = change(before ?? throwNoChannel());
  await tx`
    update channels set name = ${after.name}, enabled = ${after.enabled}, settings = ${JSON.stringify(after.settings)}::text::jsonb
    where id = ${id}`;
  const told = { before: before ? toChannelWire(before) : null, after: toChannelWire(after) };
  await recordChange(tx, c, { action, targetId: id, ...told });
  await tellChanged(tx);
  return after;
}

const tellChanged = async (tx: Tx): Promise<void> => void (await tx`select pg_notify(${CHANNELS_CHANNEL}, '')`);

const newSecret = (): string => `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;

export const throwNoChannel = (): never => {
  throw new NightjarError('not_found', 'there is no channel with this id');
};

/** A channel carries alerts of any camera: whoever may see some of them only could lead the others' to themselves. */
export function assertSeesAll(c: Context<ApiEnv>): void {
  if (camerasOf(c) !== null)
    throw new NightjarError('forbidden', 'a key that is limited to some cameras cannot see or change channels');
}
