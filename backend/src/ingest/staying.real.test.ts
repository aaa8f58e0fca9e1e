import { execFileSync } from 'node:child_process';
import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLIP_KINDS } from './clips/start.ts';
import type { InboxFile } from '../model/index.ts';
import { createTestInbox, createWarnings, makeImage, makeJpeg, type TestInbox } from './test-inbox.ts';

let test: TestInbox;
beforeEach(async () => void (test = await createTestInbox()));
afterEach(() => test.close());

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
    await test.arrived(11);
    expect(test.told()).toEqual([
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
    expect((await test.arrived(1))[0]?.error?.message).toMatch(/^(damaged picture|too many pixels): /);
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
    await test.arrived(1);
    await test.write('cam/a.jpg', await makeJpeg(2));
    await test.arrived(2);
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
    await test.arrived(1);
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
    await test.arrived(1);
    isForgotten = true;
    test.putForward(10 * 60_000);
    await ingest.idle();
    expect(test.known).toMatchObject([{ sourceName: 'text.txt' }]);
  });
});
