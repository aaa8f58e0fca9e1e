import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { streetPath } from './pictures.ts';

const RATE = 25;
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '28', '-g', `${RATE}`];

/** What ffmpeg is told for each kind of film that cameras drop, by its ending. */
export const filmKinds = {
  mp4: [...H264, '-f', 'mp4'],
  mov: [...H264, '-f', 'mov'],
  mkv: [...H264, '-f', 'matroska'],
  ts: [...H264, '-f', 'mpegts'],
  h264: [...H264, '-f', 'h264'],
  h265: ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error:keyint=25', '-f', 'hevc'],
  avi: ['-c:v', 'mpeg4', '-q:v', '5', '-g', `${RATE}`, '-f', 'avi'],
} as const;
export type FilmKind = keyof typeof filmKinds;

export const toFilmFile = (folder: string, kind: FilmKind, seconds: number): string =>
  `${folder}/film-${seconds}.${kind}`;

/** A film of the street with people in it; a counter in a corner makes each picture another one. */
export async function makeFilm(folder: string, kind: FilmKind, seconds: number): Promise<Buffer> {
  const file = toFilmFile(folder, kind, seconds);
  const counter = `nullsrc=size=64x16:rate=${RATE},format=gray,geq=lum='255*mod(floor(N/pow(2\\,floor(X/4)))\\,2)'`;
  const inputs = ['-loop', '1', '-framerate', `${RATE}`, '-i', streetPath, '-f', 'lavfi', '-i', counter];
  const output = ['-filter_complex', '[0][1]overlay=shortest=1', '-t', `${seconds}`, '-pix_fmt', 'yuv420p'];
  await promisify(execFile)('ffmpeg', [
    '-nostdin',
    '-v',
    'error',
    '-y',
    ...inputs,
    ...output,
    ...filmKinds[kind],
    file,
  ]);
  return readFile(file);
}
