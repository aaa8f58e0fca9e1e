/**
 * One clip, from its lease to its end: looked into, planned (once for all), cut, each frame stored and recorded as it comes.
 * Whatever interrupts it, the next attempt goes on after the last frame that was recorded.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import { isRetryable, NightjarError, toNightjarError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { withRetry } from '../lib/retry.ts';
import { noTracer, type Tracer } from '../lib/trace.ts';
import type { ClipFrame, ClipLedger, ClipPlan, LeasedClip } from '../model/clip.ts';
import { toCapture } from './capture.ts';
import { cutFilm } from './ffmpeg/cut.ts';
import { lookInto, toFault, type FilmFacts } from './ffmpeg/look.ts';
import { patience as defaultPatience, type Patience } from './ffmpeg/limits.ts';
import type { Film } from './ffmpeg/open-args.ts';
import type { RunEnd } from './ffmpeg/run.ts';
import type { CutPicture } from './ffmpeg/smjpeg.ts';
import type { Tools } from './ffmpeg/tools.ts';
import { toFormat } from './formats.ts';
import { readJpegSize } from './jpeg-size.ts';
import { countFrames, toNextPlace, toOffsets, toStepMs, type PlanLimits } from './plan.ts';

const RETRY_MS = 250;
export interface CutterOptions extends Pick<
  ClipLedger,
  'planClip' | 'recordedOffsets' | 'recordClipFrames' | 'completeClip'
> {
  /** The clip's bytes as a local file, for as long as `use` takes. */
  readonly withFile: <T>(mediaPath: string, use: (file: string) => Promise<T>) => Promise<T>;
  /** Durable once resolved, to the media path. */
  readonly storeFrame: (media: {
    readonly cameraId: string;
    readonly sha256: string;
    readonly extension: string;
    readonly bytes: Uint8Array;
  }) => Promise<string>;
  readonly limits: PlanLimits & { readonly imageBytesMax: number; readonly imagePixelsMax: number };
  /** How long a cut frame is worth storing: as long as the lease can be kept. */
  readonly storeWithinMs: number;
  /** With ffmpeg; its own limits unless told otherwise. */
  readonly patience?: Patience;
  readonly clock: Clock;
  readonly log: Logger;
  readonly tracer?: Tracer | undefined;
}

/** `lost`: another has the clip, and nothing more is to be done with it. */
export type Outcome = 'done' | 'lost';

/** What is not the clip's fault: the database or the media store is away. The clip waits for them, its attempt uncounted. */
export class Outage extends NightjarError {}

export interface Job {
  readonly clip: LeasedClip;
  readonly tools: Tools;
  readonly signal: AbortSignal;
}

/** Throws `invalid` and the like for what lies in the clip, `Outage` for what does not, `cancelled` when `signal` is aborted. */
export async function cutClip(job: Job, options: CutterOptions): Promise<Outcome> {
  const { clip } = job;
  const format = toFormat(clip.mediaType);
  const { imagePixelsMax } = options.limits;
  let opened = false;
  const use = async (file: string): Promise<Outcome> => {
    opened = true;
    return cutFile(job, { file, format, imagePixelsMax }, options);
  };
  return options.withFile(clip.mediaPath, use).catch((thrown: unknown) => {
    throw opened ? thrown : toOutage(thrown);
  });
}

async function cutFile(job: Job, film: Film, options: CutterOptions): Promise<Outcome> {
  const { clip, tools, signal } = job;
  const { limits, clock, log } = options;
  const facts = await lookInto({ tools, film, clock, signal });
  const plan = toPlan(clip, facts, options);
  if (!(await outside(job, options, () => options.planClip(clip, plan)))) return 'lost';
  const recorded = await outside(job, options, () => options.recordedOffsets(clip));
  const offsets = toOffsets(plan, limits.intervalMs);
  const { end, cut, lost } = await cutPlaces(job, { film, facts, plan, offsets, recorded }, options);
  if (lost) return 'lost';
  const frames = recorded.size + cut;
  if (frames === 0) throw toFault(end ?? NO_END, film.file);
  if (end) assertEnd(end, film.file);
  if (frames < plan.framesPlanned)
    log.warn({ clip: clip.id, camera: clip.cameraId, frames, planned: plan.framesPlanned }, 'part of a clip has no pictures'); // prettier-ignore
  return (await outside(job, options, () => options.completeClip(clip))) ? 'done' : 'lost';
}

const NO_END: RunEnd = { code: 0, killedBy: null, said: '' };

/** A broken end of a film is examined as far as it goes; an ffmpeg that crashed or ran out of memory may go further next time. */
function assertEnd(end: RunEnd, file: string): void {
  const fault = toFault(end, file);
  if (fault.kind !== 'invalid') throw fault;
}

interface Work {
  readonly film: Film;
  readonly facts: FilmFacts;
  readonly plan: ClipPlan;
  readonly offsets: readonly number[];
  readonly recorded: ReadonlySet<number>;
}

async function cutPlaces(job: Job, { film, facts, plan, offsets, recorded }: Work, options: CutterOptions) {
  const { limits, clock, patience = defaultPatience } = options;
  let [cut, lost] = [0, false];
  const onPicture = async (picture: CutPicture): Promise<boolean> => {
    lost = !(await keepFrame(job, { picture, offsetMs: offsets[picture.place] ?? 0 }, options));
    if (!lost) cut += 1;
    return !lost;
  };
  const fromPlace = toNextPlace(offsets, recorded);
  const span = { fromPlace, places: offsets.length, stepMs: toStepMs(plan, limits.intervalMs), startS: facts.startS };
  const { tools, signal } = job;
  const { imageBytesMax } = limits;
  const end =
    fromPlace === offsets.length
      ? undefined
      : await cutFilm({ tools, film, ...span, imageBytesMax, patience, onPicture, clock, signal });
  return { end, cut, lost };
}

/** Its trace begins here, and is kept with it: whoever examines it, and tries again, goes on with it. False: the lease was lost. */
async function keepFrame(job: Job, cut: { picture: CutPicture; offsetMs: number }, options: CutterOptions) {
  const { id, cameraId } = job.clip;
  const attributes = { 'nightjar.camera': cameraId, 'nightjar.clip': id, 'nightjar.offset_ms': cut.offsetMs };
  const span = (options.tracer ?? noTracer).start('ingest', { attributes });
  const frame = { ...(await storePicture(job, cut, options)), traceParent: span.traceParent };
  const isHeld = await outside(job, options, () => options.recordClipFrames(job.clip, [frame]));
  if (isHeld) span.end();
  return isHeld;
}

async function storePicture(
  job: Job,
  { picture: { jpeg }, offsetMs }: { picture: CutPicture; offsetMs: number },
  options: CutterOptions,
): Promise<ClipFrame> {
  const size = readJpegSize(jpeg);
  if (!size) throw new NightjarError('unavailable', 'ffmpeg wrote something that is no picture');
  const sha256 = createHash('sha256').update(jpeg).digest('hex');
  const media = { cameraId: job.clip.cameraId, sha256, extension: 'jpg', bytes: jpeg };
  const mediaPath = await outside(job, options, () => options.storeFrame(media));
  return { offsetMs, sha256, mediaPath, ...size, bytes: jpeg.length };
}

/** The plan that the clip has, or else a new one. */
function toPlan(clip: LeasedClip, facts: FilmFacts, { limits, clock }: CutterOptions): ClipPlan {
  const { capturedAt, capturedFrom, durationMs, width, height, framesPlanned } = clip;
  if (durationMs !== null && width !== null && height !== null && framesPlanned !== null)
    return { capturedAt, capturedFrom, durationMs, width, height, framesPlanned };
  const { durationMs: newMs, width: newWidth, height: newHeight } = facts;
  const size = { durationMs: newMs, width: newWidth, height: newHeight };
  return { ...size, framesPlanned: countFrames(newMs, limits), ...toCapture(clip, facts, clock.nowMs()) };
}

/** Asks the ledger or the media store, again for as long as it is worth it. */
async function outside<T>({ signal }: Job, options: CutterOptions, run: () => Promise<T>): Promise<T> {
  const retry = { clock: options.clock, delayMs: RETRY_MS, withinMs: options.storeWithinMs, signal };
  return withRetry(run, retry).catch((thrown: unknown) => {
    throw toOutage(thrown);
  });
}

function toOutage(thrown: unknown): NightjarError {
  const error = toNightjarError(thrown);
  return isRetryable(error.kind) ? new Outage(error.kind, error.message, { cause: error }) : error;
}
