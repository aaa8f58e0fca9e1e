/**
 * Cuts a film. One process decodes it from end to end and writes a JPEG for each moment, or, where moments lie far apart
 * and the film has an index, a process for each goes straight there. Either way a moment is answered by the first picture
 * at or after it and before the next moment; one without such a picture has none.
 */
import type { Clock } from '../../lib/clock.ts';
import { NightjarError } from '../../lib/errors.ts';
import { createByteReader } from './byte-reader.ts';
import type { Patience } from './limits.ts';
import { toOpenArgs, type Film } from './open-args.ts';
import { runTool, type RunEnd } from './run.ts';
import { PARTS_OF_PLACE, readSmjpeg, type CutPicture } from './smjpeg.ts';
import type { Tools } from './tools.ts';

/** Decoding 10 s of 1080p takes about as long as starting a process and going to the key picture before the moment. */
const SEEK_STEP_MS_MIN = 10_000;
/** A moment is whole milliseconds, a picture's time is not: this much before it is not before it. */
const TOLERANCE_S = 0.001;
/** The step of a clip with one frame: all of it is the first moment's. */
const STEP_S_MAX = 1e9;
/** Of the times in the filters: whole microseconds. */
const TICKS_PER_S = 1_000_000;

export interface CutOptions {
  readonly tools: Pick<Tools, 'ffmpeg' | 'passthrough'>;
  readonly film: Film;
  /** Time of the first picture; undefined when it is not known: then they are counted from the first that is decoded. */
  readonly startS: number | undefined;
  /** From one moment to the next; Infinity when there is only one. */
  readonly stepMs: number;
  /** The first moment that is wanted, and how many there are in all. */
  readonly fromPlace: number;
  readonly places: number;
  readonly imageBytesMax: number;
  readonly patience: Patience;
  readonly onPicture: (picture: CutPicture) => Promise<boolean>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Hands over the pictures in order, each once `onPicture` has done with the one before; that may end it by `false`. Resolves to
 * how ffmpeg ended; undefined when it was ended because nothing more was wanted. Throws as `runTool` does.
 */
export async function cutFilm(options: CutOptions): Promise<RunEnd | undefined> {
  const { film, startS, stepMs, places } = options;
  const isSeeking = film.format.canSeek && startS !== undefined && stepMs >= SEEK_STEP_MS_MIN && places > 1;
  if (!isSeeking) return (await runPass(options)).end;
  const untilMs = performance.now() + options.patience.cutMs;
  let fromPlace = options.fromPlace;
  while (fromPlace < places) {
    if (performance.now() > untilMs) throw new NightjarError('unavailable', 'ffmpeg took too long and was ended');
    const { last, isWanted, end } = await runPass(
      { ...options, fromPlace },
      { seekS: startS + (fromPlace * stepMs) / 1_000 },
    );
    if (last === undefined || !isWanted) return end;
    fromPlace = last + 1;
  }
  return undefined;
}

interface Pass {
  /** The last moment that got its picture. */
  readonly last: number | undefined;
  readonly isWanted: boolean;
  readonly end: RunEnd | undefined;
}

async function runPass(options: CutOptions, single?: { readonly seekS: number }): Promise<Pass> {
  const { tools, places, imageBytesMax, onPicture, clock, signal } = options;
  const { cutMs, silenceMs } = options.patience;
  const run = {
    program: tools.ffmpeg,
    args: toArgs(options, single?.seekS),
    withinMs: cutMs,
    silenceMs,
    clock,
    signal,
  };
  let [last, isWanted]: [number | undefined, boolean] = [undefined, true];
  const { end } = await runTool(run, async (output) => {
    for await (const picture of readSmjpeg(createByteReader(output), imageBytesMax)) {
      if (last !== undefined && picture.place <= last) continue; // of another size than the one before it: see toFilters
      last = picture.place;
      isWanted = await onPicture(picture);
      if (!isWanted || single || last + 1 >= places) return { value: undefined, isEnough: true };
    }
    return { value: undefined, isEnough: false };
  });
  return { last, isWanted, end };
}

function toArgs(options: CutOptions, seekS: number | undefined): readonly string[] {
  const { tools, film } = options;
  const seek = seekS === undefined ? [] : ['-noaccurate_seek', '-seek_timestamp', '1', '-ss', seekS.toFixed(6)];
  return [
    ...['-nostdin', '-hide_banner', '-v', 'error', '-copyts', '-filter_threads', '1'],
    ...seek,
    ...toOpenArgs(film),
    ...['-map', '0:V:0', '-map_metadata', '-1', '-vf', toFilters(options)],
    ...[...tools.passthrough, '-enc_time_base', '1:1000', '-c:v', 'mjpeg', '-q:v', '2', '-threads', '1'],
    ...['-flush_packets', '1', '-f', 'smjpeg', 'pipe:1'],
  ];
}

/**
 * Times are counted from the first picture; the first picture of each step is kept, and carries the number of its step for a
 * time. Where pictures change their size ffmpeg builds its filters anew, and they forget that a step has its picture already:
 * then it gets another one, and so a time is a number with a fraction, for ffmpeg ends where two have the same.
 */
function toFilters({ startS, stepMs, fromPlace, places }: CutOptions): string {
  const stepS = Math.min(STEP_S_MAX, stepMs / 1_000).toFixed(6);
  const steps = (time: string): string => `(${time}+${TOLERANCE_S})/${stepS}`;
  const placeAt = (time: string): string => `floor(${steps(time)})`;
  const origin = startS === undefined ? 'STARTPTS' : String(Math.round(startS * TICKS_PER_S));
  const isInPlan = `gte(${placeAt('t')},${fromPlace})*lt(${placeAt('t')},${places})`;
  const isFirst = `(isnan(prev_selected_t)+gt(${placeAt('t')},${placeAt('prev_selected_t')}))`;
  return [
    `settb=1/${TICKS_PER_S}`,
    `setpts='PTS-(${origin})'`,
    `select='${isInPlan}*${isFirst}'`,
    `setpts='${TICKS_PER_S / 1_000}*floor(${PARTS_OF_PLACE}*${steps('T')})'`,
  ].join(',');
}
