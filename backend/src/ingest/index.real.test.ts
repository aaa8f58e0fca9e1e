import { execFileSync } from 'node:child_process';
import { mkdir, open, readFile, rename, rm, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NightjarError } from '../lib/errors.ts';
import { CLIP_KINDS } from './clips/start.ts';
import type { Arrival, InboxFile } from '../model/index.ts';
import { createTestInbox, createWarnings, cut, makeImage, makeJpeg, sha256, type TestInbox } from './test-inbox.ts';

let test: TestInbox;
beforeEach(async () => void (test = await createTestInbox()));
afterEach(() => test.close());

const eventually = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, { timeout: 4_500, interval: 5 });

/** The next time `count` arrivals are there. */
const arrived = (count: number): Promise<Arrival[]> =>
  eventually(() => {
    expect(test.arrivals).toHaveLength(count);
    return test.arrivals;
  });

/** Each thing of this list, as a person would write it down. */
const told = (): string[] =>
  test.arrivals.map((a) => `${a.cameraId}: ${a.sourceName}: ${a.error?.message ?? 'fine'}`).sort();

describe('an upload', () => {
  it('renamed into the inbox is recorded with all its facts and moved out', async () => {
    const ingest = await test.start();
    const bytes = await makeImage(1, { width: 64, height: 48 }).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    await test.drop('Front/2024/01/31/123456.jpg', bytes);
    const [arrival] = await arrived(1);
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
    expect(told()).toEqual(['cam: 1/2/3/4/5/c.jpg: fine', 'cam: b.png: fine', 'inbox: a.jpg: fine']);
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
    await arrived(2);
    await test.drop('cam/2024/01/31/c.jpg', await makeJpeg(3));
    await arrived(3);
  });

  it('into a folder that was moved, or deleted and made again, is noticed without a scan', async () => {
    await test.start({ mode: 'copy' });
    await test.drop('cam/day/a.jpg', await makeJpeg(1));
    await arrived(1);
    await rename(join(test.inbox, 'cam/day'), join(test.inbox, 'cam/old'));
    await test.drop('cam/day/b.jpg', await makeJpeg(2));
    await arrived(2);
    await test.drop('cam/old/c.jpg', await makeJpeg(3));
    await arrived(3);
    await rm(join(test.inbox, 'cam'), { recursive: true });
    await test.drop('cam/day/d.jpg', await makeJpeg(4));
    await arrived(4);
    await test.drop('cam/day/e.jpg', await makeJpeg(5));
    await arrived(5);
    expect(test.arrivals.map((arrival) => arrival.sourceName)).toEqual(
      ['a', 'b', 'c', 'd', 'e'].map((name) => `${name === 'c' ? 'old' : 'day'}/${name}.jpg`),
    );
  });

  it('is noticed by polling', async () => {
    await test.start({ polling: true });
    await test.drop('cam/a.jpg', await makeJpeg(1));
    await arrived(1);
    await test.drop('cam/b.jpg', await makeJpeg(2));
    await arrived(2);
  });

  it('under a temporary name waits for its name', async () => {
    const ingest = await test.start();
    for (const name of ['.a.jpg', 'a.jpg.part', 'a.jpg.tmp', 'a.jpg.filepart', 'a.jpg.crdownload', 'a.jpg~'])
      await test.write(`cam/${name}`, await makeJpeg(1));
    test.putForward(60_000);
    await ingest.idle();
    expect(test.arrivals).toEqual([]);
    await rename(join(test.inbox, 'cam/a.jpg.part'), join(test.inbox, 'cam/a.jpg'));
    await arrived(1);
  });

  it('is recorded once for each camera and content, but always leaves the inbox', async () => {
    const ingest = await test.start();
    for (const path of ['cam/a.jpg', 'cam/b.jpg', 'other/a.jpg']) await test.drop(path, await makeJpeg(1));
    await arrived(2);
    await ingest.idle();
    expect(test.known).toHaveLength(1);
    expect(await test.files()).toEqual([]);
  });

  it('may have a name of 255 bytes', async () => {
    const ingest = await test.start();
    await test.drop(`cam/${'n'.repeat(251)}.jpg`, await makeJpeg(1));
    await arrived(1);
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
    expect(await arrived(1)).toMatchObject([{ sha256: sha256(bytes), error: null }]);
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
    await arrived(3);
    await ingest.idle();
    expect(test.arrivals.map((arrival) => arrival.sha256)).toEqual([first, second, third].map(sha256));
    expect(await test.files()).toEqual([]);
  });
});

describe('junk', () => {
  it('becomes a dead letter with its reason; what was read is kept aside, what was not stays', async () => {
    const ingest = await test.start({ imageBytesMax: 100_000, imagePixelsMax: 10_000, settleMs: 100 });
    await test.write('cam/empty.jpg', '');
    await test.write('cam/text.jpg', 'this is no picture, whatever its name says');
    await test.write('cam/svg.png', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    await test.write('cam/cut.jpg', (await makeJpeg(1)).subarray(0, 200));
    await test.write('cam/bomb.png', await makeImage(1, { width: 2_000, height: 1_000 }).png().toBuffer());
    await test.write('cam/large.jpg', Buffer.alloc(100_001));
    await test.write('cam/clip.mp4', 'ftyp');
    await writeFile(join(test.root, 'secret'), await makeJpeg(5));
    await symlink(join(test.root, 'secret'), join(test.inbox, 'cam/link.jpg'));
    await symlink(test.root, join(test.inbox, 'cam/linked'));
    execFileSync('mkfifo', [join(test.inbox, 'cam/fifo.jpg')]);
    await test.write('cam/fine.jpg', await makeJpeg(2));
    await arrived(11);
    expect(told()).toEqual([
      'cam: bomb.png: too many pixels: 2000 x 1000, at most 10000 are examined',
      `cam: clip.mp4: not a clip: the content is of no known format, which are ${CLIP_KINDS}`,
      'cam: cut.jpg: truncated: the file ends before the picture does',
      'cam: empty.jpg: empty: the file has no bytes',
      'cam: fifo.jpg: not a regular file: FIFOs, sockets and devices are never opened',
      'cam: fine.jpg: fine',
      'cam: large.jpg: too large: 100001 bytes, at most 100000 are examined',
      'cam: link.jpg: symbolic link: links are never followed',
      'cam: linked: symbolic link: links are never followed',
      'cam: svg.png: not a picture: the content is of no known format',
      'cam: text.jpg: not a picture: the content is of no known format',
    ]);
    await ingest.idle();
    expect((await test.files()).sort()).toEqual(['fifo.jpg', 'large.jpg', 'link.jpg', 'linked']);
    for (const arrival of test.arrivals.filter((a) => a.error))
      if (arrival.left) expect(arrival).toMatchObject({ mediaPath: null, error: { kind: 'invalid' } });
      else expect(test.stored.get(arrival.mediaPath ?? '')?.length).toBe(arrival.bytes);
    expect(test.known).toEqual([]);
    // Left where they are, they are not told of again: not by a scan, not after a restart.
    await ingest.close();
    await (await test.start({ imageBytesMax: 100_000, settleMs: 100 })).idle();
    expect(test.arrivals).toHaveLength(11);
  });

  it('that is damaged inside its frame of markers says what is wrong', async () => {
    await test.start();
    const bytes = await makeImage(1).png().toBuffer();
    bytes.fill(0xff, 16, 24);
    await test.drop('cam/a.png', bytes);
    expect((await arrived(1))[0]?.error?.message).toMatch(/^(damaged picture|too many pixels): /);
  });
});

describe('copy mode', () => {
  it('leaves everything as it is, and knows it again without reading it', async () => {
    const first = await makeJpeg(1);
    await test.write('cam/a.jpg', first);
    await test.write('cam/text.txt', 'text');
    const ingest = await test.start({ mode: 'copy', settleMs: 50 });
    await ingest.idle();
    const { mtimeNs } = await stat(join(test.inbox, 'cam/a.jpg'), { bigint: true });
    expect(test.arrivals.find((arrival) => !arrival.error)?.left).toEqual({
      path: 'cam/a.jpg',
      bytes: first.length,
      mtimeNs: String(mtimeNs),
    });
    expect(test.stored.size).toBe(1);
    await ingest.close();
    await (await test.start({ mode: 'copy' })).idle();
    expect(test.arrivals).toHaveLength(2);
    expect(test.known).toEqual([]);
    expect(await readFile(join(test.inbox, 'cam/a.jpg'))).toEqual(first);
  });

  it('takes new content under an old name for a new arrival', async () => {
    await test.start({ mode: 'copy' });
    await test.write('cam/a.jpg', await makeJpeg(1));
    await arrived(1);
    await test.write('cam/a.jpg', await makeJpeg(2));
    await arrived(2);
    expect(await test.files()).toEqual(['a.jpg']);
  });
});

describe('a file that the ledger has forgotten', () => {
  it('is looked at anew when that is told, and nobody is called deaf for it', async () => {
    let isForgotten = false;
    const isKnownFile = async (file: InboxFile) => !isForgotten && (await test.sinks.isKnownFile(file));
    const { log, warnings } = createWarnings();
    // Its folder is watched before the file comes: else nobody could have told of it.
    await mkdir(join(test.inbox, 'cam'));
    const ingest = await test.start({ mode: 'copy', settleMs: 50, isKnownFile, log });
    await ingest.idle();
    await test.write('cam/text.txt', 'text');
    await arrived(1);
    test.putForward(5_000);
    await ingest.idle();
    isForgotten = true;
    await ingest.idle();
    expect(test.known).toEqual([]); // it is not asked about again at each scan
    ingest.lookAnew();
    await ingest.idle();
    expect(test.known).toMatchObject([{ sourceName: 'text.txt', error: { kind: 'invalid' } }]);
    expect(warnings).toEqual([]);
  });

  it('is looked at anew after ten minutes at the latest', async () => {
    let isForgotten = false;
    const isKnownFile = async (file: InboxFile) => !isForgotten && (await test.sinks.isKnownFile(file));
    const ingest = await test.start({ mode: 'copy', settleMs: 50, isKnownFile });
    await test.write('cam/text.txt', 'text');
    await arrived(1);
    isForgotten = true;
    test.putForward(10 * 60_000);
    await ingest.idle();
    expect(test.known).toMatchObject([{ sourceName: 'text.txt' }]);
  });
});

describe('a crash', () => {
  it('between recording and removing: the next start only removes', async () => {
    const bytes = await makeJpeg(1);
    const died = new Error('died');
    const first = await test.start({
      async record(arrival) {
        await test.sinks.record(arrival);
        throw died;
      },
    });
    await test.drop('cam/a.jpg', bytes);
    await arrived(1);
    await first.close();
    expect(await test.files()).toEqual(['a.jpg']);
    await (await test.start()).idle();
    expect(test.arrivals).toHaveLength(1);
    expect(await test.files()).toEqual([]);
  });

  it('while a file was put aside: the next start finds it, under its own name', async () => {
    await test.write('cam/2024/.nightjar/1f0e/a.jpg', await makeJpeg(1));
    await (await test.start()).idle();
    expect(told()).toEqual(['cam: 2024/a.jpg: fine']);
    expect(await test.files()).toEqual([]);
    await expect(stat(join(test.inbox, 'cam/2024/.nightjar'))).rejects.toThrow('ENOENT');
  });
});

describe('an outage', () => {
  it.each(['resolveCamera', 'storeOriginal', 'record'] as const)(
    'of %s loses nothing and is told once',
    async (sink) => {
      const { log, warnings } = createWarnings();
      let isAway = true;
      const ingest = await test.start({
        log,
        [sink]: async (argument: never) => {
          if (isAway) throw new NightjarError('unavailable', 'the database is away');
          return test.sinks[sink](argument);
        },
      });
      for (let number = 0; number < 20; number++) await test.drop(`cam/${number}.jpg`, await makeJpeg(number));
      await eventually(() => expect(ingest.stats()).toMatchObject({ waiting: 20, outage: true }));
      for (let i = 0; i < 20; i++) test.putForward(10_000);
      expect(test.arrivals).toEqual([]);
      isAway = false;
      test.putForward(10_000);
      await arrived(20);
      await ingest.idle();
      expect(ingest.stats().outage).toBe(false);
      expect(await test.files()).toEqual([]);
      expect(warnings).toEqual([expect.stringContaining('the database is away')]);
    },
  );
});

describe('closing', () => {
  it('waits for the file in hand, and leaves the others', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const ingest = await test.start({
      async record(arrival) {
        await held;
        return test.sinks.record(arrival);
      },
    });
    for (let number = 0; number < 10; number++) await test.drop(`cam/${number}.jpg`, await makeJpeg(number));
    await eventually(() => expect(ingest.stats()).toMatchObject({ waiting: 6, examining: 4 }));
    const closing = ingest.close();
    release();
    await closing;
    expect(test.arrivals).toHaveLength(4);
    expect(await test.files()).toHaveLength(6);
  });
});

describe('the inbox', () => {
  it('is made if it is not there, and may come back after it went', async () => {
    await rm(test.inbox, { recursive: true });
    const ingest = await test.start();
    await test.drop('cam/a.jpg', await makeJpeg(1));
    await arrived(1);
    await ingest.idle();
    await rm(test.inbox, { recursive: true });
    await test.drop('cam/b.jpg', await makeJpeg(2));
    await ingest.idle();
    await arrived(2);
  });

  it('that cannot be had is unavailable', async () => {
    await test.write('file', 'x');
    await expect(test.start({ inbox: join(test.inbox, 'file/inbox') })).rejects.toMatchObject({ kind: 'unavailable' });
    await unlink(join(test.inbox, 'file'));
  });
});
