/**
 * Files that were left in the inbox are known after what they became is deleted, or they would be taken as new again. Here
 * those are forgotten whose file has gone: a few at a time, round and round.
 */
import { lstat, opendir } from 'node:fs/promises';
import path from 'node:path';
import type { Database } from '../db/index.ts';
import { errorCode } from '../lib/errors.ts';

const LOOKED_AT_ONCE_MAX = 500;

export interface InboxRows {
  /** Looks at the next few; resolves to how many were forgotten. */
  prune(): Promise<number>;
}

export function createInboxRows({ db, inbox }: { readonly db: Database; readonly inbox: string }): InboxRows {
  let after = '';

  return {
    async prune() {
      const rows = await db.query(
        (sql) => sql<{ path: string }[]>`
          select path from inbox_files where frame_id is null and clip_id is null and path > ${after}
          order by path limit ${LOOKED_AT_ONCE_MAX}`,
      );
      after = rows.length < LOOKED_AT_ONCE_MAX ? '' : (rows.at(-1)?.path ?? '');
      const gone: string[] = [];
      const hasFiles = createFolderLook(inbox);
      for (const row of rows) if (await isGone(inbox, row.path, hasFiles)) gone.push(row.path);
      if (gone.length > 0)
        await db.query(
          (sql) => sql`
            delete from inbox_files where path = any(${gone}::text[]) and frame_id is null and clip_id is null`,
        );
      return gone.length;
    },
  };
}

/** Whether a camera's folder has anything in it: one that is empty or away may be a share that is not mounted. */
function createFolderLook(inbox: string) {
  const seen = new Map<string, Promise<boolean>>();
  return (file: string): Promise<boolean> => {
    const [first = '', ...below] = file.split('/');
    const folder = below.length > 0 ? first : '';
    const looking = seen.get(folder) ?? hasAnything(path.join(inbox, folder));
    seen.set(folder, looking);
    return looking;
  };
}

async function hasAnything(folder: string): Promise<boolean> {
  try {
    for await (const _ of await opendir(folder)) return true;
    return false;
  } catch {
    return false; // whatever the reason: nothing can be said of the files in it
  }
}

/** A path with backslashes may stand for bytes that are no text (ingest/file-path.ts): taken as if it were there. */
async function isGone(inbox: string, file: string, hasFiles: (file: string) => Promise<boolean>): Promise<boolean> {
  if (file.includes('\\')) return false;
  try {
    await lstat(path.join(inbox, file));
    return false;
  } catch (thrown) {
    return ['ENOENT', 'ENOTDIR'].includes(errorCode(thrown) ?? '') && hasFiles(file);
  }
}
