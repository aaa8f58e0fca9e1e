import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Database, Transact } from '../db/index.ts';
import { NightjarError } from '../lib/errors.ts';
import { recordChange } from './audit-log.ts';
import type { ApiEnv } from './route-parts.ts';

/** Counted so far and no further: who asks wants to see it move. */
const COUNTED_MAX = 10_000;

const left = z.int().min(0).max(COUNTED_MAX);
export const purgeSchema = z
  .object({
    camera_id: z.string(),
    left: z
      .object({ events: left, frames: left, clips: left })
      .openapi({ description: `at most ${COUNTED_MAX} is counted of each` }),
  })
  .openapi('Purge');

interface PurgeRequest {
  readonly db: Database;
  readonly transact: Transact;
  readonly id: string;
}

/**
 * Marks the camera, deleted or not, and says what is left; retention does the work (retention/purge.ts). Throws `not_found`
 * when there never was one, or nothing is left of it.
 */
export async function requestPurge(
  c: Context<ApiEnv>,
  { db, transact, id }: PurgeRequest,
): Promise<z.infer<typeof purgeSchema>> {
  await transact(async (tx) => {
    const [camera] = await tx<{ name: string; folder: string; purgeRequestedAt: Date | null }[]>`
      select name, folder, purge_requested_at from cameras where id = ${id} for no key update`;
    if (!camera) throw new NightjarError('not_found', `there is no camera "${id}"`);
    if (camera.purgeRequestedAt) return;
    await tx`update cameras set deleted_at = coalesce(deleted_at, now()), purge_requested_at = now() where id = ${id}`;
    const { name, folder } = camera;
    await recordChange(tx, c, { action: 'camera.purged', targetId: id, before: { id, name, folder }, after: null });
  });
  return { camera_id: id, left: await countLeft(db, id) };
}

async function countLeft(db: Database, id: string) {
  const [row] = await db.query((sql) => {
    const count = (table: string) => sql`
      (select count(*) from (select 1 from ${sql(table)} where camera_id = ${id} limit ${COUNTED_MAX}) as counted)`;
    return sql<{ events: number; frames: number; clips: number }[]>`
      select ${count('events')} as events, ${count('frames')} as frames, ${count('clips')} as clips`;
  });
  return { events: row?.events ?? 0, frames: row?.frames ?? 0, clips: row?.clips ?? 0 };
}
