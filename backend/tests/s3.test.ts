/** The media store's two kinds under one contract: a folder, and a bucket of a real S3-compatible server. */
import { GetObjectCommand, HeadObjectCommand, ListMultipartUploadsCommand, PutObjectCommand } from '@aws-sdk/client-s3'; // prettier-ignore
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock as clock } from '../src/lib/clock.ts';
import { silentLog as log } from '../src/lib/log.ts';
import { createDiskStore, openS3Store, type MediaStore } from '../src/media/index.ts';
import { createCleanups } from './harness/cleanups.ts';
import { S3_BUCKET, s3Credentials, startS3Server, type S3Server } from './standins/s3-server.ts';
import { startS3Gate, type S3Gate } from './standins/s3-gate.ts';

/** The smallest part that the protocol allows. */
const PART_BYTES = 5 * 1024 ** 2;
/** Patient: a busy machine is no failure. */
const LIMITS = {
  connectMs: 10_000,
  answerMs: 30_000,
  pieceMs: 20_000,
  attemptsMax: 2,
  partBytes: PART_BYTES,
  listMax: 3,
};
/** For what is to fail by its time limit. */
const HASTY = { answerMs: 3_000, pieceMs: 1_000 };
const PREFIX = 'house/one/';

const cleanups = createCleanups();
let folder: string;
let s3: S3Server;
let gate: S3Gate;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightjar-stores-'));
  cleanups.add(() => rm(folder, { recursive: true, force: true }));
  s3 = await startS3Server();
  cleanups.add(s3.close);
  gate = await startS3Gate(s3.endpoint);
  cleanups.add(gate.close);
});
beforeEach(() => gate.fail('none'));
afterAll(cleanups.run);

const openBucket = (changed: { bucket?: string; secretAccessKey?: string; endpoint?: string } = {}, limits: Partial<typeof LIMITS> = {}) =>
  openS3Store({
    place: { bucket: S3_BUCKET, prefix: PREFIX, region: 'us-east-1', pathStyle: true, endpoint: gate.endpoint, ...changed },
    credentials: { ...s3Credentials, ...changed },
    scratchDir: path.join(folder, 'copies'),
    limits: { ...LIMITS, ...limits },
    clock,
    log,
  }); // prettier-ignore

const toSha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Something that is stored nowhere yet. */
function toMedia(bytes: Buffer = randomBytes(1_000), cameraId = 'gate') {
  const sha256 = toSha256(bytes);
  const address = { cameraId, sha256, extension: 'jpg' };
  return { ...address, bytes, size: bytes.length, mediaPath: `${cameraId}/${sha256.slice(0, 2)}/${sha256}.jpg` };
}

const inPieces = (bytes: Buffer, size = 100_000): Readable =>
  Readable.from((function* () { for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size); })()); // prettier-ignore

async function listAll(store: MediaStore): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for await (const { mediaPath, size, modifiedAt } of store.list()) {
    expect(Math.abs(Date.now() - modifiedAt.getTime())).toBeLessThan(600_000);
    found.set(mediaPath, size);
  }
  return found;
}

const stores: Readonly<Record<string, () => Promise<MediaStore>>> = {
  folder: () => createDiskStore({ root: path.join(folder, 'media'), log }),
  bucket: () => openBucket(),
};

describe.each(Object.keys(stores))('a media store in a %s', (kind) => {
  let store: MediaStore;
  beforeAll(async () => void (store = (await stores[kind]?.()) ?? store));

  it('gives back what was put, whole and in spans', async () => {
    const media = toMedia();
    expect(await store.has(media.mediaPath)).toBe(false);
    expect(await store.put(media)).toBe(media.mediaPath);
    expect(await store.put(media)).toBe(media.mediaPath);
    expect(await store.has(media.mediaPath)).toBe(true);
    expect(await store.read(media.mediaPath)).toEqual(media.bytes);
    const { size, stream } = await store.open(media.mediaPath);
    expect(size).toBe(1_000);
    expect(await buffer(stream())).toEqual(media.bytes);
    expect(await buffer(stream({ start: 0, end: 0 }))).toEqual(media.bytes.subarray(0, 1));
    expect(await buffer(stream({ start: 990, end: 999 }))).toEqual(media.bytes.subarray(990));
  });

  it('takes a stream larger than two parts, and gives spans across its parts', async () => {
    const media = toMedia(randomBytes(2 * PART_BYTES + 12_345));
    expect(await store.putStream({ ...media, open: () => inPieces(media.bytes) })).toBe(media.mediaPath);
    const { size, stream } = await store.open(media.mediaPath);
    expect(size).toBe(media.size);
    expect(toSha256(await buffer(stream()))).toBe(media.sha256);
    const span = { start: PART_BYTES - 10, end: PART_BYTES + 9 };
    expect(await buffer(stream(span))).toEqual(media.bytes.subarray(span.start, span.end + 1));
    let opened = 0;
    const again = { ...media, open: () => (opened++, inPieces(media.bytes)) };
    expect(await store.putStream(again)).toBe(media.mediaPath);
    expect(opened).toBe(0);
  });

  it.each([1_000, 2 * PART_BYTES])(
    'keeps nothing of a stream of %d bytes that is not what it was said to be',
    async (size) => {
      const media = toMedia(randomBytes(size));
      const wrong = {
        shorter: () => inPieces(media.bytes.subarray(1)),
        longer: () => inPieces(Buffer.concat([media.bytes, Buffer.from('x')])),
        other: () => inPieces(randomBytes(size)),
      };
      for (const open of Object.values(wrong))
        await expect(store.putStream({ ...media, open })).rejects.toMatchObject({ kind: 'invalid' });
      const broken = { ...media, open: () => Readable.from((async function* () { yield media.bytes.subarray(0, 10); throw new Error('unplugged'); })()) }; // prettier-ignore
      await expect(store.putStream(broken)).rejects.toMatchObject({
        kind: 'unavailable',
        message: expect.stringMatching(/unplugged/) as unknown,
      });
      expect(await store.has(media.mediaPath)).toBe(false);
      expect(await store.putStream({ ...media, open: () => inPieces(media.bytes) })).toBe(media.mediaPath);
    },
  );

  it('takes the same content many times at once', async () => {
    const media = toMedia();
    await Promise.all(Array.from({ length: 8 }, () => store.put(media)));
    expect(await store.read(media.mediaPath)).toEqual(media.bytes);
  });

  it('lends a file, and leaves none behind', async () => {
    const media = toMedia();
    await store.put(media);
    const lent = await store.withFile(media.mediaPath, async (file) => {
      expect(path.extname(file)).toBe('.jpg');
      return readFile(file);
    });
    expect(lent).toEqual(media.bytes);
    const failure = new Error('ffmpeg failed');
    await expect(store.withFile(media.mediaPath, () => Promise.reject(failure))).rejects.toBe(failure);
    expect(await readdir(path.join(folder, 'copies')).catch(() => [])).toEqual([]);
    expect(await store.has(media.mediaPath)).toBe(true);
  });

  it('says what is not there', async () => {
    const { mediaPath } = toMedia();
    await expect(store.read(mediaPath)).rejects.toMatchObject({ kind: 'not_found' });
    await expect(store.open(mediaPath)).rejects.toMatchObject({ kind: 'not_found' });
    await expect(store.withFile(mediaPath, () => Promise.resolve())).rejects.toMatchObject({ kind: 'not_found' });
    await store.remove(mediaPath);
  });

  it('removes', async () => {
    const media = toMedia();
    await store.remove(await store.put(media));
    expect(await store.has(media.mediaPath)).toBe(false);
    await store.put(media);
    expect(await store.has(media.mediaPath)).toBe(true);
  });

  it.each(['../x', 'gate/ab/x.jpg', '.unfinished/x', ''])('refuses the path %j', async (wrong) => {
    for (const ask of [store.read, store.open, store.has, store.remove])
      await expect(ask(wrong)).rejects.toMatchObject({ kind: 'invalid' });
    await expect(store.withFile(wrong, () => Promise.resolve())).rejects.toMatchObject({ kind: 'invalid' });
    await expect(store.put({ ...toMedia(), cameraId: '../x' })).rejects.toMatchObject({ kind: 'invalid' });
  });

  it('lists what is stored, and only that', async () => {
    const before = await listAll(store);
    const media = Array.from({ length: 5 }, (_, index) => toMedia(randomBytes(10 + index), `list_${index % 2}`));
    for (const one of media) await store.put(one);
    await placeStrangers();
    const after = await listAll(store);
    for (const { mediaPath, size } of media) expect(after.get(mediaPath)).toBe(size);
    expect(after.size).toBe(before.size + media.length);
    // A reader that stops early is fine.
    for await (const { mediaPath } of store.list()) if (mediaPath !== '') break;
  });

  it('keeps a copy aside that is not listed', async () => {
    const media = toMedia();
    await store.put(media);
    const before = await listAll(store);
    expect(await store.copyAside(media.mediaPath)).toContain(media.mediaPath);
    await store.remove(media.mediaPath);
    expect((await listAll(store)).size).toBe(before.size - 1);
  });

  it('knows the room that is left, or that nobody does', async () => {
    const free = await store.freeBytes();
    if (kind === 'bucket') expect(free).toBeNull();
    else expect(free).toBeGreaterThan(1_000_000);
  });
});

/** What is no media path, in either place. */
async function placeStrangers(): Promise<void> {
  const root = path.join(folder, 'media');
  await mkdir(path.join(root, 'list_0/zz'), { recursive: true });
  await writeFile(path.join(root, 'list_0/zz/note.txt'), 'x');
  await writeFile(path.join(root, '.unfinished/young'), 'x');
  for (const key of [`${PREFIX}list_0/zz/note.txt`, `${PREFIX}README`, `elsewhere/${toMedia().mediaPath}`])
    await s3.client.send(new PutObjectCommand({ Bucket: S3_BUCKET, Key: key, Body: 'x' }));
}

describe('a media store in a bucket', () => {
  const objectOf = (mediaPath: string) => ({ Bucket: S3_BUCKET, Key: `${PREFIX}${mediaPath}` });

  it('uploads once, and says with each object what its bytes must be', async () => {
    const store = await openBucket();
    const small = toMedia();
    const large = toMedia(randomBytes(PART_BYTES + 1));
    for (const media of [small, large]) {
      await store.put(media);
      const { Metadata } = await s3.client.send(new HeadObjectCommand(objectOf(media.mediaPath)));
      expect(Metadata).toEqual({ sha256: media.sha256 });
    }
    const before = gate.requests.length;
    await store.put(small);
    await store.put(large);
    expect(gate.requests.slice(before).map((line) => line.split(' ')[0])).toEqual(['HEAD', 'HEAD']);
  });

  it('writes anew what is not whole', async () => {
    const store = await openBucket();
    const media = toMedia();
    await s3.client.send(new PutObjectCommand({ ...objectOf(media.mediaPath), Body: 'torn' }));
    await store.put(media);
    expect(await store.read(media.mediaPath)).toEqual(media.bytes);
    await s3.client.send(new PutObjectCommand({ ...objectOf(media.mediaPath), Body: randomBytes(media.size) }));
    await expect(store.withFile(media.mediaPath, () => Promise.resolve())).rejects.toMatchObject({ kind: 'invalid' });
  });

  it('leaves no part of an upload that failed', async () => {
    const store = await openBucket();
    const media = toMedia(randomBytes(PART_BYTES + 1));
    gate.fail('forbidden', /partNumber=2/);
    await expect(store.put(media)).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/refused/) as unknown,
    });
    const { Uploads = [] } = await s3.client.send(new ListMultipartUploadsCommand({ Bucket: S3_BUCKET }));
    expect(Uploads).toEqual([]);
    gate.fail('none');
    await store.put(media);
    expect(toSha256(await store.read(media.mediaPath))).toBe(media.sha256);
  });

  it.each(['error-500', 'slow-down', 'reset'] as const)('gets over one %s by itself', async (fault) => {
    const store = await openBucket();
    const media = toMedia();
    gate.fail(fault, /^PUT/, 1);
    await store.put(media);
    gate.fail(fault, /^GET/, 1);
    expect(await store.read(media.mediaPath)).toEqual(media.bytes);
  });

  it.each([
    ['error-500', /500|InternalError/],
    ['slow-down', /503|SlowDown/],
    ['forbidden', /S3_ACCESS_KEY_ID/],
    ['web-page', /no bucket|HTTP 404/],
    ['hang', /time|3000/i],
    ['reset', /./],
  ] as const)('is unavailable under %s, whatever is asked', async (fault, reason) => {
    const store = await openBucket();
    const media = toMedia();
    await store.put(media);
    const hasty = await openBucket({}, HASTY);
    gate.fail(fault);
    const away = { kind: 'unavailable', message: expect.stringMatching(reason) as unknown };
    const { mediaPath } = media;
    const fresh = toMedia();
    const asked = [
      hasty.put(toMedia()),
      hasty.putStream({ ...fresh, open: () => inPieces(fresh.bytes) }),
      hasty.copyAside(mediaPath),
      hasty.read(mediaPath),
      hasty.open(mediaPath),
      hasty.has(mediaPath),
      hasty.withFile(mediaPath, () => Promise.resolve()),
      hasty.remove(mediaPath),
      listAll(hasty),
      openBucket({}, HASTY),
    ];
    for (const result of await Promise.allSettled(asked))
      expect(result).toMatchObject({ status: 'rejected', reason: away });
    gate.fail('none');
    expect(await store.read(mediaPath)).toEqual(media.bytes);
  });

  it.each(['cut', 'stall'] as const)('ends in an error when the answer is %s half-way', async (fault) => {
    const store = await openBucket();
    const media = toMedia(randomBytes(50_000));
    await store.put(media);
    const hasty = await openBucket({}, HASTY);
    const { stream } = await hasty.open(media.mediaPath);
    gate.fail(fault, /^GET/);
    await expect(buffer(stream())).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(hasty.read(media.mediaPath)).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(hasty.withFile(media.mediaPath, () => Promise.resolve())).rejects.toMatchObject({
      kind: 'unavailable',
    });
    expect(await readdir(path.join(folder, 'copies'))).toEqual([]);
  });

  it('waits for a slow reader', async () => {
    const store = await openBucket();
    const media = toMedia(randomBytes(3_000_000));
    await store.put(media);
    const { stream } = await (await openBucket({}, HASTY)).open(media.mediaPath);
    let got = 0;
    for await (const piece of stream()) {
      // Longer than the server may be silent; what is played here is the pace of the reader.
      if (got === 0) await clock.sleep(2 * HASTY.pieceMs);
      got += (piece as Buffer).length;
    }
    expect(got).toBe(media.size);
  });

  it('opens nothing for a stream that nobody reads, and lets go of one that is left', async () => {
    const store = await openBucket();
    const media = toMedia(randomBytes(3_000_000));
    await store.put(media);
    const { stream } = await store.open(media.mediaPath);
    const before = gate.requests.length;
    stream().destroy();
    expect(gate.requests.length).toBe(before);
    for await (const piece of stream()) if ((piece as Buffer).length > 0) break;
    expect(await store.has(media.mediaPath)).toBe(true);
  });

  it('reads a list of many pages', async () => {
    const store = await openBucket();
    const media = Array.from({ length: 7 }, () => toMedia(randomBytes(10), 'pages'));
    await Promise.all(media.map((one) => store.put(one)));
    const found = [...(await listAll(store)).keys()].filter((mediaPath) => mediaPath.startsWith('pages/'));
    expect(found.toSorted()).toEqual(media.map(({ mediaPath }) => mediaPath).toSorted());
    expect(gate.requests.filter((line) => line.includes('continuation-token')).length).toBeGreaterThan(2);
  });

  it('says at the start what is wrong', async () => {
    const wrong = { kind: 'unavailable' };
    await expect(openBucket({ bucket: 'nobodys' })).rejects.toMatchObject({
      ...wrong,
      message: expect.stringMatching(/no bucket nobodys at http/) as unknown,
    });
    await expect(openBucket({ secretAccessKey: 'wrong' })).rejects.toMatchObject({
      ...wrong,
      message: expect.stringMatching(/S3_SECRET_ACCESS_KEY/) as unknown,
    });
    await expect(openBucket({ endpoint: 'http://127.0.0.1:1' })).rejects.toMatchObject({
      ...wrong,
      message: expect.stringMatching(/ECONNREFUSED/) as unknown,
    });
  });

  it('keeps the bytes where any other client finds them', async () => {
    const store = await openBucket();
    const media = toMedia();
    await store.put(media);
    const { Body } = await s3.client.send(new GetObjectCommand(objectOf(media.mediaPath)));
    expect(Buffer.from((await Body?.transformToByteArray()) ?? [])).toEqual(media.bytes);
  });
});
