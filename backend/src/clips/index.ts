/**
 * Clips: short films become frames.
 *
 * In: clips claimed from their ledger, one at a time; their bytes as a file. Out: JPEGs in the media store, recorded as
 * frames one by one, and the clip completed. The system's ffmpeg does the work. Frames are upright, of the film's full
 * size in pixels, one each `intervalMs`, at most `framesMax`, spread evenly when there would be more.
 *
 * A clip leaves in one of five ways: completed; failed (the ledger decides whether it is tried again; what is no film at
 * all is a dead letter at once); handed back when we close, or when the database, the media store or ffmpeg is away; given
 * up because the lease was lost. Frames that were recorded stay, and the next attempt goes on after them. A film with a
 * broken end is completed with the frames that could be read. While there is no ffmpeg no clip is claimed.
 *
 * Limits: one ffmpeg at a time, one picture in memory; ffmpeg/limits.ts has those of ffmpeg itself: time, silence, memory,
 * words, codecs. It runs without a shell, below our own priority, reads one plain file, writes to a pipe and nowhere else.
 */
import { isRetryable, NightjarError, toNightjarError } from '../lib/errors.ts';
import { createLoop } from '../lib/loop.ts';
import type { ClipLedger, LeasedClip } from '../model/clip.ts';
import { cutClip, Outage, type CutterOptions } from './clip-cutter.ts';
import { createToolbox } from './toolbox.ts';
import { findTools, type Tools } from './ffmpeg/tools.ts';

const POLL_MS = 1_000;

export interface ClipWorkerOptions extends CutterOptions, ClipLedger {
  /** Attempts after which a clip that ffmpeg hangs or crashes on is held to be at fault. */
  readonly attemptsMax: number;
  /** Finds ffmpeg; that of the system unless told otherwise. */
  readonly find?: (signal: AbortSignal) => Promise<Tools>;
}

export interface ClipWorker {
  /** There may be clips to claim. */
  wake(): void;
  /** Whether there is an ffmpeg, and if not, what to do about it. */
  health(): { readonly state: 'ready' | 'unavailable'; readonly reason: string | null };
  /** Ends ffmpeg, and hands back the clip in hand. */
  close(): Promise<void>;
}

export function createClipWorker(options: ClipWorkerOptions): ClipWorker {
  const { clock, log, find = (signal) => findTools({ clock, signal }) } = options;
  const toolbox = createToolbox({ clock, log, find });

  const loop = createLoop({
    name: 'clip worker',
    clock,
    log,
    idleMs: POLL_MS,
    runOnce: async (signal) => {
      const tools = await toolbox.take(signal);
      if (!tools || signal.aborted) return false;
      const clip = await options.claimClip();
      if (!clip) return false;
      try {
        const outcome = await cutClip({ clip, tools, signal }, options);
        if (outcome === 'lost') log.warn({ clip: clip.id }, 'the lease was lost while cutting: another has the clip');
      } catch (thrown) {
        await giveUp(clip, toNightjarError(thrown), signal);
      } finally {
        options.forgetClip(clip);
      }
      return true;
    },
  });

  /** Throws an outage again, once the clip is handed back: the loop waits longer each time. */
  async function giveUp(clip: LeasedClip, error: NightjarError, signal: AbortSignal): Promise<void> {
    const isOurs = signal.aborted || error.kind === 'cancelled';
    const isToolGone = error.kind === 'not_found' && !(await toolbox.isThere(signal));
    if (isOurs || isToolGone || error instanceof Outage) {
      await options.releaseClip(clip);
      if (error instanceof Outage) throw error.cause;
      return;
    }
    const facts = { clip: clip.id, camera: clip.cameraId, attempt: clip.attempts, kind: error.kind, err: error };
    log.warn(facts, `clip failed: ${error.message}`);
    await options.failClip(clip, toVerdict(clip, error));
  }

  /** A machine may be too busy once; a clip on which ffmpeg hangs or crashes each time is at fault itself. */
  function toVerdict({ attempts }: LeasedClip, error: NightjarError): NightjarError {
    if (!isRetryable(error.kind) || attempts < options.attemptsMax) return error;
    return new NightjarError('invalid', error.message, { cause: error });
  }

  return { wake: () => loop.wake(), health: toolbox.health, close: () => loop.close() };
}

export { findTools } from './ffmpeg/tools.ts';
