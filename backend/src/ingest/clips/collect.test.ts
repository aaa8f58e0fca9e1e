import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLog } from '../../lib/log.ts';
import { createExaminer, type ExamineOptions, type Next } from '../examine.ts';
import { createOutage } from '../outage.ts';
import { createRemembered } from '../remembered.ts';
import { toProgress } from '../settle.ts';
import { filling, makeAvi, makeMatroska, makeMp4, makeTransportStream, rawH264 } from './test-clips.ts';
import { createTestInbox, makeJpeg, sha256, type TestInbox } from '../test-inbox.ts';

const CLIP_BYTES_MAX = 100_000;

let test: TestInbox;
beforeEach(async () => void (test = await createTestInbox()));
afterEach(() => test.close());

/** One path, looked at by hand: time passes only here. */
function createLook(options: Partial<ExamineOptions> = {}) {
  const examine = createExaminer({
    inbox: test.inbox,
    mode: 'move',
    settleMs: 2_000,
    timeZone: 'UTC',
    imageBytesMax: 50_000,
    clipBytesMax: CLIP_BYTES_MAX,
    imagePixelsMax: 1_000_000,
    clock: test.clock,
    sinks: test.sinks,
    remembered: createRemembered(test.clock),
    outage: createOutage({ clock: test.clock, log: silentLog, onOver: () => undefined }),
    onFolder: () => undefined,
    onGone: () => undefined,
    onMoved: () => undefined,
    ...options,
  });
  return (path: string) => {
    const progress = toProgress(test.clock.nowMs());
    return async (laterMs = 0): Promise<Next> => {
      test.putForward(laterMs);
      return examine(path, progress);
    };
  };
}

/** Looks until it is dealt with; resolves to how long that took. */
async function untilDone(look: (laterMs?: number) => Promise<Next>): Promise<number> {
  let next = await look();
  let passedMs = 0;
  for (; next !== 'done'; next = await look(1_000)) passedMs += 1_000;
  return passedMs;
}

describe('a clip', () => {
  it('that is all there is stored, recorded with its facts and moved out, at once', async () => {
    const bytes = makeMp4();
    await test.write('Front/2024/RecM01_20240131_123456_123510.mp4', bytes);
    expect(await createLook()('Front/2024/RecM01_20240131_123456_123510.mp4')()).toBe('done');
    expect(test.clips).toEqual([
      {
        cameraId: 'front',
        sourceName: '2024/RecM01_20240131_123456_123510.mp4',
        sha256: sha256(bytes),
        mediaType: 'video/mp4',
        mediaPath: `front/${sha256(bytes)}.mp4`,
        bytes: bytes.length,
        capturedAt: new Date('2024-01-31T12:34:56Z'),
        capturedFrom: 'name',
        left: null,
      },
    ]);
    expect(test.stored.get(`front/${sha256(bytes)}.mp4`)).toEqual(bytes);
    expect([test.arrivals, await test.files()]).toEqual([[], []]);
  });

  it('whose name tells no time has that of its last change', async () => {
    await test.write('a.mp4', makeMp4());
    await utimes(join(test.inbox, 'a.mp4'), new Date('2024-05-05T05:05:05Z'), new Date('2024-05-05T05:05:05Z'));
    await createLook()('a.mp4')();
    expect(test.clips).toMatchObject([{ capturedFrom: 'modified', capturedAt: new Date('2024-05-05T05:05:05Z') }]);
  });

  it('is one by its content: a film named as a picture is, a picture named as a film is not', async () => {
    await test.write('a.jpg', makeMp4());
    await test.write('b.mp4', await makeJpeg());
    const look = createLook();
    expect([await look('a.jpg')(), await look('b.mp4')()]).toEqual(['done', 'done']);
    expect(test.clips).toMatchObject([{ sourceName: 'a.jpg', mediaType: 'video/mp4' }]);
    expect(test.arrivals).toMatchObject([{ sourceName: 'b.mp4', mediaType: 'image/jpeg', error: null }]);
  });

  it.each([
    ['MP4', makeMp4(), 0, 'video/mp4'],
    ['QuickTime', makeMp4(1, 'qt  '), 0, 'video/quicktime'],
    ['Matroska', makeMatroska(), 0, 'video/x-matroska'],
    ['AVI', makeAvi(), 0, 'video/x-msvideo'],
    ['MPEG-TS', makeTransportStream(), 2_000, 'video/mp2t'],
    ['H.264', rawH264, 2_000, 'video/h264'],
    ['an MP4 without its end', makeMp4().subarray(0, 500), 30_000, 'video/mp4'],
    ['a Matroska without its end', makeMatroska().subarray(0, 500), 30_000, 'video/x-matroska'],
  ])('is taken when it is whole, or still for long enough: %s', async (_kind, bytes, waitMs, mediaType) => {
    await test.write('a.h264', bytes);
    expect(await untilDone(createLook()('a.h264'))).toBe(waitMs);
    expect(test.clips).toMatchObject([{ mediaType, sha256: sha256(bytes) }]);
    expect(test.arrivals).toEqual([]);
  });

  it('that is too large becomes a dead letter, left where it is and told of once', async () => {
    await test.write('a.mp4', Buffer.concat([makeMp4(), filling(CLIP_BYTES_MAX)]));
    const look = createLook();
    expect(await untilDone(look('a.mp4'))).toBe(30_000);
    expect(await look('a.mp4')()).toBe('done');
    expect(await createLook()('a.mp4')()).toBe('done');
    expect(test.arrivals).toMatchObject([{ left: { path: 'a.mp4' }, error: { kind: 'invalid' } }]);
    expect(test.arrivals[0]?.error?.message).toMatch(/^too large/);
    expect([test.clips, test.known, await test.files()]).toEqual([[], [], ['a.mp4']]);
  });

  it('may be larger than pictures may', async () => {
    const bytes = Buffer.concat([makeMp4(), filling(60_000)]);
    await test.write('a.mp4', bytes);
    await untilDone(createLook()('a.mp4'));
    expect(test.clips).toMatchObject([{ bytes: bytes.length }]);
  });

  it('is left in a folder of the user, and known again by its facts', async () => {
    await test.write('a.mp4', makeMp4());
    expect(await createLook({ mode: 'copy' })('a.mp4')()).toBe('done');
    const refuse = async (): Promise<never> => Promise.reject(new Error('was read again'));
    const later = createLook({ mode: 'copy', sinks: { ...test.sinks, storeClip: refuse } });
    expect(await later('a.mp4')()).toBe('done');
    expect(test.clips).toMatchObject([{ left: { path: 'a.mp4', bytes: makeMp4().length } }]);
    expect(await test.files()).toEqual(['a.mp4']);
  });

  it('that is uploaded anew while it is stored is not recorded as what it was', async () => {
    await test.write('a.mp4', makeMp4(1));
    let stored = 0;
    const storeClip: typeof test.sinks.storeClip = async (clip) => {
      if (++stored === 1) await writeFile(join(test.inbox, 'a.mp4'), makeMp4(2));
      return test.sinks.storeClip(clip);
    };
    const look = createLook({ sinks: { ...test.sinks, storeClip } })('a.mp4');
    await expect(look()).rejects.toMatchObject({ kind: 'unavailable' });
    expect([test.clips, await test.files()]).toEqual([[], ['a.mp4']]);
    expect(await look()).toBe('done');
    expect(test.clips).toMatchObject([{ sha256: sha256(makeMp4(2)) }]);
    expect(await test.files()).toEqual([]);
  });

  it('of which many come leaves room for pictures: two at a time, the next one called', async () => {
    for (const name of ['a', 'b', 'c']) await test.write(`${name}.mp4`, makeMp4(name.charCodeAt(0)));
    await test.write('d.jpg', await makeJpeg());
    const called: string[] = [];
    const gates: (() => void)[] = [];
    const storeClip: typeof test.sinks.storeClip = async (clip) => {
      await new Promise<void>((resolve) => gates.push(resolve));
      return test.sinks.storeClip(clip);
    };
    const look = createLook({ sinks: { ...test.sinks, storeClip }, onMoved: (path) => called.push(path) });
    const first = [look('a.mp4')(), look('b.mp4')()];
    await vi.waitFor(() => expect(gates).toHaveLength(2));
    expect(await look('d.jpg')()).toBe('done');
    const third = look('c.mp4');
    expect(await third()).toEqual({ waitMs: 2_000 });
    gates.forEach((open) => open());
    expect(await Promise.all(first)).toEqual(['done', 'done']);
    expect(called).toEqual(['c.mp4']);
    const last = third();
    await vi.waitFor(() => expect(gates).toHaveLength(3));
    gates.at(-1)?.();
    expect(await last).toBe('done');
    expect(test.clips).toHaveLength(3);
  });
});
