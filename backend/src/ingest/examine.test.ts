import { appendFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../lib/log.ts';
import { createExaminer, type Examine, type Next } from './examine.ts';
import { createOutage } from './outage.ts';
import { createRemembered } from './remembered.ts';
import { toProgress } from './settle.ts';
import { createTestInbox, cut, insertSegment, makeImage, makeJpeg, sha256, type TestInbox } from './test-inbox.ts';

let test: TestInbox;
let examine: Examine;
beforeEach(async () => {
  test = await createTestInbox();
  examine = createExaminer({
    inbox: test.inbox,
    mode: 'move',
    settleMs: 2_000,
    timeZone: 'UTC',
    imageBytesMax: 1_000_000,
    clipBytesMax: 5_000_000,
    imagePixelsMax: 1_000_000,
    clock: test.clock,
    sinks: test.sinks,
    remembered: createRemembered(test.clock),
    outage: createOutage({ clock: test.clock, log: silentLog, onOver: () => undefined }),
    onFolder: () => undefined,
    onGone: () => undefined,
    onMoved: () => undefined,
  });
  await test.write('a.jpg', '');
});
afterEach(() => test.close());

/** One path, looked at by hand: time passes only here. */
function follow(path: string): (laterMs?: number) => Promise<Next> {
  const progress = toProgress(test.clock.nowMs());
  return async (laterMs = 0) => {
    test.putForward(laterMs);
    return examine(path, progress);
  };
}

const isWaiting = (next: Next): boolean => next !== 'done' && next.waitMs > 0 && next.waitMs <= 2_000;
const append = (bytes: Buffer): Promise<void> => appendFile(join(test.inbox, 'a.jpg'), bytes);

/** Looks every two seconds of the clock, as the work list would. */
async function isWaitingFor(look: (laterMs?: number) => Promise<Next>, ms: number): Promise<boolean> {
  for (let passedMs = 0; passedMs + 2_000 <= ms; passedMs += 2_000) if (!isWaiting(await look(2_000))) return false;
  return true;
}

describe('an upload that pauses for almost half a minute after each piece', () => {
  it.each([
    ['JPEG', () => makeJpeg(1)],
    ['progressive JPEG', () => makeImage(1).jpeg({ progressive: true }).toBuffer()],
    ['PNG', () => makeImage(1).png().toBuffer()],
  ])('is taken at the very moment it is whole: %s', async (_name, make) => {
    const bytes = await make();
    const look = follow('a.jpg');
    expect(isWaiting(await look())).toBe(true);
    for (const piece of cut(bytes, 5).slice(0, -1)) {
      await append(piece);
      expect(isWaiting(await look())).toBe(true);
      expect(await isWaitingFor(look, 28_000)).toBe(true);
    }
    await append(cut(bytes, 5)[4] ?? bytes);
    expect(await look()).toBe('done');
    expect(test.arrivals).toMatchObject([{ sha256: sha256(bytes), error: null }]);
  });

  it('is not taken where its thumbnail ends', async () => {
    const thumbnail = Buffer.concat([Buffer.from('Exif\0\0'), await makeJpeg(9)]);
    const bytes = insertSegment(await makeJpeg(1), 0xe1, thumbnail);
    const thumbnailEnd = bytes.indexOf(Buffer.from([0xff, 0xd9])) + 2;
    const look = follow('a.jpg');
    await append(bytes.subarray(0, thumbnailEnd));
    expect(isWaiting(await look())).toBe(true);
    expect(await isWaitingFor(look, 28_000)).toBe(true);
    await append(bytes.subarray(thumbnailEnd));
    expect(await look()).toBe('done');
    expect(test.arrivals).toMatchObject([{ sha256: sha256(bytes), error: null }]);
  });
});

describe('stillness', () => {
  it.each([
    ['an empty file', Buffer.alloc(0), 30_000, /^empty/],
    ['a cut JPEG', async () => (await makeJpeg(1)).subarray(0, 200), 30_000, /^truncated/],
    ['a cut PNG', async () => (await makeImage(1).png().toBuffer()).subarray(0, 60), 30_000, /^truncated/],
    ['text', Buffer.from('text'), 2_000, /^not a picture/],
    ['a JPEG with a trailer', async () => Buffer.concat([await makeJpeg(1), Buffer.from('by')]), 2_000, undefined],
    ['WebP', () => makeImage(1).webp().toBuffer(), 2_000, undefined],
    ['AVIF', () => makeImage(1).avif({ effort: 0 }).toBuffer(), 2_000, undefined],
  ])('ends the wait for %s', async (_name, make, needMs, error) => {
    await append(typeof make === 'function' ? await make() : make);
    const look = follow('a.jpg');
    expect(isWaiting(await look())).toBe(true);
    expect(await isWaitingFor(look, needMs - 2_000)).toBe(true);
    expect(isWaiting(await look(1_500))).toBe(true);
    expect(await look(500)).toBe('done');
    expect(test.arrivals).toHaveLength(1);
    if (error) expect(test.arrivals[0]?.error?.message).toMatch(error);
    else expect(test.arrivals[0]?.error).toBeNull();
  });

  it('starts anew with every change, even of the time alone', async () => {
    await append(Buffer.from('text'));
    const look = follow('a.jpg');
    await look();
    expect(isWaiting(await look(1_900))).toBe(true);
    await utimes(join(test.inbox, 'a.jpg'), new Date(0), new Date(0));
    expect(isWaiting(await look(1_900))).toBe(true);
    expect(isWaiting(await look(1_900))).toBe(true);
    expect(await look(200)).toBe('done');
  });

  it('of what is named as a clip is that of a cut one: its first bytes may be yet to come', async () => {
    await writeFile(join(test.inbox, 'a.mp4'), 'ftyp');
    const look = follow('a.mp4');
    expect(isWaiting(await look())).toBe(true);
    expect(await isWaitingFor(look, 28_000)).toBe(true);
    expect(await look(2_000)).toBe('done');
    expect(test.arrivals).toMatchObject([{ left: null, error: { kind: 'invalid' } }]);
    expect(test.arrivals[0]?.error?.message).toMatch(/^not a clip/);
  });
});
