import { eq } from 'drizzle-orm';
import { z } from '@hono/zod-openapi';
import { tables } from '../../db/index.ts';
import { NightjarError } from '../../lib/errors.ts';
import { route } from '../access.ts';
import { recordChange } from '../audit-log.ts';
import { createOnce } from '../create-once.ts';
import type { ApiOptions } from '../options.ts';
import { readPage } from '../lists/read-page.ts';
import { pageOf, pageQuery } from '../pagination.ts';
import { bodyOf, conflict, idempotencyHeaders, invalid, json, notFound, otherRequest, uuidParams, type ApiApp } from '../route-parts.ts'; // prettier-ignore
import { insertKey, revokeKey } from './key-rows.ts';
import { keyCreateSchema, keySchema, newKeySchema, toKeyWanted, toKeyWire } from './key-wire.ts';

const { apiKeys } = tables;
const tags = ['keys'];

const list = route('admin', {
  method: 'get',
  path: '/api/keys',
  tags,
  description:
    'Revoked and expired ones too. ADMIN_API_KEY, the first key, is in the configuration and not in this list.',
  request: { query: z.strictObject(pageQuery) },
  responses: { 200: json(pageOf(keySchema), 'keys, newest first'), ...invalid },
});
const get = route('admin', {
  method: 'get',
  path: '/api/keys/{id}',
  tags,
  request: { params: uuidParams },
  responses: { 200: json(keySchema, 'the key, but for what opens the door'), ...notFound },
});
const create = route('admin', {
  method: 'post',
  path: '/api/keys',
  tags,
  description:
    'A key is never changed: make another one and revoke this. It is shown this once: the same Idempotency-Key again is answered with 409.',
  request: { headers: idempotencyHeaders, body: bodyOf(keyCreateSchema) },
  responses: {
    201: json(newKeySchema, 'the key, shown this once'),
    ...invalid,
    409: { ...conflict[409], description: 'there are too many keys' },
    ...otherRequest,
  },
});
const revoke = route('admin', {
  method: 'delete',
  path: '/api/keys/{id}',
  tags,
  description:
    'Within a second no process lets it in any more; its sessions and sockets end. The row is kept. Doing it again changes nothing.',
  request: { params: uuidParams, query: z.strictObject({}) },
  responses: { 204: { description: 'revoked' }, ...invalid, ...notFound },
});

type KeyOptions = Pick<ApiOptions, 'db' | 'transact' | 'clock' | 'authenticator'>;

/** Keys: who may ask, beside ADMIN_API_KEY. */
export function addKeys(app: ApiApp, { db, transact, clock, authenticator }: KeyOptions): void {
  app.openapi(list, async (c) => {
    const source = {
      table: apiKeys,
      at: apiKeys.createdAt,
      id: apiKeys.id,
      held: [],
      span: {},
    };
    const { rows, ...page } = await db.read((orm) => readPage(orm, source, c.req.valid('query')));
    return c.json({ items: rows.map(toKeyWire), ...page }, 200);
  });

  app.openapi(get, async (c) => {
    const { id } = c.req.valid('param');
    const [row] = await db.read((orm) => orm.select().from(apiKeys).where(eq(apiKeys.id, id)));
    return c.json(toKeyWire(row ?? throwNoKey()), 200);
  });

  app.openapi(create, async (c) => {
    const wanted = toKeyWanted(c.req.valid('json'));
    const { body, headers } = await createOnce(c, {
      transact,
      isShownOnce: true,
      create: async (tx) => {
        assertFuture(wanted.expiresAt, clock.nowMs());
        const { key, row } = await insertKey(tx, wanted);
        const wire = toKeyWire(row);
        await recordChange(tx, c, { action: 'key.created', targetId: wire.id, before: null, after: wire });
        return { body: { ...wire, key }, location: `/api/keys/${wire.id}` };
      },
    });
    // Whoever gets it may use it at once.
    await authenticator.refresh();
    return c.json(body, 201, headers);
  });

  app.openapi(revoke, async (c) => {
    const { id } = c.req.valid('param');
    await transact(async (tx) => {
      const { before, after } = (await revokeKey(tx, id)) ?? throwNoKey();
      const change = { action: 'key.revoked', targetId: id, before: toKeyWire(before), after: toKeyWire(after) };
      if (before.revokedAt === null) await recordChange(tx, c, change);
    });
    await authenticator.refresh();
    return c.body(null, 204);
  });
}

/** Throws `invalid`. */
export function assertFuture(expiresAt: Date | null, nowMs: number): void {
  if (expiresAt === null || expiresAt.getTime() > nowMs) return;
  const fault = { path: 'body.expires_at', message: 'must be in the future' };
  throw new NightjarError('invalid', `${fault.path}: ${fault.message}`, { faults: [fault] });
}

const throwNoKey = (): never => {
  throw new NightjarError('not_found', 'there is no key with this id');
};
