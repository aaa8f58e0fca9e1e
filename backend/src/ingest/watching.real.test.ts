/** The watch goes wrong in all the ways it can; the scan finds what it missed, and it is put right. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createTestInbox, createWarnings, eventually, makeJpeg, type TestInbox } from './test-inbox.ts';

const RESCAN_MS = 60_000;
/** Making more notices than this takes too long for a test. */
const QUEUE_MAX = 40_000;

let test: TestInbox;
beforeEach(async () => void (test = await createTestInbox()));
afterEach(() => test.close());

const sources = (): string[] => test.arrivals.map(({ cameraId, sourceName }) => `${cameraId}/${sourceName}`).sort();
const arrived = (...names: string[]) => eventually(() => expect(sources()).toEqual(names.sort()));

/** A file system of its own on a folder; resolves to what unmounts it, or to undefined if none can be mounted here. */
function mountTmpfs(folder: string): (() => void) | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'none', folder], { stdio: 'ignore' });
  } catch {
    return undefined; // No right to, or no tmpfs.
  }
  let isMounted = true;
  const unmount = (): void => {
    if (isMounted) execFileSync('umount', [folder]);
    isMounted = false;
  };
  onTestFinished(unmount);
  return unmount;
}

const readQueueMax = (): number => {
  try {
    return Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'));
  } catch {
    return Infinity; // Not Linux: its queue cannot be filled by a test.
  }
};

describe('a folder', () => {
  it('that is the inbox itself, removed and made again, is found by the next scan, then watched', async () => {
    const { log, warnings } = createWarnings();
    const ingest = await test.start({ log });
    await ingest.idle();
    await rename(test.inbox, join(test.root, 'gone'));
    await eventually(() => expect(warnings).toHaveLength(1));
    expect(warnings[0]).toMatch(/^the inbox cannot be read: ENOENT/);
    for (let scans = 0; scans < 3; scans += 1) test.putForward(RESCAN_MS);
    await mkdir(test.inbox);
    await test.drop('cam/a.jpg', await makeJpeg(1));
    test.putForward(RESCAN_MS);
    await arrived('cam/a.jpg');
    await ingest.idle();
    await test.drop('cam/b.jpg', await makeJpeg(2));
    await test.drop('new/c.jpg', await makeJpeg(3));
    await arrived('cam/a.jpg', 'cam/b.jpg', 'new/c.jpg');
    expect(warnings).toHaveLength(1);
  });

  it('that another file system is mounted over is watched there, and below when that is gone', async ({ skip }) => {
    await mkdir(join(test.inbox, 'cam'));
    const ingest = await test.start();
    await ingest.idle();
    const cam = join(test.inbox, 'cam');
    const unmount = mountTmpfs(cam) ?? skip('no file system can be mounted here');
    writeFileSync(join(cam, 'a.jpg'), await makeJpeg(1));
    test.putForward(RESCAN_MS);
    await arrived('cam/a.jpg');
    await ingest.idle();
    writeFileSync(join(cam, 'b.jpg'), await makeJpeg(2));
    await arrived('cam/a.jpg', 'cam/b.jpg');
    await ingest.idle();
    unmount();
    await ingest.idle();
    writeFileSync(join(cam, 'c.jpg'), await makeJpeg(3));
    await arrived('cam/a.jpg', 'cam/b.jpg', 'cam/c.jpg');
  });

  it('whose notices were dropped by the system is scanned and watched anew, with one warning', async ({ skip }) => {
    const queueMax = readQueueMax();
    if (queueMax > QUEUE_MAX) skip('the queue of notices cannot be filled here');
    const { log, warnings } = createWarnings();
    mkdirSync(join(test.inbox, 'cam'));
    const ingest = await test.start({ log });
    await ingest.idle();
    const [first, second] = await Promise.all([makeJpeg(1), makeJpeg(2)]);
    // All in one breath: nothing is taken from the queue meanwhile. Each round makes at least two notices.
    for (let round = 0; round <= queueMax / 2; round += 1) {
      writeFileSync(join(test.inbox, 'cam/.noise'), '');
      unlinkSync(join(test.inbox, 'cam/.noise'));
    }
    writeFileSync(join(test.inbox, 'cam/a.jpg'), first);
    writeFileSync(join(test.inbox, 'cam/b.jpg'), second);
    await test.drop('cam/later.jpg', await makeJpeg(3));
    await arrived('cam/later.jpg');
    test.putForward(RESCAN_MS);
    await arrived('cam/a.jpg', 'cam/b.jpg', 'cam/later.jpg');
    expect(warnings).toEqual([expect.stringContaining('did not tell of')]);
    await ingest.idle();
    await test.drop('cam/c.jpg', await makeJpeg(4));
    await arrived('cam/a.jpg', 'cam/b.jpg', 'cam/c.jpg', 'cam/later.jpg');
  });
});
