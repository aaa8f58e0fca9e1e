/**
 * One run of ffmpeg or ffprobe: no shell, no stdin, a process group of its own, below the priority of the rest, with limits
 * on its time, its memory and its words. It never outlives its run: at the end, whatever the end is, the group is killed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import type { Clock } from '../../lib/clock.ts';
import { errorCode, NightjarError, toMessage } from '../../lib/errors.ts';
import { answerWithin } from '../../lib/time-limit.ts';
import { MEMORY_BYTES_MAX, WORDS_BYTES_MAX } from './limits.ts';

/** A process that SIGKILL does not end hangs in the kernel (a dead network share): nobody waits for that. */
const DEATH_MS_MAX = 5_000;

export interface Program {
  readonly path: string;
  /** `prlimit`, where there is one (Linux). */
  readonly prlimit: string | undefined;
}

export interface RunOptions {
  readonly program: Program;
  readonly args: readonly string[];
  /** Of waiting for it, in all. The time in which we are busy with what it wrote is not its own. */
  readonly withinMs: number;
  readonly silenceMs: number;
  readonly clock: Clock;
  /** Ends it: we are closing. */
  readonly signal: AbortSignal;
}

/** How it ended; undefined if we ended it because we had enough. */
export interface RunEnd {
  readonly code: number | null;
  readonly killedBy: NodeJS.Signals | null;
  readonly said: string;
}

/**
 * Runs it, and hands its output to `use`, which may return before the end. Throws what `use` throws; `unavailable` when it
 * takes too long or cannot be run, `not_found` when it is not there, `cancelled` when `signal` is aborted.
 */
export async function runTool<T>(
  options: RunOptions,
  use: (output: AsyncIterable<Buffer>) => Promise<{ readonly value: T; readonly isEnough: boolean }>,
): Promise<{ readonly value: T; readonly end: RunEnd | undefined }> {
  const child = start(options);
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  exited.catch(() => undefined); // a program that cannot be started; said by whoever waits for it
  const said = keepLast(child);
  const timer = createTimer(options);
  try {
    const { value, isEnough } = await use(readOutput(child, timer));
    if (isEnough) return { value, end: undefined };
    const [code, killedBy] = await timer.wait(exited);
    return { value, end: { code, killedBy, said: said() } };
  } catch (thrown) {
    throw toRunError(thrown, options);
  } finally {
    await end(child, options.clock);
  }
}

function start({ program, args, withinMs }: RunOptions): ChildProcess {
  // Processor time is a limit for what outlives even us: without it, a loop in ffmpeg would go on after a SIGKILL of ours.
  const limits = [`--as=${MEMORY_BYTES_MAX}`, `--cpu=${Math.ceil(withinMs / 1_000) * 2}`, '--core=0'];
  const [path, ...all] =
    program.prlimit === undefined ? [program.path, ...args] : [program.prlimit, ...limits, '--', program.path, ...args];
  const child = spawn(path, all, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  if (child.pid !== undefined) lowerPriority(child.pid);
  return child;
}

/** Detectors and the API come first. */
function lowerPriority(pid: number): void {
  try {
    os.setPriority(pid, os.constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It is gone already: what it said, or did not say, tells more.
  }
}

function keepLast({ stderr }: ChildProcess): () => string {
  let kept = Buffer.alloc(0);
  stderr?.on('data', (chunk: Buffer) => (kept = Buffer.concat([kept, chunk]).subarray(-WORDS_BYTES_MAX)));
  return () => kept.toString('utf8');
}

interface Timer {
  wait<T>(promise: Promise<T>): Promise<T>;
}

function createTimer({ withinMs, silenceMs, clock, signal }: RunOptions): Timer {
  let leftMs = withinMs;
  const late = (): Error => new NightjarError('unavailable', 'ffmpeg took too long and was ended');
  return {
    async wait(promise) {
      const startedMs = performance.now();
      const timeoutMs = Math.max(1, Math.min(silenceMs, leftMs));
      try {
        return await answerWithin({ timeoutMs, clock, signal, late }, () => promise);
      } finally {
        leftMs -= performance.now() - startedMs;
      }
    },
  };
}

async function* readOutput({ stdout }: ChildProcess, timer: Timer): AsyncGenerator<Buffer> {
  if (!stdout) return;
  const chunks = stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  for (;;) {
    const next = await timer.wait(chunks.next());
    if (next.done) return;
    yield next.value;
  }
}

function toRunError(thrown: unknown, { program, signal }: RunOptions): NightjarError {
  if (signal.aborted) return new NightjarError('cancelled', 'closing', { cause: thrown });
  if (thrown instanceof NightjarError) return thrown;
  if (errorCode(thrown) === 'ENOENT')
    return new NightjarError('not_found', `there is no ${program.path}`, { cause: thrown });
  return new NightjarError('unavailable', `${program.path} cannot be run: ${toMessage(thrown)}`, { cause: thrown });
}

async function end(child: ChildProcess, clock: Clock): Promise<void> {
  child.stdout?.destroy();
  child.stderr?.destroy();
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (thrown) {
    if (errorCode(thrown) !== 'ESRCH') throw thrown; // it ended in this very moment
  }
  const gone = new AbortController();
  await Promise.race([exited, clock.sleep(DEATH_MS_MAX, gone.signal)]);
  gone.abort();
}
