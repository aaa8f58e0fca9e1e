import { randomBytes } from 'node:crypto';
import type { Sql } from '../../db/index.ts';
import { NightjarError } from '../../lib/errors.ts';

const SECRET_BYTES = 32;

export const createSecret = (): string => randomBytes(SECRET_BYTES).toString('base64url');

/**
 * What sessions are signed with, beside ADMIN_API_KEY: one random word for all processes of the house. Who finds none
 * makes it, and of several at once all have the same; so deleting the row ends every session.
 */
export async function readSessionSecret(sql: Sql): Promise<string> {
  const [known] = await sql<{ secret: string }[]>`select secret from house_secrets where name = 'sessions'`;
  return (known ?? (await makeSecret(sql))).secret;
}

/** Of two, the later one gets what the earlier one made: an update returns the row that is there. */
async function makeSecret(sql: Sql): Promise<{ readonly secret: string }> {
  const [row] = await sql<{ secret: string }[]>`
    insert into house_secrets as known (name, secret) values ('sessions', ${createSecret()})
    on conflict (name) do update set secret = known.secret returning secret`;
  if (!row) throw new NightjarError('internal', 'the new secret has no row');
  return row;
}
