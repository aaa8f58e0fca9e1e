/** Keys and ended sessions as rows. Whoever changes them tells all processes, in the same transaction. */
import type { InferSelectModel } from 'drizzle-orm';
import type { Database, tables, Tx } from '../../db/index.ts';
import { NightjarError } from '../../lib/errors.ts';
import { newId } from '../../lib/id.ts';
import type { KeyRole } from '../access.ts';
import { createKey } from './api-key.ts';
import { readSessionSecret } from './session-secret.ts';

/** Keys or sessions have changed. */
export const IDENTITY_CHANNEL = 'nightjar_identity';

/** Good ones at a time: every process holds them all, and looks at them all every moment. */
const KEYS_MAX = 1_000;

export type KeyRow = InferSelectModel<typeof tables.apiKeys>;

/** What has to be known of a key to let somebody in. */
export type StoredKey = Pick<KeyRow, 'id' | 'name' | 'keyHash' | 'role' | 'cameraIds' | 'expiresAt'>;

export interface KeyWanted {
  readonly name: string;
  readonly role: KeyRole;
  readonly cameraIds: readonly string[] | null;
  readonly expiresAt: Date | null;
}

/** Throws `invalid` for cameras that there are not, `conflict` when there are too many keys. */
export async function insertKey(tx: Tx, wanted: KeyWanted): Promise<{ readonly key: string; readonly row: KeyRow }> {
  const { name, role, cameraIds, expiresAt } = wanted;
  await assertCameras(tx, cameraIds ?? []);
  const [{ count } = { count: 0 }] = await tx<{ count: number }[]>`
    select count(*)::int from api_keys where revoked_at is null and (expires_at is null or expires_at > now())`;
  if (count >= KEYS_MAX) throw new NightjarError('conflict', `there are ${KEYS_MAX} keys already: revoke some`);
  const { key, prefix, keyHash } = createKey();
  const [row] = await tx<KeyRow[]>`
    insert into api_keys (id, name, prefix, key_hash, role, camera_ids, expires_at)
    values (${newId()}, ${name}, ${prefix}, ${keyHash}, ${role}, ${cameraIds as string[] | null}, ${expiresAt}) returning *`;
  await tellOthers(tx);
  if (!row) throw new NightjarError('internal', 'the new key has no row');
  return { key, row };
}

/** The key before and after; the same row twice when it was revoked long ago. Undefined when there is none. */
export async function revokeKey(tx: Tx, id: string): Promise<{ before: KeyRow; after: KeyRow } | undefined> {
  const [before] = await tx<KeyRow[]>`select * from api_keys where id = ${id} for update`;
  if (!before) return undefined;
  if (before.revokedAt) return { before, after: before };
  const [after] = await tx<KeyRow[]>`update api_keys set revoked_at = now() where id = ${id} returning *`;
  await tellOthers(tx);
  return { before, after: after ?? before };
}

export async function insertEndedSession(tx: Tx, session: { id: string; expiresAt: Date }): Promise<void> {
  await tx`
    insert into ended_sessions (id, expires_at) values (${session.id}, ${session.expiresAt}) on conflict (id) do nothing`;
  await tellOthers(tx);
}

export interface Identities {
  /** All that may let somebody in, and those just expired, who are told so. */
  readonly keys: readonly StoredKey[];
  /** Those that let nobody in any more. */
  readonly endedSessions: readonly { readonly id: string }[];
  readonly sessionSecret: string;
}

export const readIdentities = (db: Database): Promise<Identities> =>
  db.query(async (sql) => {
    const [keys, endedSessions, sessionSecret] = await Promise.all([
      sql<StoredKey[]>`
        select id, name, key_hash, role, camera_ids, expires_at from api_keys
        where revoked_at is null and (expires_at is null or expires_at > now() - interval '1 day')`,
      sql<{ id: string }[]>`select id from ended_sessions where expires_at > now()`,
      readSessionSecret(sql),
    ]);
    return { keys, endedSessions, sessionSecret };
  });

/** `uses`: when each key was last used, by its id. */
export async function writeUses(db: Database, uses: ReadonlyMap<string, number>): Promise<void> {
  const ids = [...uses.keys()];
  const times = [...uses.values()].map((ms) => new Date(ms).toISOString());
  await db.query((sql) => sql`
    update api_keys set last_used_at = greatest(last_used_at, used.at)
    from unnest(${ids}::uuid[], ${times}::timestamptz[]) as used (id, at) where api_keys.id = used.id`); // prettier-ignore
}

async function assertCameras(tx: Tx, cameraIds: readonly string[]): Promise<void> {
  if (cameraIds.length === 0) return;
  const rows = await tx<{ id: string }[]>`
    select id from cameras where id = any(${cameraIds as string[]}::text[]) and deleted_at is null`;
  const known = new Set(rows.map(({ id }) => id));
  const faults = cameraIds.flatMap((id, index) =>
    known.has(id) ? [] : [{ path: `body.camera_ids.${index}`, message: `there is no camera "${id}"` }],
  );
  if (faults.length > 0)
    throw new NightjarError('invalid', faults.map(({ message }) => message).join('; '), { faults });
}

const tellOthers = (tx: Tx) => tx`select pg_notify(${IDENTITY_CHANNEL}, '')`;
