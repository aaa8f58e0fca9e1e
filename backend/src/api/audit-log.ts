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
  const { keyId, name, role, by } = c.get('identity');
  await tx`
    insert into audit (id, at, actor_id, actor_name, actor_role, via, action, target_id, before, after, address, request_id)
    values (gen_random_uuid(), clock_timestamp(), ${keyId}, ${name}, ${role}, ${by}, ${action}, ${targetId},
      ${toJson(before)}::text::jsonb, ${toJson(after)}::text::jsonb, ${addressOf(c)}, ${c.get('requestId')})`;
}

const toJson = (value: object | null): string | null => value && JSON.stringify(value);
