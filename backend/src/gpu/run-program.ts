import { spawn } from 'node:child_process';
import { errorCode, NightjarError, toMessage } from '../lib/errors.ts';

const OUTPUT_BYTES_MAX = 64 * 1_024;
const STDERR_CHARS_MAX = 200;

export interface RunLimits {
  readonly withinMs: number;
  readonly signal: AbortSignal;
}

export interface Run {
  /** Its stdout. Rejects with `not_found` when there is no such program, else with `unavailable`. */
  readonly output: Promise<string>;
  /** Resolves when the process is gone. A hung driver can make it outlive even SIGKILL, and the output's rejection. */
  readonly gone: Promise<void>;
}

/** Runs a program to its end, without a shell and without our stdin; killed when its time is up or it says too much. */
export function runProgram(program: string, args: readonly string[], { withinMs, signal }: RunLimits): Run {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve()).once('error', () => resolve());
  });
  const output = new Promise<string>((resolve, reject) => {
    const text = { stdout: '', stderr: '' };
    const stop = (why: string, cause?: unknown): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', cancel);
      // Also what others hold of its output: a grandchild would keep the pipes open.
      child.stdout.destroy();
      child.stderr.destroy();
      child.kill('SIGKILL');
      reject(new NightjarError(errorCode(cause) === 'ENOENT' ? 'not_found' : 'unavailable', `${program} ${why}`, { cause })); // prettier-ignore
    };
    const cancel = (): void => stop('was given up');
    const timer = setTimeout(() => stop(`did not answer within ${withinMs} ms`), withinMs);
    signal.addEventListener('abort', cancel);
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (chunk: string) => {
        text[name] += chunk;
        if (text[name].length > OUTPUT_BYTES_MAX) stop('said too much');
      });
    child.once('error', (cause) => stop(`cannot be run: ${toMessage(cause)}`, cause));
    child.once('close', (code, killedBy) => {
      if (code !== 0) return stop(`ended with ${code ?? killedBy}: ${firstWords(text.stderr || text.stdout)}`);
      clearTimeout(timer);
      signal.removeEventListener('abort', cancel);
      resolve(text.stdout);
    });
    if (signal.aborted) cancel();
  });
  return { output, gone };
}

const firstWords = (text: string): string => text.trim().replace(/\s+/g, ' ').slice(0, STDERR_CHARS_MAX);
