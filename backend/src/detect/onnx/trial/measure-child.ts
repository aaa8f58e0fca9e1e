/**
 * The process that tries an execution provider: the same threads on the same network as the detector's, in a process
 * of its own, for a driver may crash it or hang in it. Tells what it measures, a message for each batch size. What is not the
 * CPU must compute what the CPU computes.
 */
import { percentile } from '../../../lib/latency.ts';
import { toMessage } from '../../../lib/errors.ts';
import type { ChildMessage, Measured, MeasureSettings } from './measure-message.ts';
import { startOnnxThread, type StartedThread } from '../thread/onnx-thread.ts';
import { paintPictures } from '../../../lib/trial-picture.ts';
import { findDifference } from './resemblance.ts';
import type { RunOutputs } from '../thread/session.ts';

const RUNS_MIN = 3;
const TRIAL_PICTURE = 1;

const settings = JSON.parse(process.argv[2] ?? '') as MeasureSettings;
const say = (message: ChildMessage): void => void process.send?.(message);

// Nobody is there to listen any more; native code that hangs would keep an orderly end waiting.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

function startThread(batch: number): Promise<StartedThread> {
  const { onnxPath, provider, threads, input, startMsMax } = settings;
  const buckets = settings.buckets ? [batch] : [];
  return startOnnxThread({ onnxPath, provider, threads, input, buckets, warmBatch: batch, startMsMax });
}

/** What the CPU makes of the trial picture; undefined where the CPU itself is measured. */
async function computeReference(): Promise<RunOutputs | undefined> {
  if (settings.provider === 'cpu') return undefined;
  const thread = await startOnnxThread({ ...settings, provider: 'cpu', buckets: [], warmBatch: 1 });
  const outputs = await thread.run({ batch: 1, pixels: paintPictures([TRIAL_PICTURE], settings.input) });
  await thread.close();
  return outputs;
}

async function assertAlike(thread: StartedThread, batch: number, reference: RunOutputs): Promise<void> {
  const outputs = await thread.run({
    batch,
    pixels: paintPictures(Array<number>(batch).fill(TRIAL_PICTURE), settings.input),
  });
  const difference = findDifference(outputs, reference, batch);
  if (difference !== null) throw new Error(`computes other results than the CPU: ${difference}`);
}

/** Runs one after another until the time is up; resolves to what each took. */
async function repeat(thread: StartedThread, batch: number): Promise<number[]> {
  const bytes = batch * settings.input.width * settings.input.height * 3;
  const durationsMs: number[] = [];
  const untilMs = performance.now() + settings.runMs;
  while (durationsMs.length < RUNS_MIN || performance.now() < untilMs) {
    const startedMs = performance.now();
    await thread.run({ batch, pixels: new Uint8Array(bytes) });
    durationsMs.push(performance.now() - startedMs);
  }
  return durationsMs;
}

async function measure(batch: number, reference: RunOutputs | undefined): Promise<Measured> {
  const threads = await Promise.all(Array.from({ length: settings.workers }, () => startThread(batch)));
  if (reference) await Promise.all(threads.map((thread) => assertAlike(thread, batch, reference)));
  const startedMs = performance.now();
  const durations = (await Promise.all(threads.map((thread) => repeat(thread, batch)))).flat();
  const elapsedMs = performance.now() - startedMs;
  await Promise.all(threads.map((thread) => thread.close()));
  const most = (of: 'sessionMs' | 'firstMs'): number => Math.max(...threads.map(({ started }) => started[of]));
  return {
    batch,
    sessionMs: most('sessionMs'),
    firstMs: most('firstMs'),
    runs: durations.length,
    runMs:
      percentile(
        durations.sort((one, other) => one - other),
        0.5,
      ) ?? 0,
    pictureMs: elapsedMs / (durations.length * batch),
    memoryMb: process.resourceUsage().maxRSS / 1_024,
  };
}

async function measureAll(): Promise<void> {
  const reference = await computeReference();
  for (const batch of settings.batches) say({ type: 'measured', measured: await measure(batch, reference) });
}

await measureAll().then(
  () => say({ type: 'done' }),
  (thrown: unknown) => say({ type: 'failed', message: toMessage(thrown) }),
);
