/**
 * One call: a batch of pictures, asked about until each has a final answer or the tries are used up. A try takes those
 * that are still open to one server. After a try that failed the next goes to another server if there is one, and one
 * picture a request, so that a picture that upsets the server keeps no result from its neighbours.
 */
import type { Clock } from '../../lib/clock.ts';
import { isRetryable, NightjarError, toNightjarError } from '../../lib/errors.ts';
import type { Found } from '../detector.ts';
import type { Line } from './line.ts';
import type { SentPicture } from './picture.ts';
import type { OpenPicture } from './protocols/protocol.ts';
import type { Server } from './server.ts';

/** In all, over all servers: then the frame's own attempts take over. */
const TRIES_MAX = 3;
/** No try of a call begins later, or waits longer, than so many times the limit of one request. */
const TIMEOUTS_PER_CALL = 2;

export interface CallOptions {
  readonly line: Line<Server>;
  readonly timeoutMs: number;
  /** Before the second try; doubled for the third, and half of it left to chance. */
  readonly retryMs: number;
  /** Ends the tries, but no request under way. */
  readonly closing: AbortSignal;
  /** Ends requests too. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Throws the last error if no picture has a final answer; else that error stands for each that has none. */
export function createCall(options: CallOptions) {
  const { timeoutMs, clock, closing } = options;

  return async (pictures: readonly SentPicture[]): Promise<readonly Found[]> => {
    const untilMs = clock.nowMs() + timeoutMs * TIMEOUTS_PER_CALL;
    const job = createJob(pictures);
    const avoid = new Set<Server>();
    let error = new NightjarError('unavailable', 'no detector server was asked');
    for (let tries = 0; job.open().length > 0 && tries < TRIES_MAX; tries += 1) {
      if (tries > 0) await clock.sleep(toBackoffMs(tries, options), closing);
      const result = await tryOnce(job.open(), { ...options, tries, avoid, untilMs });
      error = result.error ?? error;
      if (result.isOver || !isRetryable(error.kind) || closing.aborted || clock.nowMs() >= untilMs) break;
    }
    return job.results(error);
  };
}

const toBackoffMs = (tries: number, { retryMs, random }: CallOptions): number =>
  retryMs * 2 ** (tries - 1) * (0.5 + random() / 2);

interface Try extends CallOptions {
  readonly tries: number;
  /** The servers that failed this call. */
  readonly avoid: Set<Server>;
  readonly untilMs: number;
}

interface Tried {
  readonly error: NightjarError | undefined;
  /** No server is to be had: further tries would find none either. */
  readonly isOver: boolean;
}

async function tryOnce(open: readonly OpenPicture[], { line, avoid, untilMs, tries, ...options }: Try): Promise<Tried> {
  const place = await line.enter({ avoid, untilMs }).catch(toNightjarError);
  if (place instanceof NightjarError) return { error: place, isOver: true };
  const limits = {
    timeoutMs: Math.max(1, Math.min(options.timeoutMs, untilMs - options.clock.nowMs())),
    signal: options.signal,
  };
  // Counted once a call for each server, or the tries of one bad picture would look like a server that is gone.
  const asked = place.ask(open, { ...limits, isSingly: tries > 0, isCounted: !avoid.has(place) });
  const error = await asked.catch(toNightjarError);
  line.leave(place);
  if (error) avoid.add(place);
  return { error, isOver: false };
}

function createJob(pictures: readonly SentPicture[]) {
  const found: (Found | undefined)[] = pictures.map(() => undefined);
  return {
    open: (): OpenPicture[] =>
      pictures.flatMap((picture, index) =>
        found[index] === undefined ? [{ picture, settle: (result) => void (found[index] ??= result) }] : [],
      ),
    results(error: NightjarError): readonly Found[] {
      if (found.every((result) => result === undefined)) throw error;
      return found.map((result) => result ?? error);
    },
  };
}
