import type { Context } from 'hono';
import type { Tx } from '../db/index.ts';
import { addressOf } from './address.ts';
import type { ApiEnv } from './route-parts.ts';

export interface Change {
  /** What it was done to, and what was done: `camera.updated`. */
  readonly action: string;
  readonly targetId: string | null;
  /** As the API shows it, so never with a secret; null for what was not there before, or is no more. */
  readonly before: object | null;
  readonly after: object | null;
}

/** Who, what, before, after, from where: in the transaction of the change itself, so that neither is without the other. */
export async function recordChange(
  tx: Tx,
  c: Context<ApiEnv>,
  { action, targetId, before, after }: Change,
): Promise<void> {
  const { keyId: id, name, role, by: via } = c.get('identity');
  const actor = { id, name, role, via, address: addressOf(c), requestId: c.get('requestId') };
  await insertChange(tx, actor, { action, targetId, before, after });
}

/** What somebody does who can read the configuration of this very machine. */
export const recordCliChange = (tx: Tx, change: Change): Promise<void> =>
  insertChange(tx, { id: 'cli', name: 'command line', role: 'admin', via: 'cli', address: null, requestId: null }, change); // prettier-ignore

/** What Nightjar does by itself, that somebody may wonder about. */
export const recordOwnChange = (tx: Tx, change: Change): Promise<void> =>
  insertChange(tx, { id: 'system', name: 'Nightjar', role: 'system', via: 'system', address: null, requestId: null }, change); // prettier-ignore

interface Actor {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly via: 'key' | 'session' | 'cli' | 'system';
  readonly address: string | null;
  readonly requestId: string | null;
}

async function insertChange(tx: Tx, actor: Actor, { action, targetId, before, after }: Change): Promise<void> {
  await tx`
    insert into audit (id, at, actor_id, actor_name, actor_role, via, action, target_id, before, after, address, request_id)
    values (gen_random_uuid(), clock_timestamp(), ${actor.id}, ${actor.name}, ${actor.role}, ${actor.via}, ${action}, ${targetId},
      ${toJson(before)}::text::jsonb, ${toJson(after)}::text::jsonb, ${actor.address}, ${actor.requestId})`;
}

const toJson = (value: object | null): string | null => value && JSON.stringify(value);
