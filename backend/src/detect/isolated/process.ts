/** An examining process from the outside: whatever becomes of it, who waits for it hears in time, and in words. */
import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { NightjarError, toMessage } from '../../lib/errors.ts';
import { startChild } from '../../lib/start-child.ts';
import type { EncodedImage } from '../detector.ts';
import { lastMeaningfulLine } from '../onnx/trial/native-noise.ts';
import { fromChild, type FromChild, type ToChild } from './message.ts';

const NOISE_CHARS_MAX = 8_192;
/** A killed process may be stuck in a driver: it is not waited for longer. */
const END_MS_MAX = 2_000;

export interface ExaminingProcess {
  /** Throws what the child threw, and `unavailable` when it ends or is silent for `limitMs`: then it is not to be used again. */
  examine(image: EncodedImage, limitMs: number): Promise<Extract<FromChild, { type: 'found' }>>;
  isAlive(): boolean;
  /** Kills it: it holds nothing that could be lost. */
  end(): Promise<void>;
}

export interface ProcessOptions {
  /** A module that calls `serveIsolated`. */
  readonly program: URL;
  /** For the program; must be cloneable. */
  readonly settings: unknown;
  readonly startMsMax: number;
  /** Gives up a start that is under way. */
  readonly signal: AbortSignal;
}

/** Resolves when its detectors are ready. Throws `unavailable`, with the reason, when they do not become so. */
export async function startProcess({
  program,
  settings,
  startMsMax,
  signal,
}: ProcessOptions): Promise<ExaminingProcess> {
  const stdio = ['ignore', 'ignore', 'pipe', 'ipc'] as const;
  const child = startChild(program, [], { stdio: [...stdio], serialization: 'advanced' });
  const { ask, end, isAlive } = connect(child);
  const giveUp = (): void => void end();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    await ask({ type: 'open', settings }, startMsMax);
  } catch (thrown) {
    await end();
    throw new NightjarError('unavailable', `the examining process did not start: ${toMessage(thrown)}`, {
      cause: thrown,
    });
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
  return {
    isAlive,
    end,
    async examine(image, limitMs) {
      const answer = await ask({ type: 'examine', image }, limitMs);
      if (answer.type === 'found') return answer;
      throw new NightjarError('internal', 'the examining process answered what was not asked');
    },
  };
}

/** Questions and answers with a child, one at a time, and its end in whichever way it comes. */
function connect(child: ChildProcess) {
  const noise = keepNoise(child);
  let settle: { resolve: (answer: FromChild) => void; reject: (error: NightjarError) => void } | undefined;
  let over: NightjarError | undefined;

  function finish(reason: string): void {
    over ??= new NightjarError('unavailable', reason);
    settle?.reject(over);
    settle = undefined;
  }

  function onMessage(message: unknown): void {
    const { success, data } = fromChild.safeParse(message);
    if (!success) finish('the process that examined it told nonsense');
    else if (data.type === 'failed') settle?.reject(new NightjarError(data.kind, data.message));
    else settle?.resolve(data);
    settle = undefined;
  }

  child.on('message', onMessage);
  child.on('error', (error) => finish(`the process that examined it cannot be used: ${toMessage(error)}`));
  // Not `exit`: what it printed last is to be read before.
  child.on('close', (code, signal) =>
    finish(`the process that examined it ended with ${signal ?? `code ${code}`}${noise()}`),
  );

  return {
    isAlive: () => over === undefined,
    async ask(message: ToChild, limitMs: number): Promise<FromChild> {
      if (over) throw over;
      const seconds = Math.round(limitMs / 1_000);
      const limit = setTimeout(() => finish(`the process that examined it was silent for ${seconds} s`), limitMs);
      const answer = new Promise<FromChild>((resolve, reject) => (settle = { resolve, reject }));
      // A channel that broke is told by `close` as well, and with the reason.
      child.send(message, () => undefined);
      return answer.finally(() => clearTimeout(limit));
    },
    async end(): Promise<void> {
      finish('the process that examined it was ended');
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const limit = AbortSignal.timeout(END_MS_MAX);
      child.kill('SIGKILL');
      await once(child, 'exit', { signal: limit }).catch(() => undefined); // not waited for longer, see above
      child.unref();
      child.stderr?.destroy();
    },
  };
}

/** Keeps the end of what it prints: native code says there what it died of. */
function keepNoise(child: ChildProcess): () => string {
  let end = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (end = (end + text).slice(-NOISE_CHARS_MAX)));
  return () => {
    const line = lastMeaningfulLine(end);
    return line === undefined ? '' : ` (${line})`;
  };
}
