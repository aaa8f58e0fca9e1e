import { createHash } from 'node:crypto';
import { utimes } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toTransact } from '../../../tests/harness/ledger.ts';
import { clipFormats, inspectPicture } from '../../ingest/index.ts';
import { systemClock as clock } from '../../lib/clock.ts';
import { newId } from '../../lib/id.ts';
import { silentLog as log } from '../../lib/log.ts';
import { createTestHouse, listAside, spoil, type TestHouse } from '../tests/test-house.ts';
import { checkHouse, type CheckOptions, type CheckSummary, type Finding } from './index.ts';

let house: TestHouse;
beforeEach(async () => void (house = await createTestHouse()));
afterEach(() => house.close());

interface Checked {
  readonly summary: CheckSummary;
  readonly found: readonly Finding[];
}

interface Wish {
  readonly repair?: boolean;
  readonly isForced?: boolean;
  readonly quick?: boolean;
  readonly media?: CheckOptions['media'];
}

async function check(wish: Wish = {}): Promise<Checked> {
  const { repair: isRepair = false, isForced = false, quick: isQuick = false, media = house.media } = wish;
  const found: Finding[] = [];
  const repair = {
    ...{ transact: toTransact(house.db), newId, isForced, imageBytesMax: 1_000_000 },
    inspect: (bytes: Buffer, name: string) => inspectPicture(bytes, { ending: 'open', name, pixelsMax: 1_000_000 }),
    toClipType: (extension: string) =>
      Object.values(clipFormats).find((format) => format.extension === extension)?.mediaType,
  };
  const summary = await checkHouse({
    ...{ db: house.db, media, clock, log, isQuick, repair: isRepair ? repair : undefined },
    ...{ onFinding: (finding: Finding) => found.push(finding), onProgress: () => undefined },
    signal: new AbortController().signal,
  });
  return { summary, found };
}

const toFaults = ({ found }: Checked): string[] => found.map(({ fault }) => fault).sort();

async function expectClean(): Promise<void> {
  expect((await check()).found).toEqual([]);
  expect(await house.faults()).toEqual([]);
}

async function readFrame(id: string) {
  const [row] = await house.db.query(
    (sql) => sql`select state, media_path, error_kind, error_message from frames where id = ${id}`,
  );
  return row;
}

/** A file without a row, an hour old unless told otherwise. */
async function addStray(bytes: Buffer, { cameraId = 'yard', extension = 'jpg', ageMs = 3_600_000 } = {}) {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const mediaPath = await house.media.put({ cameraId, sha256, extension, bytes });
  const at = new Date(Date.now() - ageMs);
  await utimes(path.join(house.root, mediaPath), at, at);
  return { mediaPath, at, sha256 };
}

const paint = (): Promise<Buffer> =>
  sharp({ create: { width: 32, height: 16, channels: 3, background: 'teal' } }).jpeg().toBuffer(); // prettier-ignore

describe('a check', () => {
  it('finds nothing in a house that is well, and counts it', async () => {
    await house.addEvent();
    await house.addFrames(3);
    await house.addClip();
    expect((await check()).summary).toEqual({ rows: 6, files: 6, findings: {}, unrepaired: 0 });
  });

  it('finds a row without its file, and changes nothing by itself', async () => {
    const frame = await house.addFrame();
    await house.addFrame();
    await house.media.remove(frame.mediaPath);
    const { found } = await check();
    expect(found).toMatchObject([{ fault: 'missing', mediaPath: frame.mediaPath, owner: `frame ${frame.id} (done)`, repair: null }]); // prettier-ignore
    expect(await readFrame(frame.id)).toMatchObject({ state: 'done', mediaPath: frame.mediaPath });
  });

  it('finds wrong sizes, and wrong content unless it is to be quick', async () => {
    const [size, content] = [await house.addFrame(), await house.addFrame()];
    await spoil(house, size.mediaPath, 'short');
    await spoil(house, content.mediaPath, Buffer.alloc(content.bytes.length));
    expect(toFaults(await check())).toEqual(['sha256', 'size']);
    expect(toFaults(await check({ quick: true }))).toEqual(['size']);
  });

  it('finds removals that nobody works off', async () => {
    await house.db.query(
      (sql) => sql`
        insert into media_removals (media_path, requested_at)
        values ('yard/aa/old', now() - interval '2 h'), ('yard/aa/new', now())`,
    );
    expect((await check()).found).toMatchObject([{ fault: 'unfinished', mediaPath: 'yard/aa/old' }]);
  });

  it('takes a young file for one on its way, and one that is being removed for what it is', async () => {
    await addStray(Buffer.from('young'), { ageMs: 0 });
    const { mediaPath } = await addStray(Buffer.from('old'));
    await house.db.query((sql) => sql`insert into media_removals (media_path) values (${mediaPath})`);
    expect((await check()).found).toEqual([]);
  });

  it('is not led astray by retention that goes on beside it', async () => {
    await house.addFrames(300);
    const retention = house.createRetention();
    const [{ found }] = await Promise.all([check(), retention.runOnce()]);
    expect(found).toEqual([]);
    expect(retention.stats().files).toBe(300);
  });

  it('says unavailable when the store cannot be read, and does not call it empty', async () => {
    await house.addFrames(60);
    const open = (): Promise<never> => Promise.reject(new Error('EIO'));
    await expect(check({ media: { ...house.media, open } })).rejects.toMatchObject({
      kind: 'unavailable',
    });
  });
});

describe('a repair', () => {
  it('of rows without files: waiting ones become dead letters, what was seen stays', async () => {
    const [pending, done, dead] = [
      await house.addFrame({ state: 'pending' }),
      await house.addFrame(),
      await house.addFrame({ state: 'dead' }),
    ];
    const [clip, cutClip] = [await house.addClip({ state: 'pending' }), await house.addClip()];
    await house.addFrame();
    for (const { mediaPath } of [pending, done, dead, clip, cutClip]) await house.media.remove(mediaPath);
    const { summary } = await check({ repair: true });
    expect(summary).toMatchObject({ findings: { missing: 5 }, unrepaired: 0 });
    expect(await readFrame(pending.id)).toEqual({
      ...{ state: 'dead', mediaPath: null, errorKind: 'not_found' },
      errorMessage: 'its file is missing from the media store',
    });
    expect(await readFrame(done.id)).toMatchObject({ state: 'done', mediaPath: null });
    expect(await readFrame(dead.id)).toMatchObject({ state: 'dead', mediaPath: null, errorMessage: 'no picture' });
    const told = await house.db.query((sql) => sql<{ type: string }[]>`select type from outbox order by seq`);
    expect(told.map(({ type }) => type)).toEqual(['frame.dead', 'clip.dead']);
    await expectClean();
  });

  it('of damaged files: moved aside, their rows as without', async () => {
    const [frame, other] = [await house.addFrame({ state: 'pending' }), await house.addFrame()];
    await spoil(house, frame.mediaPath, 'short');
    await spoil(house, other.mediaPath, Buffer.alloc(other.bytes.length));
    const { found } = await check({ repair: true });
    expect(found.map(({ repair }) => repair).sort()).toEqual([
      expect.stringMatching(/^kept without its file; the file was moved to \.aside\/yard/),
      expect.stringMatching(/^made a dead letter; the file was moved to \.aside\/yard/),
    ]);
    const { state, errorMessage } = (await readFrame(frame.id)) ?? {};
    expect([state, errorMessage]).toEqual(['dead', 'its file in the media store was damaged: of another size']);
    expect(await house.files()).toEqual([]);
    expect(await listAside(house)).toEqual([frame, other].map(({ mediaPath }) => path.basename(mediaPath)).sort());
    await expectClean();
  });

  it('of several rows that share one damaged file', async () => {
    const clip = await house.addClip();
    const bytes = Buffer.from('twice the same');
    const frames = [0, 2_000].map((offsetMs) => house.addFrame({ bytes, clipId: clip.id, offsetMs }));
    const [one] = await Promise.all(frames);
    await spoil(house, one?.mediaPath ?? '', 'short');
    expect((await check({ repair: true })).summary.findings).toEqual({ size: 2 });
    expect(await house.files()).toEqual([clip.mediaPath]);
    await expectClean();
  });

  it('of a file without a row: given back to the row that had lost it', async () => {
    const frame = await house.addFrame();
    await house.addFrame();
    await house.media.remove(frame.mediaPath);
    await check({ repair: true });
    await addStray(frame.bytes);
    expect((await check({ repair: true })).found).toMatchObject([
      { fault: 'stray', repair: 'given back to 1 row(s) that had lost it' },
    ]);
    expect(await readFrame(frame.id)).toMatchObject({ state: 'done', mediaPath: frame.mediaPath });
    await expectClean();
  });

  it('of pictures and clips without a row: recorded again, to be examined', async () => {
    const picture = await paint();
    const { at, sha256, mediaPath } = await addStray(picture);
    const clip = await addStray(Buffer.from('any clip'), { extension: 'mp4' });
    expect((await check({ repair: true })).summary).toMatchObject({ findings: { stray: 2 }, unrepaired: 0 });
    const [frame] = await house.db.query((sql) => sql`select * from frames`);
    expect(frame).toMatchObject({ state: 'pending', cameraId: 'yard', sha256, mediaPath, capturedAt: at });
    expect(frame).toMatchObject({ mediaType: 'image/jpeg', width: 32, height: 16, bytes: picture.length });
    const [recorded] = await house.db.query((sql) => sql`select * from clips`);
    expect(recorded).toMatchObject({ state: 'pending', mediaType: 'video/mp4', mediaPath: clip.mediaPath });
    await expectClean();
  });

  it('of anything else: moved aside, never deleted', async () => {
    await addStray(Buffer.from('no picture at all'));
    await addStray(await paint(), { cameraId: 'unheard_of' });
    const wrong = await addStray(Buffer.from('a good name'));
    await spoil(house, wrong.mediaPath, 'another text');
    const { found } = await check({ repair: true });
    expect(found.map(({ repair }) => /: (.*)$/.exec(repair ?? '')?.[1]).sort()).toEqual([
      'its content is not what its name says',
      'no camera has this name',
      'not a picture: the content is of no known format',
    ]);
    expect([await house.files(), (await listAside(house)).length, await house.count('frames')]).toEqual([[], 3, 0]);
    await expectClean();
  });

  it('of removals that nobody worked off', async () => {
    const { mediaPath } = await addStray(Buffer.from('to be removed'));
    await house.db.query(
      (sql) => sql`insert into media_removals (media_path, requested_at) values (${mediaPath}, now() - interval '2 h')`,
    );
    expect(toFaults(await check({ repair: true }))).toEqual(['unfinished']);
    expect(await house.files()).toEqual([]);
    await expectClean();
  });

  it('is refused where the store seems to be that of another house, unless it is forced', async () => {
    await addStray(Buffer.from('of another house'));
    for (let count = 0; count < 5; count += 1) await house.media.remove((await house.addFrame()).mediaPath);
    await expect(check({ repair: true })).rejects.toMatchObject({
      ...{ kind: 'conflict', message: /none of 5 files.*--force/ },
    });
    expect(toFaults(await check())).toEqual([...Array<string>(5).fill('missing'), 'stray']);
    expect((await check({ repair: true, isForced: true })).summary).toMatchObject({ unrepaired: 0 });
    await expectClean();
  });

  it('is refused where the store seems not to be mounted, or the database to be another', async () => {
    const frame = await house.addFrame();
    await house.media.remove(frame.mediaPath);
    await expect(check({ repair: true })).rejects.toMatchObject({ kind: 'conflict', message: /mounted/ });
    await addStray(Buffer.from('x'));
    await house.db.query((sql) => sql`truncate cameras cascade`);
    await expect(check({ repair: true })).rejects.toMatchObject({ kind: 'conflict', message: /right one/ });
  });
});
