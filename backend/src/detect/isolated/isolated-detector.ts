/**
 * Examines pictures that may kill, in a process of its own, one at a time.
 *
 * The process is started when it is first needed, used for as long as it does well, and ended after a minute without work.
 * After any failure but a bad picture it is killed and the next picture gets a fresh one: it may have a thread that
 * hangs, or memory that was written over.
 */
import { NightjarError, toNightjarError } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import type { Detector, EncodedImage, Found } from '../detector.ts';
import { startProcess, type ExaminingProcess, type ProcessOptions } from './process.ts';

/** The network is loaded and warmed on a machine that may be busy. */
const START_MS_MAX = 60_000;
const IDLE_MS_MAX = 60_000;

export interface IsolatedDetectorOptions extends Pick<ProcessOptions, 'program' | 'settings'> {
  /** For one picture: decoding, waiting for a server, computing. */
  readonly pictureMsMax: number;
  readonly idleMsMax?: number;
  readonly log: Logger;
}

export interface IsolatedDetector extends Detector<EncodedImage> {
  /** Sees to it that the process is up, so that no picture pays for a start that fails. Throws `unavailable`. */
  open(): Promise<void>;
}

export function createIsolatedDetector(options: IsolatedDetectorOptions): IsolatedDetector {
  const { pictureMsMax, idleMsMax = IDLE_MS_MAX, log } = options;
  let current: Promise<ExaminingProcess> | undefined;
  let idle: NodeJS.Timeout | undefined;
  let model = 'unknown';
  const closing = new AbortController();

  async function start(): Promise<ExaminingProcess> {
    if (closing.signal.aborted) throw new NightjarError('unavailable', 'the detector is closed');
    const { program, settings } = options;
    const started = await startProcess({ program, settings, startMsMax: START_MS_MAX, signal: closing.signal });
    log.info('a process was started that examines frames apart from the others');
    return started;
  }

  async function ensure(): Promise<ExaminingProcess> {
    clearTimeout(idle);
    if (current && !(await isUsable(current))) await end();
    return (current ??= start());
  }

  async function end(): Promise<void> {
    clearTimeout(idle);
    const ending = current;
    current = undefined;
    await (await ending?.catch(() => undefined))?.end(); // one that did not start has said so to whoever waited for it
  }

  function rest(): void {
    clearTimeout(idle);
    idle = setTimeout(() => void end(), idleMsMax);
    idle.unref();
  }

  async function examine(image: EncodedImage): Promise<Found> {
    const examining = await ensure();
    try {
      const found = await examining.examine(image, pictureMsMax);
      model = found.model;
      return found.objects;
    } catch (thrown) {
      const error = toNightjarError(thrown);
      if (error.kind === 'invalid') return error;
      await end();
      throw error;
    }
  }

  return {
    name: 'isolated',
    get model() {
      return model;
    },
    batchMax: 1,
    runsMax: 1,
    prepare: (image) => Promise.resolve(image),
    detect: ([image]) =>
      image
        ? examine(image)
            .then((found) => [found])
            .finally(rest)
        : Promise.resolve([]),
    open: () => ensure().then(rest),
    health: () => ({ name: 'isolated', model, provider: 'process', state: 'ready', reason: null, backends: [] }),
    async close() {
      closing.abort();
      await end();
    },
  };
}

const isUsable = (started: Promise<ExaminingProcess>): Promise<boolean> =>
  started.then(
    (examining) => examining.isAlive(),
    () => false, // it did not start: the next one may
  );
