import { execFile } from 'node:child_process';
import type { Clock } from './clock.ts';
import { errorCode, NightjarError, toMessage } from './errors.ts';
import { withTimeLimit } from './time-limit.ts';

const OUTPUT_BYTES_MAX = 64 * 1_024;
const WORDS_CHARS_MAX = 200;

export interface RunLimits {
  readonly withinMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface Run {
  /** Its stdout. Rejects with `not_found` when there is no such program, else with `unavailable`. */
  readonly output: Promise<string>;
  /** Resolves when the process is gone. A hung driver can make it outlive even SIGKILL, and the output's rejection. */
  readonly gone: Promise<void>;
}

/** Runs a program to its end, without a shell and without our stdin; killed when its time is up or it says too much. */
export function runProgram(program: string, args: readonly string[], { withinMs, clock, signal }: RunLimits): Run {
  let leave = (): void => undefined;
  const gone = new Promise<void>((resolve) => (leave = resolve));
  const late = (): Error => new Error(`did not answer within ${withinMs} ms`);
  const output = withTimeLimit({ timeoutMs: withinMs, clock, signal, late }, (stop) => {
    return new Promise<string>((resolve, reject) => {
      const limits = { maxBuffer: OUTPUT_BYTES_MAX, killSignal: 'SIGKILL', signal: stop } as const;
      const child = execFile(program, args, limits, (error, stdout, stderr) => {
        if (!error) return resolve(stdout);
        const why = stop.aborted ? toMessage(stop.reason) : toReason(error, stderr || stdout);
        const kind = errorCode(error) === 'ENOENT' ? 'not_found' : 'unavailable';
        reject(new NightjarError(kind, `${program} ${why}`, { cause: error }));
      });
      child.stdin?.end();
      child.once('exit', leave).once('error', leave);
    });
  });
  return { output, gone };
}

function toReason(error: Parameters<NonNullable<Parameters<typeof execFile>[3]>>[0] & object, said: string): string {
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'said too much';
  if (typeof error.code === 'string') return `cannot be run: ${toMessage(error)}`;
  return `ended with ${error.code ?? error.signal}: ${said.trim().replace(/\s+/g, ' ').slice(0, WORDS_CHARS_MAX)}`;
}
