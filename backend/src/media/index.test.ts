import { createHash } from 'node:crypto';
import { mkdtemp, mkdir, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../lib/log.ts';
import { toMediaError } from './disk.ts';
import { createDiskStore } from './index.ts';

let root: string;
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), 'nightjar-media-'))));
afterEach(() => rm(root, { recursive: true, force: true }));

const sha256 = 'ab'.repeat(32);
const media = { cameraId: 'front_door', sha256, extension: 'jpg', bytes: Buffer.from('0123456789') };
const mediaPath = `front_door/ab/${sha256}.jpg`;
const open = () => createDiskStore({ root, log: silentLog });

async function readStream(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

describe('the media store', () => {
  it('keeps bytes under camera and content', async () => {
    const store = await open();
    expect(await store.put(media)).toBe(mediaPath);
    expect(await store.read(mediaPath)).toEqual(media.bytes);
    expect(await readdir(join(root, '.unfinished'))).toEqual([]);
  });

  it('streams a whole file or a range', async () => {
    const store = await open();
    const { size, stream } = await store.open(await store.put(media));
    expect(size).toBe(10);
    expect(await readStream(stream())).toBe('0123456789');
    expect(await readStream(stream({ start: 2, end: 4 }))).toBe('234');
  });

  it('writes the same content once, and again if the size is wrong', async () => {
    const store = await open();
    const { ino } = await stat(join(root, await store.put(media)));
    await store.put(media);
    expect((await stat(join(root, mediaPath))).ino).toBe(ino);
    await writeFile(join(root, mediaPath), 'torn');
    await store.put(media);
    expect(await store.read(mediaPath)).toEqual(media.bytes);
  });

  it('writes it again if what is there has rotted', async () => {
    const store = await open();
    const real = createHash('sha256').update(media.bytes).digest('hex');
    const stored = [await store.put(media), await store.put({ ...media, sha256: real })];
    for (const path of stored) await writeFile(join(root, path), '0123456_89');
    await store.put(media);
    await store.putStream({ ...media, sha256: real, size: 10, open: () => Readable.from([media.bytes]) });
    for (const path of stored) expect(await store.read(path)).toEqual(media.bytes);
  });

  it('takes the same content many times at once', async () => {
    const store = await open();
    await Promise.all(Array.from({ length: 20 }, () => store.put(media)));
    expect(await store.read(mediaPath)).toEqual(media.bytes);
    expect(await readdir(join(root, '.unfinished'))).toEqual([]);
  });

  it('is away when all of it is gone, which is no fault of a file', async () => {
    const store = await open();
    await store.put(media);
    await rm(root, { recursive: true });
    await mkdir(root);
    await expect(store.read(mediaPath)).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(store.open(mediaPath)).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('removes, and says what is not there', async () => {
    const store = await open();
    await store.remove(await store.put(media));
    await store.remove(mediaPath);
    await expect(store.read(mediaPath)).rejects.toMatchObject({ kind: 'not_found' });
    await expect(store.open(mediaPath)).rejects.toMatchObject({ kind: 'not_found' });
  });

  it('makes a folder again that was removed under it', async () => {
    const store = await open();
    await store.put(media);
    await rm(join(root, 'front_door'), { recursive: true });
    await expect(store.put(media)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(await store.put(media)).toBe(mediaPath);
  });

  it('leaves nothing half-written when storing fails', async () => {
    const store = await open();
    // A folder where the file should be: the rename fails as it would on a broken disk.
    await mkdir(join(root, mediaPath), { recursive: true });
    await expect(store.put(media)).rejects.toThrow(/storing front_door/);
    expect(await readdir(join(root, '.unfinished'))).toEqual([]);
  });

  it.each([
    '../etc/passwd',
    '/etc/passwd',
    `..\\${mediaPath}`,
    `front_door/../../ab/${sha256}.jpg`,
    `front_door/cd/${sha256}.jpg`,
    `front_door/ab/${sha256}.jpg/..`,
    `front_door/ab/${sha256}.jpg\0`,
    `front_door/ab/${sha256}.jpg\n`,
    '.unfinished/x',
    '',
  ])('refuses the path %j', async (path) => {
    const store = await open();
    await expect(store.read(path)).rejects.toMatchObject({ kind: 'invalid' });
    await expect(store.open(path)).rejects.toMatchObject({ kind: 'invalid' });
    await expect(store.remove(path)).rejects.toMatchObject({ kind: 'invalid' });
  });

  it.each([{ cameraId: '..' }, { cameraId: 'a/b' }, { sha256: 'AB'.repeat(32) }, { extension: '../x' }])(
    'refuses to store under %j',
    async (part) => {
      const store = await open();
      await expect(store.put({ ...media, ...part })).rejects.toMatchObject({ kind: 'invalid' });
    },
  );

  it.each([
    ['ENOSPC', 'unavailable'],
    ['EIO', 'unavailable'],
    ['ENOENT', 'not_found'],
    ['EISDIR', 'internal'],
  ])('calls %s %s', (code, kind) => {
    const cause = Object.assign(new Error(code), { code });
    expect(() => toMediaError('storing')(cause)).toThrow(expect.objectContaining({ kind, cause }));
  });

  it('removes what an earlier life left half-written, but not what another process is writing', async () => {
    await open();
    const old = new Date(Date.now() - 3_600_000);
    await writeFile(join(root, '.unfinished', 'old'), 'x');
    await utimes(join(root, '.unfinished', 'old'), old, old);
    await writeFile(join(root, '.unfinished', 'young'), 'x');
    await open();
    expect(await readdir(join(root, '.unfinished'))).toEqual(['young']);
  });
});
