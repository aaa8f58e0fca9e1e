/** Keys on a terminal: directly in the database, whether Nightjar runs on it or not. */
import Table from 'cli-table3';
import { createKeyDesk } from '../api/index.ts';
import { toPrintable } from '../lib/printable.ts';
import type { CreateFlags } from './keys-commands.ts';
import type { CommandOptions } from './serve.ts';
import { withDatabase } from './with-database.ts';

export async function createKey(flags: CreateFlags, { write, ...where }: CommandOptions): Promise<void> {
  const { name, role, camera: camera_ids, expires: expires_at, json = false } = flags;
  const wanted = { name, role, camera_ids, expires_at };
  const made = await withDatabase(where, (db) => createKeyDesk(db).create(wanted));
  if (json) return write(JSON.stringify(made));
  write(made.key);
  write(`This is the only time it is shown. Its id is ${made.id}: nightjar keys revoke ${made.id}`);
}

export async function listKeys(json: boolean, { write, ...where }: CommandOptions): Promise<void> {
  const keys = await withDatabase(where, (db) => createKeyDesk(db).list());
  if (json) for (const key of keys) write(JSON.stringify(key));
  else write(keys.length === 0 ? 'no keys but ADMIN_API_KEY' : toTable(keys));
}

export async function revokeKey(
  { id, json }: { readonly id: string; readonly json: boolean },
  { write, ...where }: CommandOptions,
): Promise<void> {
  const key = await withDatabase(where, (db) => createKeyDesk(db).revoke(id));
  write(json ? JSON.stringify(key) : `revoked: ${toPrintable(key.name)} (${key.prefix}...)`);
}

type Keys = Awaited<ReturnType<ReturnType<typeof createKeyDesk>['list']>>;

function toTable(keys: Keys): string {
  const head = ['id', 'name', 'begins with', 'role', 'cameras', 'expires', 'last used', 'revoked'];
  // No colours: the table may go to a file.
  const table = new Table({ head, style: { head: [], border: [], compact: true } });
  for (const { id, name, prefix, role, camera_ids, expires_at, last_used_at, revoked_at } of keys)
    table.push([
      ...[id, toPrintable(name), prefix, role, camera_ids?.join(' ') ?? 'all'],
      ...[expires_at ?? 'never', last_used_at ?? 'never', revoked_at ?? ''],
    ]);
  return table.toString();
}
