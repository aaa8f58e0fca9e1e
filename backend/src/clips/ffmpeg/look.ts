/** Looks into a film without decoding it: what ffprobe tells of it, and the times of all its pictures. */
import { z } from 'zod';
import type { Clock } from '../../lib/clock.ts';
import { NightjarError } from '../../lib/errors.ts';
import { DURATION_MS_MAX, FACTS_BYTES_MAX, LOOK_MS_MAX } from './limits.ts';
import { toOpenArgs, type Film } from './open-args.ts';
import { runTool, type RunEnd } from './run.ts';
import type { Tools } from './tools.ts';
import { createTimes, type Times } from './times.ts';
import { isOfMachine, isTooLarge, toLastWords } from './words.ts';

export interface FilmFacts {
  /** From the first picture to the last. */
  readonly durationMs: number;
  /** Time of the first picture in the film's own count, in seconds; undefined when its pictures do not all carry one. */
  readonly startS: number | undefined;
  /** Pixels, upright. */
  readonly width: number;
  readonly height: number;
  /** As the film itself says; undefined when it does not. */
  readonly createdAt: Date | undefined;
}

export interface LookOptions {
  readonly tools: Pick<Tools, 'ffprobe'>;
  readonly film: Film;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const tags = z.object({ creation_time: z.string().optional() }).optional();
const stream = z.object({
  width: z.int().positive(),
  height: z.int().positive(),
  avg_frame_rate: z.string().optional(),
  r_frame_rate: z.string().optional(),
  tags,
  side_data_list: z.array(z.object({ rotation: z.number().optional() })).optional(),
});
const said = z.object({ streams: z.array(stream).min(1), format: z.object({ tags }).optional() });
const ENTRIES =
  'stream=width,height,avg_frame_rate,r_frame_rate:stream_tags=creation_time:stream_side_data=rotation:format_tags=creation_time';

/** Throws `invalid` for what is no film, or one whose pictures are too large. */
export async function lookInto(options: LookOptions): Promise<FilmFacts> {
  const { streams, format } = await readSaid(options);
  const [first] = streams as [z.infer<typeof stream>];
  const { width, height } = toUpright(first);
  if (width * height > options.film.imagePixelsMax) throw tooLarge();
  const times = await readTimes(options);
  const { durationMs, startS } = toSpan(times, first);
  const createdAt = toTime(format?.tags?.creation_time) ?? toTime(first.tags?.creation_time);
  return { durationMs: Math.min(DURATION_MS_MAX, durationMs), startS, width, height, createdAt };
}

async function readSaid(options: LookOptions): Promise<z.infer<typeof said>> {
  const { value, end } = await runProbe(options, ['-show_entries', ENTRIES, '-of', 'json'], async (output) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of output) {
      bytes += chunk.length;
      if (bytes > FACTS_BYTES_MAX) throw new NightjarError('unavailable', 'ffprobe said too much');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  });
  if (end.code !== 0) throw toFault(end, options.film.file);
  const found = said.safeParse(toJson(value));
  if (!found.success)
    throw new NightjarError('invalid', `no film was found in it: ${toLastWords(end.said, options.film.file)}`);
  return found.data;
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new NightjarError('unavailable', 'ffprobe wrote something that is no JSON', { cause: thrown });
  }
}

async function readTimes(options: LookOptions): Promise<Times> {
  const args = ['-show_entries', 'packet=pts_time,dts_time,flags', '-of', 'csv=p=0'];
  const { value, end } = await runProbe(options, args, async (output) => {
    const times = createTimes();
    for await (const chunk of output) times.add(chunk);
    return times.read();
  });
  // A broken end is no reason to refuse what comes before it.
  if (value.pictures === 0) throw toFault(end, options.film.file);
  return value;
}

/** `V`: pictures that move, as against covers and thumbnails. */
async function runProbe<T>(
  { tools, film, clock, signal }: LookOptions,
  ask: readonly string[],
  use: (output: AsyncIterable<Buffer>) => Promise<T>,
): Promise<{ value: T; end: RunEnd }> {
  const args = ['-hide_banner', '-v', 'error', ...toOpenArgs(film), '-select_streams', 'V:0', ...ask];
  const run = { program: tools.ffprobe, args, withinMs: LOOK_MS_MAX, silenceMs: LOOK_MS_MAX, clock, signal };
  const { value, end } = await runTool(run, async (output) => ({ value: await use(output), isEnough: false }));
  if (!end) throw new NightjarError('internal', 'ffprobe was left before its end');
  return { value, end };
}

const tooLarge = (): NightjarError =>
  new NightjarError('invalid', 'its pictures have more pixels than IMAGE_PIXELS_MAX allows');

/** What the end of a program that gave no picture says of the film. */
export function toFault(end: RunEnd, file: string): NightjarError {
  const words = toLastWords(end.said, file);
  if (end.code === 127 || end.code === 126) return new NightjarError('not_found', `ffmpeg cannot be run: ${words}`);
  if (end.killedBy) return new NightjarError('unavailable', `ffmpeg was ended by ${end.killedBy}: ${words}`);
  if (isTooLarge(end.said)) return tooLarge();
  if (isOfMachine(words)) return new NightjarError('unavailable', `ffmpeg: ${words}`);
  return new NightjarError('invalid', `no picture of it can be read: ${words || 'ffmpeg found none'}`);
}

/** Films are turned by a note to the player. ffmpeg turns the pictures that it cuts, so that they stand upright. */
function toUpright({ width, height, side_data_list: notes = [] }: z.infer<typeof stream>) {
  const rotation = notes.find((note) => note.rotation !== undefined)?.rotation ?? 0;
  const isAcross = Math.abs(Math.round(rotation / 90)) % 2 === 1;
  return isAcross ? { width: height, height: width } : { width, height };
}

function toSpan(times: Times, { r_frame_rate: nominal, avg_frame_rate: average }: z.infer<typeof stream>) {
  const { pictures, firstS, lastS, isExact } = times;
  if (firstS !== undefined && lastS !== undefined)
    return { startS: isExact ? firstS : undefined, durationMs: Math.round((lastS - firstS) * 1_000) };
  const rate = toRate(average) ?? toRate(nominal) ?? 25;
  return { startS: undefined, durationMs: Math.round(((pictures - 1) / rate) * 1_000) };
}

/** `30000/1001`; undefined for `0/0`. */
function toRate(written: string | undefined): number | undefined {
  const [above = 0, below = 0] = (written ?? '').split('/').map(Number);
  return above > 0 && below > 0 ? above / below : undefined;
}

function toTime(written: string | undefined): Date | undefined {
  const time = new Date(written ?? Number.NaN);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
