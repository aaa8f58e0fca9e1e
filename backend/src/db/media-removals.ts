/** Removals from the media store, as the rooms that record stored bytes and the one that removes them must agree on. */
import { NightjarError } from '../lib/errors.ts';
import type { Sql, Tx } from './index.ts';

/** Key of the advisory lock of each step of retention, one at a time in the whole house; a backup holds it too, so that nothing goes meanwhile. */
export const RETENTION_LOCK = 0x4e4a72;

/** Whether something is stored under a media path. */
export type IsStored = (mediaPath: string) => Promise<boolean>;

/**
 * For whoever records rows of stored bytes: to be called in the same transaction, AFTER the rows were inserted. The same
 * content may have been kept before, and its removal may be under way: storing it again found the file still there.
 * Takes the removal back if the file is; throws `unavailable` if it is gone, and the bytes must be stored once more.
 *
 * After the insert, for then one of two things holds. Either we see a removal that was asked for; its row lock makes us
 * wait for whoever is at it. Or it was asked for after we looked: then our transaction was under way, and the remover
 * waits for its end and finds our row.
 */
export async function keepStored(tx: Tx, mediaPaths: readonly string[], isStored: IsStored): Promise<void> {
  if (mediaPaths.length === 0) return;
  const asked = await tx<{ mediaPath: string }[]>`
    select media_path from media_removals where media_path = any(${[...mediaPaths]}::text[]) order by media_path for update`;
  for (const { mediaPath } of asked)
    if (!(await isStored(mediaPath)))
      throw new NightjarError('unavailable', `${mediaPath} was removed while it was stored again: to be stored anew`);
  if (asked.length > 0)
    await tx`delete from media_removals where media_path = any(${asked.map(({ mediaPath }) => mediaPath)}::text[])`;
}

/** Has files removed, unless rows that are committed by then speak of them. Durable with the transaction. */
export async function requestRemoval(tx: Tx, mediaPaths: readonly string[]): Promise<void> {
  // In one order, so that two who ask for the same ones cannot wait for each other.
  const paths = [...new Set(mediaPaths)].sort();
  if (paths.length > 0)
    await tx`
      insert into media_removals (media_path) select * from unnest(${paths}::text[])
      on conflict (media_path) do update set requested_at = now(), removed_at = null`;
}

/** Those of the media paths that a row of the ledger speaks of. By content, which is indexed; a media path is made of it. */
export async function findUsed(sql: Sql | Tx, mediaPaths: readonly string[]): Promise<ReadonlySet<string>> {
  const parts = mediaPaths.map(toContent);
  const rows = await sql<{ mediaPath: string }[]>`
    select media_path from unnest(${[...mediaPaths]}::text[], ${parts.map(({ cameraId }) => cameraId)}::text[],
      ${parts.map(({ sha256 }) => sha256)}::text[]) as file(media_path, camera_id, sha256)
    where exists (select from frames where clip_id is null and frames.camera_id = file.camera_id
        and frames.sha256 = file.sha256 and frames.media_path = file.media_path)
      or exists (select from frames where clip_id is not null and frames.camera_id = file.camera_id
        and frames.sha256 = file.sha256 and frames.media_path = file.media_path)
      or exists (select from clips where clips.camera_id = file.camera_id
        and clips.sha256 = file.sha256 and clips.media_path = file.media_path)`;
  return new Set(rows.map(({ mediaPath }) => mediaPath));
}

/** What a media path is made of: `<camera_id>/<sha256[0..2]>/<sha256>.<extension>`. */
export function toContent(mediaPath: string): {
  readonly cameraId: string;
  readonly sha256: string;
  readonly extension: string;
} {
  const [cameraId = '', , name = ''] = mediaPath.split('/');
  const [sha256 = '', extension = ''] = name.split('.');
  return { cameraId, sha256, extension };
}
