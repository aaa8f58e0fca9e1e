import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestInbox, cut, eventually, makeImage, makeJpeg, sha256, type TestInbox } from './test-inbox.ts';

let test: TestInbox;
beforeEach(async () => void (test = await createTestInbox()));
afterEach(() => test.close());

describe('an upload', () => {
  it('renamed into the inbox is recorded with all its facts and moved out', async () => {
    const ingest = await test.start();
    const bytes = await makeImage(1, { width: 64, height: 48 }).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    await test.drop('Front/2024/01/31/123456.jpg', bytes);
    const [arrival] = await test.arrived(1);
    expect(arrival).toEqual({
      cameraId: 'front',
      sourceName: '2024/01/31/123456.jpg',
      sha256: sha256(bytes),
      mediaType: 'image/jpeg',
      mediaPath: `front/${sha256(bytes)}.jpg`,
      width: 48,
      height: 64,
      bytes: bytes.length,
      capturedAt: new Date('2024-01-31T11:34:56.000Z'),
      error: null,
      left: null,
      traceParent: null,
    });
    expect(test.stored.get(`front/${sha256(bytes)}.jpg`)).toEqual(bytes);
    await ingest.idle();
    expect(await test.files()).toEqual([]);
    expect(ingest.stats()).toMatchObject({ waiting: 0, examining: 0, scanning: false, outage: false });
  });

  it('that came while nobody watched is found at the start, at any depth, and in the inbox itself', async () => {
    await test.write('a.jpg', await makeJpeg(1));
    await test.write('cam/b.png', await makeImage(2).png().toBuffer());
    await test.write('cam/1/2/3/4/5/c.jpg', await makeJpeg(3));
    await (await test.start()).idle();
    expect(test.told()).toEqual(['cam: 1/2/3/4/5/c.jpg: fine', 'cam: b.png: fine', 'inbox: a.jpg: fine']);
    expect(await test.files()).toEqual([]);
  });

  it('into new folders is noticed without a scan, and so is a whole folder moved in', async () => {
    await test.start();
    await test.drop('cam/2024/01/31/a.jpg', await makeJpeg(1));
    await mkdir(join(test.root, 'moved/deep'), { recursive: true });
    const file = await open(join(test.root, 'moved/deep/b.jpg'), 'w');
    await file.writeFile(await makeJpeg(2));
    await file.close();
    await rename(join(test.root, 'moved'), join(test.inbox, 'moved'));
    await test.arrived(2);
    await test.drop('cam/2024/01/31/c.jpg', await makeJpeg(3));
    await test.arrived(3);
  });

  it('into a folder that was moved, or deleted and made again, is noticed without a scan', async () => {
    await test.start({ mode: 'copy' });
    await test.drop('cam/day/a.jpg', await makeJpeg(1));
    await test.arrived(1);
    await rename(join(test.inbox, 'cam/day'), join(test.inbox, 'cam/old'));
    await test.drop('cam/day/b.jpg', await makeJpeg(2));
    await test.arrived(2);
    await test.drop('cam/old/c.jpg', await makeJpeg(3));
    await test.arrived(3);
    await rm(join(test.inbox, 'cam'), { recursive: true });
    await test.drop('cam/day/d.jpg', await makeJpeg(4));
    await test.arrived(4);
    await test.drop('cam/day/e.jpg', await makeJpeg(5));
    await test.arrived(5);
    expect(test.arrivals.map((arrival) => arrival.sourceName)).toEqual(
      ['a', 'b', 'c', 'd', 'e'].map((name) => `${name === 'c' ? 'old' : 'day'}/${name}.jpg`),
    );
  });

  it('is noticed by polling', async () => {
    await test.start({ polling: true });
    await test.drop('cam/a.jpg', await makeJpeg(1));
    await test.arrived(1);
    await test.drop('cam/b.jpg', await makeJpeg(2));
    await test.arrived(2);
  });

  it('under a temporary name waits for its name', async () => {
    const ingest = await test.start();
    for (const name of ['.a.jpg', 'a.jpg.part', 'a.jpg.tmp', 'a.jpg.filepart', 'a.jpg.crdownload', 'a.jpg~'])
      await test.write(`cam/${name}`, await makeJpeg(1));
    test.putForward(60_000);
    await ingest.idle();
    expect(test.arrivals).toEqual([]);
    await rename(join(test.inbox, 'cam/a.jpg.part'), join(test.inbox, 'cam/a.jpg'));
    await test.arrived(1);
  });

  it('is recorded once for each camera and content, but always leaves the inbox', async () => {
    const ingest = await test.start();
    for (const path of ['cam/a.jpg', 'cam/b.jpg', 'other/a.jpg']) await test.drop(path, await makeJpeg(1));
    await test.arrived(2);
    await ingest.idle();
    expect(test.known).toHaveLength(1);
    expect(await test.files()).toEqual([]);
  });

  it('may have a name of 255 bytes', async () => {
    const ingest = await test.start();
    await test.drop(`cam/${'n'.repeat(251)}.jpg`, await makeJpeg(1));
    await test.arrived(1);
    await ingest.idle();
    expect(await test.files()).toEqual([]);
  });

  it('is one of 500 at once: each is recorded once, none is left', async () => {
    const ingest = await test.start();
    const images = await Promise.all(Array.from({ length: 500 }, (_, number) => makeJpeg(number)));
    await Promise.all(images.map((bytes, number) => test.write(`cam${number % 7}/${number}.jpg`, bytes)));
    await ingest.idle();
    expect(test.arrivals.map((arrival) => arrival.sha256).sort()).toEqual(images.map(sha256).sort());
    expect(test.arrivals.every((arrival) => arrival.error === null)).toBe(true);
    await eventually(async () => expect(await test.files()).toEqual([]));
  });
});

describe('an upload under way', () => {
  it('in many pieces is recorded once, whole', async () => {
    const ingest = await test.start();
    const bytes = await makeJpeg(1);
    await test.write('cam/a.jpg', '');
    const file = await open(join(test.inbox, 'cam/a.jpg'), 'w');
    for (const piece of cut(bytes, 20)) {
      // It was seen as it was so far.
      await eventually(() => expect(ingest.stats()).toMatchObject({ waiting: 1, examining: 0 }));
      await file.write(piece);
    }
    await file.close();
    expect(await test.arrived(1)).toMatchObject([{ sha256: sha256(bytes), error: null }]);
    await ingest.idle();
    expect(test.known).toEqual([]);
  });

  it('is not forgotten when we close, and found whole at the next start', async () => {
    const bytes = await makeJpeg(1);
    const first = await test.start();
    await test.write('cam/a.jpg', bytes.subarray(0, 200));
    await eventually(() => expect(first.stats()).toMatchObject({ waiting: 1, examining: 0 }));
    await first.close();
    await test.write('cam/a.jpg', bytes);
    expect(test.arrivals).toEqual([]);
    await (await test.start()).idle();
    expect(test.arrivals).toMatchObject([{ sha256: sha256(bytes) }]);
  });

  it('that stays cut is truncated in the end', async () => {
    const ingest = await test.start();
    await test.write('cam/a.jpg', (await makeJpeg(1)).subarray(0, 200));
    await eventually(() => expect(ingest.stats()).toMatchObject({ waiting: 1, examining: 0 }));
    await eventually(() => {
      test.putForward(1_000);
      expect(test.arrivals).toMatchObject([{ error: { message: expect.stringMatching(/^truncated/) as string } }]);
    });
  });
});

describe('a new upload under the name of one in hand', () => {
  it('loses neither, renamed or written in place', async () => {
    const [first, second, third] = await Promise.all([makeJpeg(1), makeJpeg(2), makeJpeg(3)]);
    const ingest = await test.start({
      async record(arrival) {
        if (arrival.sha256 === sha256(first)) await test.drop('cam/a.jpg', second);
        if (arrival.sha256 === sha256(second)) await test.write('cam/a.jpg', third);
        return test.sinks.record(arrival);
      },
    });
    await test.drop('cam/a.jpg', first);
    await test.arrived(3);
    await ingest.idle();
    expect(test.arrivals.map((arrival) => arrival.sha256)).toEqual([first, second, third].map(sha256));
    expect(await test.files()).toEqual([]);
  });
});
