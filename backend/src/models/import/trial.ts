import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { NightjarError, type ErrorKind } from '../../lib/errors.ts';
import { startChild } from '../../lib/start-child.ts';
import { besideModule } from '../../lib/start-worker.ts';
import type { TrialAnswer, TrialResult, TrialTask } from './trial-message.ts';

/** Loading a large network and running it five times takes a slow machine half a minute. */
export const TRIAL_MS_MAX = 180_000;
const NOISE_CHARS_MAX = 4_000;
const REASON_CHARS_MAX = 400;

/**
 * Runs a network on the CPU in a process of its own, which has ended when this resolves or rejects. Throws `invalid`,
 * with the engine's reason, when the network cannot be loaded or run and when it crashes the engine, and `unavailable`
 * when it takes too long: another machine may be faster, and a second try here is not worth it.
 */
export async function tryNetwork(task: TrialTask, { msMax = TRIAL_MS_MAX } = {}): Promise<TrialResult> {
  const stdio = ['ignore', 'ignore', 'pipe', 'ipc'] as const;
  const program = besideModule(import.meta.url, './trial-process');
  const child = startChild(program, [], { serialization: 'advanced', stdio: [...stdio] });
  try {
    const answer = await ask(child, task, msMax);
    if ('failed' in answer) throw new NightjarError('invalid', `ONNX Runtime refuses it: ${toReason(answer.failed)}`);
    return answer.result;
  } finally {
    await end(child);
  }
}

async function end(child: ChildProcess): Promise<void> {
  const isRunning = child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  const exited = isRunning ? once(child, 'exit') : undefined;
  child.kill('SIGKILL');
  await exited;
}

function ask(child: ChildProcess, task: TrialTask, msMax: number): Promise<TrialAnswer> {
  let noise = '';
  child.stderr?.on('data', (chunk: Buffer) => (noise = `${noise}${chunk.toString()}`.slice(-NOISE_CHARS_MAX)));
  let limit: NodeJS.Timeout | undefined;
  const asked = new Promise<TrialAnswer>((resolve, reject) => {
    const fail = (kind: ErrorKind, message: string): void =>
      reject(new NightjarError(kind, message, noise === '' ? {} : { cause: new Error(noise) }));
    limit = setTimeout(() => fail('unavailable', `a trial run did not end within ${msMax / 1_000} s`), msMax);
    child.once('message', (answer) => resolve(answer as TrialAnswer));
    child.once('error', ({ message }) =>
      fail('unavailable', `no process for a trial run could be started: ${message}`),
    );
    child.once('exit', (code, signal) => {
      // Native code ends by a signal; whatever ends by itself did so for a reason of ours.
      if (signal) fail('invalid', `it crashed ONNX Runtime in a trial run (${signal})`);
      else fail('unavailable', `the process of the trial run ended with exit code ${code}`);
    });
    child.send(task, (error) => error && fail('unavailable', `the trial run did not begin: ${error.message}`));
  });
  return asked.finally(() => clearTimeout(limit));
}

/** The engine's own words, without the places in its source, whole signatures, and the path of our draft. */
function toReason(message: string): string {
  const [first = ''] = message.split('\n');
  const reason = first
    .replace(/^Load model from \S+ failed:\s*/, '')
    .replace(/^Non-zero status code returned while running (\S+) node\. Name:'([^']*)' Status Message: /, '$1 ($2): ')
    .replace(/\/onnxruntime_src\/\S+:\d+ .*\) (?=\S)/, '');
  return reason.length > REASON_CHARS_MAX ? `${reason.slice(0, REASON_CHARS_MAX)}...` : reason;
}
