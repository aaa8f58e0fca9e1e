/**
 * A download that may be interrupted: `NAME.part` holds what has come, `NAME.json` says of what it is a part. Whatever
 * does not fit together is thrown away; to begin anew is always right.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { errorCode, NightjarError } from '../../lib/errors.ts';

const noteSchema = z.object({
  url: z.string(),
  /** By which the server knows the file again; null if it gives none, and then nothing can be resumed. */
  validator: z.string().nullable(),
  /** Bytes of the whole; null if the server does not say. */
  total: z.number().nullable(),
});
export type PartNote = z.infer<typeof noteSchema>;

export interface Part {
  readonly path: string;
  /** What has come so far, and of what; undefined where nothing has, or nothing that can be used. */
  find(url: string): Promise<{ readonly bytes: number; readonly note: PartNote } | undefined>;
  /** Says of what the part is one, before the first byte is written. */
  begin(note: PartNote): Promise<void>;
  sha256(): Promise<string>;
  remove(): Promise<void>;
}

export function createPart(path: string): Part {
  const notePath = `${path.replace(/\.part$/, '')}.json`;
  const remove = async (): Promise<void> => {
    await Promise.all([rm(path, { force: true }), rm(notePath, { force: true })]);
  };
  return {
    path,
    async find(url) {
      const [note, bytes] = await Promise.all([readNote(notePath), sizeOf(path)]);
      return note?.url === url && bytes > 0 ? { bytes, note } : undefined;
    },
    async begin(note) {
      await asUnavailable(async () => {
        await mkdir(dirname(path), { recursive: true });
        await remove(); // first the old bytes go, or a crash here would leave them with the new note
        await writeFile(`${notePath}.tmp`, JSON.stringify(note));
        await rename(`${notePath}.tmp`, notePath);
      });
    },
    async sha256() {
      const hash = createHash('sha256');
      for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
      return hash.digest('hex');
    },
    remove,
  };
}

async function readNote(path: string): Promise<PartNote | undefined> {
  try {
    return noteSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined; // none, or one that makes no sense: as good as none, the download begins anew
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return 0;
    throw new NightjarError('unavailable', `${path} cannot be looked at`, { cause });
  }
}

async function asUnavailable(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (cause) {
    throw new NightjarError('unavailable', 'the download cannot be written to disk', { cause });
  }
}
