/**
 * Tries an execution provider, or a layout, in a child process: whatever a driver does, crash, abort, hang or print,
 * ends with that process. A trial never rejects; it says what was measured until it ended, and why it ended early.
 */
import type { ChildProcess } from 'node:child_process';
import { toMessage } from '../../../lib/errors.ts';
import { startChild } from '../../../lib/start-child.ts';
import { besideModule } from '../../../lib/start-worker.ts';
import { childMessage, type Measured, type MeasureSettings } from './measure-message.ts';
import { lastMeaningfulLine, toLine } from './native-noise.ts';

export type { Measured, MeasureSettings };

export interface MeasureLimits {
  readonly limitMs: number;
  readonly signal?: AbortSignal;
  /** The child's program; ours unless given (tests). */
  readonly program?: URL;
}

export interface Trial {
  /** By batch size, least first. */
  readonly measured: readonly Measured[];
  /** Why not everything was measured; null when it was. */
  readonly fault: string | null;
}

const NOISE_CHARS_MAX = 8_192;
/** A killed process may be stuck in its driver: it is not waited for. */
const END_MS_MAX = 2_000;

export async function measure(settings: MeasureSettings, limits: MeasureLimits): Promise<Trial> {
  const { limitMs, signal, program = besideModule(import.meta.url, './measure-child') } = limits;
  if (signal?.aborted) return { measured: [], fault: 'cancelled' };
  const stdio = ['ignore', 'pipe', 'pipe', 'ipc'] as const;
  const child = startChild(program, [JSON.stringify(settings)], { stdio: [...stdio] });
  const measured: Measured[] = [];
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const noise = listen(child);
  const told = new Promise<string | null>((resolve) => {
    child.on('message', (message) => {
      const parsed = childMessage.safeParse(message);
      if (!parsed.success) resolve('the trial told nonsense');
      else if (parsed.data.type === 'measured') measured.push(parsed.data.measured);
      else resolve(parsed.data.type === 'done' ? null : toLine(parsed.data.message));
    });
    child.once('error', (error) => resolve(toMessage(error)));
    child.once('exit', (code, by) =>
      resolve(by ? `the trial was ended by ${by}` : `the trial ended with code ${code}`),
    );
    signal?.addEventListener('abort', () => resolve('cancelled'), { once: true });
  });
  const limit = createLimit(limitMs);
  const fault = await Promise.race([told, limit.passed]);
  limit.clear();
  await end(child, closed);
  return { measured, fault: fault === null ? null : withNoise(fault, noise()) };
}

/** Keeps the end of what the child prints; complaints are looked for where they belong, first. */
function listen(child: ChildProcess): () => string | undefined {
  const ends = [child.stderr, child.stdout].map((stream) => {
    let end = '';
    stream?.setEncoding('utf8').on('data', (text: string) => (end = (end + text).slice(-NOISE_CHARS_MAX)));
    return () => lastMeaningfulLine(end);
  });
  return () => ends[0]?.() ?? ends[1]?.();
}

function createLimit(limitMs: number) {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no result within ${Math.round(limitMs / 1_000)} s`), limitMs);
  });
  return { passed, clear: () => clearTimeout(timer) };
}

/** Killed in any case: a driver's own way of ending is one more thing that can go wrong. */
async function end(child: ChildProcess, closed: Promise<void>): Promise<void> {
  child.kill('SIGKILL');
  const limit = createLimit(END_MS_MAX);
  if (child.pid !== undefined) await Promise.race([closed, limit.passed]);
  limit.clear();
  child.unref();
  child.stdout?.destroy();
  child.stderr?.destroy();
}

function withNoise(fault: string, line: string | undefined): string {
  return line === undefined || line.includes(fault) || fault.includes(line) ? fault : `${fault} (${line})`;
}
