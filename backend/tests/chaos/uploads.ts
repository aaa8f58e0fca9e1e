/** Cameras: they put their files into the inbox, each in its own way and at its own time. */
import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlannedFile } from './plan.ts';

const PIECES = 5;

export interface Upload {
  readonly file: PlannedFile;
  readonly bytes: Buffer;
}

/**
 * Resolves when all are uploaded. `onOverwritten` names each upload whose file was still there when another took its
 * name: a picture that its own camera destroyed may have been seen or not.
 */
export async function uploadAll(
  inbox: string,
  uploads: readonly Upload[],
  onOverwritten: (upload: Upload) => void,
): Promise<void> {
  /** By path: who came last, and when he is there. A second upload under one name never comes before the first. */
  const lastAt = new Map<string, { readonly upload: Upload; readonly placed: Promise<void> }>();

  async function put(upload: Upload): Promise<void> {
    await sleep(upload.file.atMs);
    const target = path.join(inbox, upload.file.camera, upload.file.name);
    mkdirSync(path.dirname(target), { recursive: true });
    const before = lastAt.get(target);
    let setPlaced: () => void = () => undefined;
    lastAt.set(target, { upload, placed: new Promise((resolve) => (setPlaced = resolve)) });
    if (upload.file.how !== 'rename') return write(target, upload, setPlaced);
    // Under a name of its own, or two uploads of one name would share their temporary file.
    const temporary = `${target}.${uploads.indexOf(upload)}.part`;
    await writeFile(temporary, upload.bytes);
    await before?.placed;
    // In one go: between the look and the rename nobody else may put a file there.
    if (before && existsSync(target)) onOverwritten(before.upload);
    renameSync(temporary, target);
    setPlaced();
  }

  await Promise.all(uploads.map(put));
}

/** Opened at once, so that a later upload under the same name meets the file, and held open, so that it is not written into. */
async function write(target: string, { file, bytes }: Upload, onOpen: () => void): Promise<void> {
  const handle = openSync(target, 'wx');
  onOpen();
  try {
    const count = file.how === 'slow' ? PIECES : 1;
    const size = Math.ceil(bytes.length / count);
    for (let start = 0; start < bytes.length; start += size) {
      // The pace of the writer is what is being played here, and nothing waits by it.
      if (start > 0) await sleep(file.pauseMs);
      writeSync(handle, bytes.subarray(start, start + size));
    }
  } finally {
    closeSync(handle);
  }
}
