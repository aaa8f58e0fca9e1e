import type { Worker } from 'node:worker_threads';
import { HangError, NightjarError, toMessage } from '../../../lib/errors.ts';
import { besideModule, startWorker } from '../../../lib/start-worker.ts';
import { createRunGate, forgetRunGate, type RunGate } from './run-gate.ts';
import type { RunOutputs, SessionSettings } from './session.ts';

/** What a thread is told at its start; must be cloneable. Whatever it opens is run once before it is ready. */
export interface ThreadSettings extends SessionSettings {
  /** Batch sizes with a session of their own; none: one session for any size. */
  readonly buckets: readonly number[];
  /** Without buckets, the size of the first run, so that no frame pays for it. */
  readonly warmBatch: number;
  /** A start that takes longer hangs in the native code of the execution provider. */
  readonly startMsMax: number;
}

/** What the start took: loading, and the first run of each session. */
export interface Started {
  readonly sessionMs: number;
  readonly firstMs: number;
}

export interface ThreadData {
  readonly settings: ThreadSettings;
  readonly gate: RunGate;
}

/** `pixels` is [batch, height, width, 3]; it is handed over, and is empty for the caller afterwards. */
export interface RunRequest {
  readonly batch: number;
  readonly pixels: Uint8Array<ArrayBuffer>;
}
export type ToThread = ({ readonly type: 'run' } & RunRequest) | { readonly type: 'close' };
export type FromThread =
  | { readonly type: 'ready'; readonly started: Started }
  | { readonly type: 'done'; readonly outputs: RunOutputs }
  | { readonly type: 'failed'; readonly message: string };

/** A thread with a loaded network. One run at a time. */
export interface OnnxThread {
  /** Throws `unavailable` when the run fails, a `HangError` when it does not end; the thread is lost then. */
  run(request: RunRequest): Promise<RunOutputs>;
  /** Resolves, with the reason, when the thread is gone. */
  readonly ended: Promise<NightjarError>;
  /** The run under way ends first. */
  close(): Promise<void>;
}

export interface StartedThread extends OnnxThread {
  readonly started: Started;
}

/** A run that takes longer hangs in the native code of the execution provider. */
const RUN_MS_MAX = 60_000;
const CLOSE_MS_MAX = 3_000;

/** Resolves when the network is loaded and warm; throws `unavailable`, with the reason, when it cannot be. */
export async function startOnnxThread(settings: ThreadSettings): Promise<StartedThread> {
  const gate = createRunGate();
  const data: ThreadData = { settings, gate };
  const worker = startWorker(besideModule(import.meta.url, './onnx-worker'), data);
  worker.once('exit', () => forgetRunGate(gate));
  const { ask, ended, end, post } = connect(worker);
  const first = await ask(undefined, [], settings.startMsMax);
  return {
    started: first.type === 'ready' ? first.started : { sessionMs: 0, firstMs: 0 },
    ended,
    async run({ batch, pixels }) {
      const answer = await ask({ type: 'run', batch, pixels }, [pixels.buffer]);
      return answer.type === 'done' ? answer.outputs : {};
    },
    async close() {
      post({ type: 'close' });
      const limit = setTimeout(() => end('did not close in time'), CLOSE_MS_MAX);
      await ended;
      clearTimeout(limit);
    },
  };
}

interface Waiting {
  readonly resolve: (answer: FromThread) => void;
  readonly reject: (error: NightjarError) => void;
}

/** Questions and answers with a worker thread, one at a time, and its end in whichever way it comes. */
function connect(worker: Worker) {
  let waiting: Waiting | undefined;
  let fault: unknown;
  let endedWith: NightjarError | undefined;
  let setEnded: (error: NightjarError) => void;
  const ended = new Promise<NightjarError>((resolve) => (setEnded = resolve));

  const end = (reason: string): void =>
    endWith(new NightjarError('unavailable', `detector thread: ${reason}`, { cause: fault }));

  function endWith(error: NightjarError): void {
    endedWith ??= error;
    setEnded(endedWith);
    waiting?.reject(endedWith);
    waiting = undefined;
    // Never `terminate`: cutting off native code aborts the process. A thread that hangs ends when it comes back.
    worker.postMessage({ type: 'close' } satisfies ToThread);
  }

  function onAnswer(answer: FromThread): void {
    if (answer.type === 'failed') {
      end(answer.message);
      return;
    }
    waiting?.resolve(answer);
    waiting = undefined;
  }

  worker.on('message', onAnswer);
  worker.on('error', (error) => (fault = error));
  worker.on('exit', (code) => end(fault === undefined ? `ended with code ${code}` : toMessage(fault)));
  const post = (message: ToThread, transfer: readonly ArrayBuffer[] = []): void =>
    worker.postMessage(message, transfer);

  /** Sends a message, or nothing for the answer that comes by itself, and waits for the answer. */
  async function ask(
    message?: ToThread,
    transfer: readonly ArrayBuffer[] = [],
    limitMs = RUN_MS_MAX,
  ): Promise<FromThread> {
    if (endedWith) throw endedWith;
    const late = (): void => endWith(new HangError(`detector thread: no answer within ${limitMs} ms`));
    const limit = setTimeout(late, limitMs);
    const answer = new Promise<FromThread>((resolve, reject) => (waiting = { resolve, reject }));
    if (message) post(message, transfer);
    return answer.finally(() => clearTimeout(limit));
  }

  return { ask, ended, end, post };
}
