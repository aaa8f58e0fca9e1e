import { systemClock, type Clock } from '../lib/clock.ts';
import { toNightjarError, NightjarError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { createLoop } from '../lib/loop.ts';
import { runProgram } from '../lib/run-program.ts';
import { parseGpus, queryArgs, type Gpu, type GpuFigures } from './parse.ts';

const SAMPLE_MS = 5_000;
/** Without persistence mode the driver wakes each GPU first, which takes seconds. */
const ANSWER_MS_MAX = 10_000;
const KEPT_MS = 3_600_000;
/** Whatever the clock does. */
const SAMPLES_MAX = KEPT_MS / SAMPLE_MS;
/** How long a program that is not there, or that keeps failing, is left alone. */
const RETRY_MS_MAX = 300_000;

export interface GpuSample {
  readonly at: Date;
  readonly gpus: readonly GpuFigures[];
}

export interface GpuReading {
  /** As last told; null where there are none, or none that answer. */
  readonly gpus: readonly (Gpu & { readonly sampledAt: Date })[] | null;
  /** Of the last hour, oldest first. */
  readonly history: readonly GpuSample[];
}

export interface GpuMonitor {
  read(): GpuReading;
  /** Ends a program that is running. */
  close(): Promise<void>;
}

export interface GpuMonitorOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** A path, or a name to be found on the PATH. */
  readonly program?: string;
  readonly answerMsMax?: number;
}

/** Samples from now on. Where the program is missing it is looked for again every five minutes, and nothing else is done. */
export function createGpuMonitor(options: GpuMonitorOptions): GpuMonitor {
  const { clock, log, program = 'nvidia-smi', answerMsMax = ANSWER_MS_MAX } = options;
  const samples: GpuSample[] = [];
  const trouble = createTrouble(log);
  let gpus: GpuReading['gpus'] = null;
  let nextMs = 0;
  let isRunning = false;

  async function ask(signal: AbortSignal): Promise<readonly Gpu[]> {
    const run = runProgram(program, queryArgs, { withinMs: answerMsMax, clock: systemClock, signal });
    isRunning = true;
    void run.gone.then(() => (isRunning = false));
    const found = parseGpus(await run.output);
    if (found.length === 0) throw new NightjarError('unavailable', `${program} told of no GPU`);
    return found;
  }

  function keep(found: readonly Gpu[]): void {
    const at = new Date(clock.nowMs());
    gpus = found.map((gpu) => ({ ...gpu, sampledAt: at }));
    samples.push({ at, gpus: found.map(toFigures) });
    if (samples.length > SAMPLES_MAX) samples.shift();
  }

  async function sample(signal: AbortSignal): Promise<boolean> {
    // A process that even SIGKILL does not end (a hung driver) must not be joined by more of its kind.
    if (isRunning || clock.nowMs() < nextMs) return false;
    try {
      keep(await ask(signal));
      trouble.end();
    } catch (thrown) {
      if (signal.aborted) return false;
      gpus = null; // what was told before is no figure of now
      nextMs = clock.nowMs() + trouble.add(toNightjarError(thrown));
    }
    return false;
  }

  const loop = createLoop({ name: 'GPU monitor', clock, log, idleMs: SAMPLE_MS, runOnce: sample });
  return {
    read: () => ({ gpus, history: samples.filter(({ at }) => at.getTime() > clock.nowMs() - KEPT_MS) }),
    close: () => loop.close(),
  };
}

/** Says once that something is wrong and once that it is over; tells how long to wait before the next try. */
function createTrouble(log: Logger) {
  let failures = 0;
  return {
    add(error: NightjarError): number {
      failures += 1;
      // Most machines have no such GPU: that is no trouble.
      const level = error.kind === 'not_found' ? 'debug' : 'warn';
      if (failures === 1) log[level]({ kind: error.kind, err: error }, `no GPU figures: ${error.message}`);
      return error.kind === 'not_found' ? RETRY_MS_MAX : Math.min(RETRY_MS_MAX, SAMPLE_MS * 2 ** failures);
    },
    end(): void {
      if (failures > 0) log.info('GPU figures are there again');
      failures = 0;
    },
  };
}

const toFigures = (gpu: Gpu): GpuFigures => ({
  uuid: gpu.uuid,
  utilizationPercent: gpu.utilizationPercent,
  memoryUtilizationPercent: gpu.memoryUtilizationPercent,
  memoryUsedMb: gpu.memoryUsedMb,
  temperatureC: gpu.temperatureC,
  powerW: gpu.powerW,
});
