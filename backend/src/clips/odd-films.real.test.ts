import { copyFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { randomFillSync } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FILM_HEIGHT, FILM_WIDTH, ffmpeg, H264, makeFilm } from './test-films.ts';
import { cutFilm, testLimits } from './test-ledger.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'nightjar-clips-'));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

const at = (name: string): string => path.join(folder, name);
const EACH_2_S = [0, 50, 100, 150, 200].map((number, place) => [place * 2_000, number]);
const every = { ...testLimits, intervalMs: 500 };

describe('odd films', () => {
  it('of a single picture', async () => {
    const file = await makeFilm(at('one.mp4'), { seconds: 0.04, args: H264 });
    const { numbers, plan } = await cutFilm(file, 'video/mp4');
    expect(plan).toMatchObject({ durationMs: 0, framesPlanned: 1 });
    expect(numbers).toEqual([[0, 0]]);
  });

  it('of a rate that varies: the first picture at or after each moment, none where none follows before the next', async () => {
    // Pictures 0 to 24 at 25 per second, then one each second: 25 is at 1 s, 26 at 2 s, ... and nothing from 5 s to 8 s.
    const filters = ",setpts='if(lt(N,25),N/25,N-24+if(gt(N,28),3,0))/TB'";
    const file = await makeFilm(at('varies.mkv'), {
      seconds: 1.28,
      filters,
      args: ['-vsync', '0', '-enc_time_base', '1:1000', ...H264],
    });
    const { numbers, plan, state } = await cutFilm(file, 'video/x-matroska', {
      limits: { ...testLimits, intervalMs: 600 },
    });
    expect(plan?.durationMs).toBe(10_000);
    expect(numbers).toEqual([
      [0, 0],
      [600, 15],
      [1_800, 26],
      [3_000, 27],
      [3_600, 28],
      [7_800, 29],
      [9_000, 30],
      [9_600, 31],
    ]);
    expect(state).toBe('done');
  });

  it.each([
    ['late.mp4', 'video/mp4'],
    ['late.mkv', 'video/x-matroska'],
    ['late.ts', 'video/mp2t'],
  ])('that do not begin at zero: %s', async (name, mediaType) => {
    const file = await makeFilm(at(name), { seconds: 10, args: [...H264, '-output_ts_offset', '3000'] });
    expect((await cutFilm(file, mediaType)).numbers).toEqual(EACH_2_S);
  });

  it('that begin between two key pictures: what comes before the first is lost, and moments count from there', async () => {
    const whole = await makeFilm(at('whole.ts'), { seconds: 10, args: [...H264, '-g', '30', '-sc_threshold', '0'] });
    const bytes = await readFile(whole);
    await writeFile(at('middle.ts'), bytes.subarray(Math.floor(bytes.length / 5 / 188) * 188));
    const { numbers, state } = await cutFilm(at('middle.ts'), 'video/mp2t');
    const [first = []] = numbers;
    expect(state).toBe('done');
    expect([30, 60]).toContain(first[1]);
    expect(numbers.map(([, number = 0]) => number - (first[1] ?? 0))).toEqual(
      [0, 50, 100, 150].slice(0, numbers.length),
    );
  });

  it('that are to be shown turned: the pictures stand upright', async () => {
    await makeFilm(at('lying.mp4'), { seconds: 3, args: H264 });
    await ffmpeg('-i', at('lying.mp4'), '-c', 'copy', '-metadata:s:v', 'rotate=90', at('turned.mp4'));
    const { row } = await cutFilm(at('turned.mp4'), 'video/mp4');
    const upright = { width: FILM_HEIGHT, height: FILM_WIDTH };
    expect(row.plan).toMatchObject(upright);
    expect(row.frames).toMatchObject([upright, upright]);
  });

  it.each([
    ['live.mkv', 'video/x-matroska', ['-live', '1']],
    ['fragments.mp4', 'video/mp4', ['-movflags', 'frag_keyframe+empty_moov']],
  ])('that do not say how long they are: %s', async (name, mediaType, args) => {
    const file = await makeFilm(at(name), { seconds: 10, args: [...H264, ...args] });
    const { plan, numbers } = await cutFilm(file, mediaType);
    expect(plan?.durationMs).toBe(9_960);
    expect(numbers).toEqual(EACH_2_S);
  });

  it('whose pictures change their size half-way', async () => {
    await makeFilm(at('small.ts'), { seconds: 4, args: H264 });
    await makeFilm(at('large.ts'), {
      seconds: 4,
      filters: ',scale=2*iw:2*ih',
      args: [...H264, '-output_ts_offset', '4'],
    });
    await writeFile(at('both.ts'), Buffer.concat([await readFile(at('small.ts')), await readFile(at('large.ts'))]));
    const { state, row } = await cutFilm(at('both.ts'), 'video/mp2t');
    expect(state).toBe('done');
    // ffmpeg brings all to the size of the first.
    expect(row.frames.map(({ offsetMs }) => offsetMs)).toEqual([0, 2_000, 4_000, 6_000]);
  });

  it('that say when they were made', async () => {
    const file = await makeFilm(at('dated.mp4'), {
      seconds: 3,
      args: [...H264, '-metadata', 'creation_time=2025-06-07T08:09:10Z'],
    });
    const { plan } = await cutFilm(file, 'video/mp4', {}, { capturedFrom: 'modified' });
    expect(plan).toMatchObject({ capturedFrom: 'metadata', capturedAt: new Date('2025-06-07T08:09:10Z') });
    expect((await cutFilm(file, 'video/mp4')).plan).toMatchObject({ capturedFrom: 'name' });
  });
});

describe('broken films', () => {
  it.each([
    ['cut.mp4', 'video/mp4', H264],
    ['cut-fast.mp4', 'video/mp4', [...H264, '-movflags', '+faststart']],
    ['cut.mkv', 'video/x-matroska', H264],
    ['cut.avi', 'video/x-msvideo', ['-c:v', 'mjpeg', '-q:v', '2']],
    ['cut.ts', 'video/mp2t', H264],
    ['cut.h264', 'video/h264', H264],
  ])('%s, cut off here and there: as far as it can be read', async (name, mediaType, args) => {
    const whole = await makeFilm(at(name), { seconds: 4, args });
    const { size } = await stat(whole);
    const found: number[] = [];
    for (const tenth of [9, 6, 2, 0]) {
      await truncate(whole, Math.floor((size * tenth) / 10));
      const { state, numbers, error, row } = await cutFilm(whole, mediaType, { limits: every });
      found.push(numbers.length);
      expect(state).toBe(numbers.length > 0 ? 'done' : 'dead');
      if (state === 'dead')
        expect([row.failures[0]?.kind, error]).toEqual(['invalid', expect.stringMatching(/^no (picture|film)/)]);
      expect(error).not.toContain(folder);
    }
    expect(found).toEqual([...found].sort((a, b) => b - a));
    expect(found.at(-1)).toBe(0);
    // A film whose index is at its end is lost without it.
    if (name !== 'cut.mp4') expect(found[0]).toBeGreaterThanOrEqual(2);
  });

  it.each(['video/mp4', 'video/x-matroska', 'video/x-msvideo', 'video/mp2t', 'video/h264'])(
    'random bytes as %s',
    async (mediaType) => {
      await writeFile(at('random'), randomFillSync(Buffer.alloc(200_000)));
      expect((await cutFilm(at('random'), mediaType)).row.failures).toMatchObject([{ kind: 'invalid' }]);
    },
  );

  it('without pictures: sound only', async () => {
    await ffmpeg('-f', 'lavfi', '-i', 'sine=duration=2', at('sound.mp4'));
    const { row, error } = await cutFilm(at('sound.mp4'), 'video/mp4');
    expect([row.failures[0]?.kind, error]).toEqual(['invalid', expect.stringContaining('no film')]);
  });
});

describe('hostile films', () => {
  it('with pictures that are too large', async () => {
    const file = await makeFilm(at('large.mp4'), { seconds: 1, args: H264 });
    const { row, error } = await cutFilm(file, 'video/mp4', { limits: { ...testLimits, imagePixelsMax: 10_000 } });
    expect([row.failures[0]?.kind, error]).toEqual(['invalid', expect.stringContaining('IMAGE_PIXELS_MAX')]);
  });

  it('that say 65,000 x 65,000 pixels in each picture, and nothing of it in front', async () => {
    const file = await makeFilm(at('bomb.avi'), {
      seconds: 1,
      args: ['-c:v', 'mjpeg', '-q:v', '2', '-pix_fmt', 'yuvj420p'],
    });
    const bytes = await readFile(file);
    for (let sof = bytes.indexOf('ffc00011', 0, 'hex'); sof !== -1; sof = bytes.indexOf('ffc00011', sof + 4, 'hex')) {
      bytes.writeUInt16BE(65_000, sof + 5);
      bytes.writeUInt16BE(65_000, sof + 7);
    }
    await writeFile(file, bytes);
    expect((await cutFilm(file, 'video/x-msvideo')).row.failures).toMatchObject([{ kind: 'invalid' }]);
  });

  it.each([
    ['a playlist', () => `#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nfile://${at('target.ts')}\n#EXT-X-ENDLIST\n`],
    ['a script that joins', () => `ffconcat version 1.0\nfile '${at('target.ts')}'\n`],
    ['another place', () => `file:${at('target.ts')}`],
  ])('that are %s under the name of a film', async (_, toText) => {
    await makeFilm(at('target.ts'), { seconds: 2, args: H264 });
    await writeFile(at('script'), toText());
    for (const mediaType of ['video/mp4', 'video/x-matroska', 'video/x-msvideo', 'video/mp2t', 'video/h264'])
      expect((await cutFilm(at('script'), mediaType)).row.failures).toMatchObject([{ kind: 'invalid' }]);
  });

  it('whose path looks like options or patterns', async () => {
    const file = await makeFilm(at('plain.mp4'), { seconds: 3, args: H264 });
    for (const name of ['-i %d.mp4', "it's, [a];film\n|2.mp4", 'http:%2f%2fx.mp4']) {
      await copyFile(file, at(name));
      expect((await cutFilm(at(name), 'video/mp4')).error).toBe('');
    }
  });

  it('of a kind that we do not cut', async () => {
    expect((await cutFilm(at('plain.mp4'), 'application/x-mpegurl')).row.failures).toMatchObject([{ kind: 'invalid' }]);
  });
});
