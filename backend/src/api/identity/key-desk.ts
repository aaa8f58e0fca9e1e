/** Keys for the command line of this machine: the same as by the API, without anybody having to be let in. */
import { desc } from 'drizzle-orm';
import type { z } from 'zod';
import { tables, type Database } from '../../db/index.ts';
import { NightjarError } from '../../lib/errors.ts';
import { recordCliChange } from '../audit-log.ts';
import { insertKey, revokeKey } from './key-rows.ts';
import { keyCreateSchema, toKeyWanted, toKeyWire, type keySchema, type newKeySchema } from './key-wire.ts';
import { assertFuture } from './keys.ts';

type KeyWire = z.infer<typeof keySchema>;

export interface KeyDesk {
  /** As the body of `POST /api/keys`; throws `invalid` with every fault. */
  create(input: unknown): Promise<z.infer<typeof newKeySchema>>;
  /** Newest first; all of them, revoked and expired ones included. */
  list(): Promise<readonly KeyWire[]>;
  /** The key, revoked now or long ago. Throws `not_found`. */
  revoke(id: string): Promise<KeyWire>;
}

export function createKeyDesk(db: Database): KeyDesk {
  const { apiKeys } = tables;
  return {
    async create(input) {
      const wanted = toKeyWanted(parse(input));
      assertFuture(wanted.expiresAt, Date.now());
      return db.transaction(async (tx) => {
        const { key, row } = await insertKey(tx, wanted);
        const after = toKeyWire(row);
        await recordCliChange(tx, { action: 'key.created', targetId: row.id, before: null, after });
        return { ...after, key };
      });
    },
    list: async () =>
      (await db.read((orm) => orm.select().from(apiKeys).orderBy(desc(apiKeys.createdAt), desc(apiKeys.id)))).map(toKeyWire), // prettier-ignore
    revoke: (id) =>
      db.transaction(async (tx) => {
        const found = await revokeKey(tx, id);
        if (!found) throw new NightjarError('not_found', 'there is no key with this id');
        const [before, after] = [toKeyWire(found.before), toKeyWire(found.after)];
        const change = { action: 'key.revoked', targetId: id, before, after };
        if (before.revoked_at === null) await recordCliChange(tx, change);
        return after;
      }),
  };
}

function parse(input: unknown): z.infer<typeof keyCreateSchema> {
  const parsed = keyCreateSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  throw new NightjarError('invalid', faults.map(({ path, message }) => `${path} ${message}`).join('; '), { faults });
}
