/** All the ways in which uploads behave, by real servers and clients: each picture is examined once, whole. */
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FrameWire } from '../src/model/wire.ts';
import { createCleanups } from './harness/cleanups.ts';
import { createTestDatabase } from './harness/database.ts';
import { eventually } from './harness/eventually.ts';
import { runClient, startClient, startVsftpd, type FtpServer } from './harness/ftp.ts';
import { createDataDir, getAll, startProcess, type NightjarProcess } from './harness/nightjar.ts';
import { withComment } from './harness/pictures.ts';
import { startRtdetr } from './standins/rtdetr-server.ts';
import { drawScene } from './standins/scene.ts';

const EXAMINED_MS_MAX = 60_000;
/** A picture that is cut off is given up after fifteen times this: an upload must be resumed sooner. */
const SETTLE_MS = 1_000;
const OVERWRITES = 6;
const DELETED = 12;
const SYNCED = 20;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe.each([
  { way: 'watching', env: {} },
  { way: 'polling', env: { WATCH_POLLING: 'true' } },
])('uploads found by $way', ({ env }) => {
  const cleanups = createCleanups();
  let nightjar: NightjarProcess;
  let ftp: FtpServer;
  let inbox: string;
  /** Where the camera keeps its pictures. */
  let memory: string;
  let picture: Buffer;

  beforeAll(async () => {
    const db = await createTestDatabase();
    cleanups.add(db.close);
    const dataDir = await createDataDir();
    cleanups.add(dataDir.remove);
    memory = await mkdtemp(path.join(tmpdir(), 'nightjar-camera-'));
    cleanups.add(() => rm(memory, { recursive: true, force: true }));
    const detector = await startRtdetr();
    cleanups.add(() => detector.kill());
    nightjar = await startProcess(dataDir.path, { DATABASE_URL: db.url, DETECTORS: `remote:${detector.url}`, SETTLE_MS: `${SETTLE_MS}`, ...env }); // prettier-ignore
    cleanups.add(() => nightjar.kill('SIGKILL'));
    inbox = path.join(dataDir.path, 'inbox');
    await chmod(inbox, 0o777);
    ftp = await startVsftpd(inbox);
    cleanups.add(() => ftp.close());
    picture = await drawScene(7);
  });
  afterAll(cleanups.run);

  /** A picture like no other, as a file of the camera's; with its hash. */
  async function take(name: string, bytes: Buffer = picture): Promise<{ file: string; hash: string }> {
    const file = path.join(memory, name.replaceAll('/', '_'));
    const own = withComment(bytes, name);
    await writeFile(file, own);
    return { file, hash: sha256(own) };
  }

  async function upload(name: string, ...args: string[]): Promise<string> {
    const { file, hash } = await take(name);
    expect(await runClient('curl', ['-sS', '-T', file, ftp.toUrl(name), '--ftp-create-dirs', ...args])).toBe(0);
    return hash;
  }

  const readFrames = (camera: string) => getAll<FrameWire>(nightjar, `/api/frames?camera_id=${camera}`);
  const readHashes = async (camera: string) => (await readFrames(camera)).map((frame) => frame.sha256).sort();
  const examined = (camera: string, hashes: readonly string[]) =>
    eventually(
      async () => {
        const done = (await readFrames(camera)).filter(({ state }) => state === 'done');
        return hashes.every((hash) => done.some((frame) => frame.sha256 === hash));
      },
      { withinMs: EXAMINED_MS_MAX, what: `the pictures of ${camera}` },
    );
  const isEmpty = async (camera: string): Promise<boolean> => {
    const entries = await readdir(path.join(inbox, camera), { recursive: true, withFileTypes: true });
    return entries.every((entry) => entry.isDirectory());
  };

  /** These and no others came of the camera, each examined once, and nothing is left in its folder. */
  async function isAllOf(camera: string, hashes: readonly string[]): Promise<void> {
    await examined(camera, hashes);
    expect(await readHashes(camera)).toEqual([...hashes].sort());
    expect((await readFrames(camera)).every(({ attempts, state }) => attempts === 1 && state === 'done')).toBe(true);
    await eventually(() => isEmpty(camera), { what: `the empty folder of ${camera}` });
  }

  it.concurrent('written in place, into folders for the day that the client makes', async () => {
    const hashes = [await upload('plain/a.jpg'), await upload('plain/2024/06/10/12/b.jpg')];
    hashes.push(await upload('plain/2024/06/10/13/c.jpg'));
    await isAllOf('plain', hashes);
  });

  it.concurrent('under a temporary name, renamed when it is whole', async () => {
    const hashes: string[] = [];
    for (const [temporary, name] of [
      ['a.jpg.part', 'a.jpg'],
      ['.b.jpg', 'b.jpg'],
      ['c.tmp', 'c.jpg'],
    ] as const)
      // prettier-ignore
      hashes.push(await upload(`renamed/${temporary}`, '-Q', `-RNFR ${temporary}`, '-Q', `-RNTO ${name}`));
    await isAllOf('renamed', hashes);
    expect((await readFrames('renamed')).map(({ source_name }) => source_name).sort()).toEqual(['a.jpg', 'b.jpg', 'c.jpg']); // prettier-ignore
  });

  it.concurrent('broken off, and resumed where it ended', async () => {
    const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const;
    const large = await sharp({ create: { width: 1_200, height: 800, channels: 3, noise, background: '#000' } })
      .jpeg({ quality: 100 })
      .toBuffer();
    const { file, hash } = await take('resumed/a.jpg', large);
    const url = ftp.toUrl('resumed/a.jpg');
    const breakOff = startClient('curl', ['-sS', '--limit-rate', '50k', '-T', file, url, '--ftp-create-dirs']);
    const target = path.join(inbox, 'resumed/a.jpg');
    const sizeOf = async (): Promise<number> => (await stat(target).catch(() => undefined))?.size ?? 0;
    await eventually(async () => (await sizeOf()) > 0, { what: 'the first bytes' });
    await breakOff();
    expect(await sizeOf()).toBeLessThan(large.length);
    expect(await readFrames('resumed')).toEqual([]);
    expect(await runClient('curl', ['-sS', '-C', '-', '-T', file, url])).toBe(0);
    await isAllOf('resumed', [hash]);
  });

  it.concurrent('under the same name each time', async () => {
    const hashes: string[] = [];
    for (let number = 0; number < OVERWRITES; number += 1) {
      const { file, hash } = await take(`overwritten/${number}`);
      hashes.push(hash);
      expect(await runClient('curl', ['-sS', '-T', file, ftp.toUrl('overwritten/snap.jpg'), '--ftp-create-dirs'])).toBe(0); // prettier-ignore
      await eventually(async () => (await readHashes('overwritten')).length > number, { withinMs: EXAMINED_MS_MAX });
    }
    await isAllOf('overwritten', hashes);
  });

  it.concurrent('under the same name, faster than anyone could look: what is there last counts', async () => {
    const hashes: string[] = [];
    for (let number = 0; number < OVERWRITES; number += 1) {
      const { file, hash } = await take(`hasty/${number}`);
      hashes.push(hash);
      expect(await runClient('curl', ['-sS', '-T', file, ftp.toUrl('hasty/snap.jpg'), '--ftp-create-dirs'])).toBe(0);
    }
    await examined('hasty', hashes.slice(-1));
    await eventually(() => isEmpty('hasty'), { what: 'the empty folder' });
    expect(hashes).toEqual(expect.arrayContaining(await readHashes('hasty')));
  });

  it.concurrent('deleted by the client at once: examined, or never seen', async () => {
    const hashes: string[] = [];
    for (let number = 0; number < DELETED; number += 1) {
      const { file, hash } = await take(`deleted/${number}.jpg`);
      hashes.push(hash);
      // It may be gone by then, which the client calls an error.
      await runClient('curl', ['-sS', '-T', file, ftp.toUrl(`deleted/${number}.jpg`), '--ftp-create-dirs', '-Q', `-DELE ${number}.jpg`]); // prettier-ignore
    }
    hashes.push(await upload('deleted/last.jpg'));
    await examined('deleted', hashes.slice(-1));
    await eventually(() => isEmpty('deleted'), { what: 'the empty folder' });
    expect(hashes).toEqual(expect.arrayContaining(await readHashes('deleted')));
    expect(await getAll<FrameWire>(nightjar, '/api/frames?state=dead')).toEqual([]);
  });

  it.concurrent.each([
    ['rsync', []],
    ['inplace', ['--inplace', '--bwlimit=500']],
  ] as const)('by rsync: %s', async (camera, args) => {
    // prettier-ignore
    const hashes: string[] = [];
    await mkdir(path.join(memory, camera));
    for (let number = 0; number < SYNCED; number += 1) hashes.push((await take(`${camera}-${number}.jpg`)).hash);
    const files = Array.from({ length: SYNCED }, (_, number) => path.join(memory, `${camera}-${number}.jpg`));
    await mkdir(path.join(inbox, camera));
    expect(await runClient('rsync', ['-a', ...args, ...files, path.join(inbox, camera)])).toBe(0);
    await isAllOf(camera, hashes);
  });
});
