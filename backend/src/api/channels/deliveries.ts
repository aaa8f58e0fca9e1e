import { eq } from 'drizzle-orm';
import { z } from '@hono/zod-openapi';
import { tables } from '../../db/index.ts';
import { errorKinds, NightjarError } from '../../lib/errors.ts';
import { DELIVERIES_CHANNEL } from '../../model/channel.ts';
import { deliveryStates } from '../../model/delivery.ts';
import { route } from '../access.ts';
import { recordChange } from '../audit-log.ts';
import type { ApiOptions } from '../options.ts';
import { readPage } from '../lists/read-page.ts';
import { pageOf, pageQuery } from '../pagination.ts';
import { conflict, invalid, json, notFound, uuidParams, type ApiApp } from '../route-parts.ts';
import { throwNoChannel } from './channel-store.ts';
import { assertSeesAll } from './channels.ts';
import { deliverySchema, toDeliveryWire, type DeliveryRow } from './channel-wire.ts';

const { deliveries } = tables;
const tags = ['channels'];

const testSchema = z
  .object({
    delivery_id: z.uuid(),
    delivered: z.boolean(),
    response: z.string().nullable().openapi({ description: 'what the other side said' }),
    error: z.object({ kind: z.enum(errorKinds), message: z.string() }).nullable(),
    duration_ms: z.int().min(0),
  })
  .openapi('ChannelTest');

const test = route('admin', {
  method: 'post',
  path: '/api/channels/{id}/test',
  tags,
  description: 'Sends a test message now, once, also over a channel that is switched off, and says what became of it within 15 s.', // prettier-ignore
  request: { params: uuidParams },
  responses: { 200: json(testSchema, 'what became of it, failures included'), ...notFound },
});
const list = route('admin', {
  method: 'get',
  path: '/api/channels/{id}/deliveries',
  tags,
  request: { params: uuidParams, query: z.strictObject({ ...pageQuery, state: z.enum(deliveryStates).optional() }) },
  responses: { 200: json(pageOf(deliverySchema), 'deliveries, newest first'), ...invalid, ...notFound },
});
const retry = route('admin', {
  method: 'post',
  path: '/api/channels/{id}/deliveries/{delivery_id}/retry',
  tags,
  description: 'Gives a dead delivery all its attempts again.',
  request: { params: z.strictObject({ id: z.uuid(), delivery_id: z.uuid() }) },
  responses: {
    200: json(deliverySchema, 'the delivery, pending again'),
    ...notFound,
    409: { ...conflict[409], description: 'it is not dead' },
  },
});

/** What became of alerts on one channel. */
export function addDeliveries(app: ApiApp, { db, testChannel }: Pick<ApiOptions, 'db' | 'testChannel'>): void {
  app.openapi(test, async (c) => {
    assertSeesAll(c);
    const { id } = c.req.valid('param');
    const { deliveryId, isDelivered, durationMs, response, error } = (await testChannel(id)) ?? throwNoChannel();
    const after = { delivery_id: deliveryId, delivered: isDelivered, response, error, duration_ms: durationMs };
    await db.transaction((tx) => recordChange(tx, c, { action: 'channel.tested', targetId: id, before: null, after }));
    return c.json(after, 200);
  });

  app.openapi(list, async (c) => {
    assertSeesAll(c);
    const { id } = c.req.valid('param');
    const { state, ...page } = c.req.valid('query');
    const source = {
      table: deliveries,
      at: deliveries.createdAt,
      id: deliveries.id,
      held: [{ column: deliveries.channelId, values: [id] }],
      span: {},
      looked: state && eq(deliveries.state, state),
    };
    const [channel] = await db.query((sql) => sql`select from channels where id = ${id}`);
    if (!channel) throwNoChannel();
    const { rows, ...rest } = await db.read((orm) => readPage(orm, source, page));
    return c.json({ items: rows.map(toDeliveryWire), ...rest }, 200);
  });

  app.openapi(retry, async (c) => {
    assertSeesAll(c);
    const { id: channelId, delivery_id: id } = c.req.valid('param');
    const row = await db.transaction(async (tx) => {
      const [before] = await tx<DeliveryRow[]>`
        select * from deliveries where id = ${id} and channel_id = ${channelId} for update`;
      if (!before) throw new NightjarError('not_found', 'there is no delivery with this id');
      if (before.state !== 'dead') throw new NightjarError('conflict', `this delivery is ${before.state}, not dead`);
      const [after] = await tx<DeliveryRow[]>`
        update deliveries set state = 'pending', attempts = 0, available_at = now() where id = ${id} returning *`;
      const told = { before: toDeliveryWire(before), after: after ? toDeliveryWire(after) : null };
      await recordChange(tx, c, { action: 'delivery.retried', targetId: id, ...told });
      await tx`select pg_notify(${DELIVERIES_CHANNEL}, '')`;
      return after ?? before;
    });
    return c.json(toDeliveryWire(row), 200);
  });
}
