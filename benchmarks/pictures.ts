/** Pictures as a 1080p camera sends them: a real street scene, enlarged once, each told apart by a JPEG comment. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { readStreet, withComment } from '../backend/tests/harness/pictures.ts';

export const PICTURE_SIZE = { width: 1920, height: 1080 } as const;
/** Gives 400 KB, in the middle of what 1080p cameras send. */
const QUALITY = 95;

export const readCameraPicture = async (): Promise<Buffer> =>
  sharp(await readStreet())
    .resize({ ...PICTURE_SIZE, fit: 'cover' })
    .jpeg({ quality: QUALITY })
    .toBuffer();

export interface Picture {
  /** Below the inbox: `<camera folder>/<file>`. */
  readonly name: string;
  readonly bytes: Buffer;
}

export const toPicture = (jpeg: Uint8Array, camera: string, index: number): Picture => ({
  name: `${camera}/frame-${String(index).padStart(5, '0')}.jpg`,
  bytes: withComment(jpeg, `${camera} ${index}`),
});

/** `count` pictures, dealt among `cameras` cameras. */
export const toPictures = (jpeg: Uint8Array, count: number, cameras: number): readonly Picture[] =>
  Array.from({ length: count }, (_, index) => toPicture(jpeg, `cam ${index % cameras}`, index));

/** Writes a picture under a temporary name, as FTP servers do. What is returned renames it: the upload's end. */
export async function upload(inbox: string, { name, bytes }: Picture): Promise<() => Promise<void>> {
  const target = path.join(inbox, name);
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(`${target}.part`, bytes);
  return () => rename(`${target}.part`, target);
}

/** The same for many, so that all can be finished at once. */
export async function uploadAll(inbox: string, pictures: readonly Picture[]): Promise<() => Promise<void>> {
  const finishers: (() => Promise<void>)[] = [];
  for (const picture of pictures) finishers.push(await upload(inbox, picture));
  return async () => void (await Promise.all(finishers.map((finish) => finish())));
}
