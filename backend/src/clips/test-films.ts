/** Films whose pictures carry their own number, so that a test can tell which picture was cut. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import sharp from 'sharp';

const BITS = 10;
const BAR_PX = 16;
export const FILM_WIDTH = BITS * BAR_PX;
export const FILM_HEIGHT = 64;

/** With pictures that are decoded in another order than they are shown in. */
export const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-g', '30', '-crf', '10'];

const run = promisify(execFile);

interface FilmOptions {
  readonly seconds: number;
  readonly rate?: number;
  /** Filters after the picture is painted. */
  readonly filters?: string;
  /** Of the output: codec, muxer's options. */
  readonly args: readonly string[];
}

/** A film of vertical bars, white for each bit that is set in the picture's number, the lowest bit first. */
export async function makeFilm(file: string, { seconds, rate = 25, filters = '', args }: FilmOptions): Promise<string> {
  const bars = `if(mod(floor(N/pow(2,floor(X/${BAR_PX}))),2),235,16)`;
  const source = `nullsrc=size=${FILM_WIDTH}x${FILM_HEIGHT}:rate=${rate}:duration=${seconds},format=yuv420p,geq=lum='${bars}':cb=128:cr=128${filters}`;
  await ffmpeg('-f', 'lavfi', '-i', source, ...args, file);
  return file;
}

export async function ffmpeg(...args: string[]): Promise<void> {
  await run('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...args]);
}

/** The number that a picture carries. Throws if it is not clearly white or black: a picture that was torn or not decoded. */
export async function readNumber(jpeg: Uint8Array): Promise<number> {
  const { data, info } = await sharp(jpeg).greyscale().raw().toBuffer({ resolveWithObject: true });
  const row = Math.floor(info.height / 2) * info.width * info.channels;
  const bar = info.width / BITS;
  const toPlace = (bit: number): number => row + Math.floor((bit + 0.5) * bar) * info.channels;
  const levels = Array.from({ length: BITS }, (_, bit) => data[toPlace(bit)] ?? -1);
  if (levels.some((level) => level > 40 && level < 215)) throw new Error(`a torn picture: ${levels.join(' ')}`);
  return levels.reduce((sum, level, bit) => sum + (level > 128 ? 2 ** bit : 0), 0);
}
