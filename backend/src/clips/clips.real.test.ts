import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ffmpeg, FILM_HEIGHT, FILM_WIDTH, H264, makeFilm } from './test-films.ts';
import { cutFilm, testLimits } from './test-ledger.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'nightjar-clips-'));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

const at = (name: string): string => path.join(folder, name);
const EACH_2_S = [0, 50, 100, 150, 200].map((number, place) => [place * 2_000, number]);

describe('each container', () => {
  it.each([
    ['a.mp4', 'video/mp4', H264],
    [
      'hevc.mp4',
      'video/mp4',
      ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error', '-crf', '10'],
    ],
    ['a.mkv', 'video/x-matroska', H264],
    ['vp9.mkv', 'video/x-matroska', ['-c:v', 'libvpx-vp9', '-cpu-used', '8', '-deadline', 'realtime', '-b:v', '1M']],
    ['a.avi', 'video/x-msvideo', ['-c:v', 'mpeg4', '-q:v', '2']],
    ['mjpeg.avi', 'video/x-msvideo', ['-c:v', 'mjpeg', '-q:v', '2', '-pix_fmt', 'yuvj422p']],
    ['h264.avi', 'video/x-msvideo', H264],
    ['a.mov', 'video/quicktime', ['-c:v', 'mjpeg', '-q:v', '2', '-pix_fmt', 'yuvj420p']],
    ['a.ts', 'video/mp2t', H264],
    ['mpeg2.ts', 'video/mp2t', ['-c:v', 'mpeg2video', '-q:v', '2', '-bf', '2']],
    ['a.h264', 'video/h264', H264],
  ])('%s: the picture at each moment', async (name, mediaType, args) => {
    const file = await makeFilm(at(name), { seconds: 10, args });
    const { state, error, plan, numbers, frames } = await cutFilm(file, mediaType);
    expect({ state, error }).toEqual({ state: 'done', error: '' });
    expect(plan).toMatchObject({ width: FILM_WIDTH, height: FILM_HEIGHT, framesPlanned: 5, capturedFrom: 'name' });
    expect(plan?.durationMs).toBe(9_960);
    expect(numbers).toEqual(EACH_2_S);
    expect(frames.every(({ width, height }) => width === FILM_WIDTH && height === FILM_HEIGHT)).toBe(true);
  });

  it('with sound beside the pictures, which begins before them', async () => {
    const film = await makeFilm(at('silent.mp4'), { seconds: 10, args: H264 });
    await ffmpeg(
      '-f',
      'lavfi',
      '-i',
      'sine=duration=11',
      '-itsoffset',
      '1',
      '-i',
      film,
      '-c:v',
      'copy',
      at('sound.mp4'),
    );
    const { numbers, error } = await cutFilm(at('sound.mp4'), 'video/mp4');
    expect({ numbers, error }).toEqual({ numbers: EACH_2_S, error: '' });
  });
});

describe('a clip whose frames lie far apart', () => {
  it.each([
    ['far.mp4', 'video/mp4', H264],
    ['far.mkv', 'video/x-matroska', [...H264, '-output_ts_offset', '7']],
    ['far.avi', 'video/x-msvideo', ['-c:v', 'mpeg4', '-q:v', '2', '-bf', '2']],
    ['far.ts', 'video/mp2t', H264],
  ])('%s: the same pictures, whether or not it can be sought', async (name, mediaType, args) => {
    const file = await makeFilm(at(name), { seconds: 60, rate: 5, args });
    const { numbers, error } = await cutFilm(file, mediaType, { limits: { ...testLimits, intervalMs: 13_000 } });
    expect(error).toBe('');
    expect(numbers).toEqual([0, 65, 130, 195, 260].map((number, place) => [place * 13_000, number]));
    const spread = await cutFilm(file, mediaType, { limits: { ...testLimits, framesMax: 3 } });
    expect(spread.numbers.map(([, number]) => number)).toEqual([0, 150, 299]);
  });
});
