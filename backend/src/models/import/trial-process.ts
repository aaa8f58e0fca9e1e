/**
 * The process that tries a foreign network: one task in, one answer out. A network may hang or crash the native engine,
 * and a thread of ours would go down with it, or take the whole command along. It computes on a second thread: the
 * first must hear that whoever asked is gone, or a network without end would compute for nobody, for ever.
 */
import { parentPort, workerData } from 'node:worker_threads';
import ort from 'onnxruntime-node';
import { toMessage } from '../../lib/errors.ts';
import { startWorker } from '../../lib/start-worker.ts';
import type { TrialAnswer, TrialResult, TrialRun, TrialTask } from './trial-message.ts';

async function runTrial({ onnxPath, input, runs }: TrialTask): Promise<TrialResult> {
  const session = await ort.InferenceSession.create(onnxPath, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 4, // what it has to say comes as an exception
  });
  const run = async (pictures: readonly number[]): Promise<TrialRun> => {
    const pixels = new Uint8Array(pictures.length * input.width * input.height * 3);
    pictures.forEach((picture, index) => paint(pixels, picture, index, input));
    const dims = [pictures.length, input.height, input.width, 3];
    const outputs = await session.run({ [input.name]: new ort.Tensor('uint8', pixels, dims) });
    return Object.fromEntries(Object.entries(outputs).map(([name, { dims: of, data }]) => [name, { dims: of, data }]));
  };
  const done: TrialRun[] = [];
  for (const pictures of runs) done.push(await run(pictures));
  const startMs = performance.now();
  await run([1]);
  return { runs: done, runMs: performance.now() - startMs };
}

/** A picture of its own for each number: slopes of three colours under a coarse pattern, the same every time. */
function paint(pixels: Uint8Array, picture: number, index: number, { width, height }: TrialTask['input']): void {
  const from = index * width * height * 3;
  for (let at = 0; at < width * height; at++) {
    const [x, y] = [at % width, Math.floor(at / width)];
    const tile = (((x >> 5) * 7 + (y >> 4) * 13) * (picture + 2)) % 97;
    pixels[from + at * 3] = (x * picture + tile) & 255;
    pixels[from + at * 3 + 1] = (y + tile * picture) & 255;
    pixels[from + at * 3 + 2] = (x + y + tile * 2) & 255;
  }
}

const toFailed = (thrown: unknown): TrialAnswer => ({ failed: toMessage(thrown) });

function listen(): void {
  const answer = (message: TrialAnswer): void => void process.send?.(message);
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.once('message', (task) => {
    const worker = startWorker(new URL(import.meta.url), task);
    worker.once('message', answer);
    worker.once('error', (thrown) => answer(toFailed(thrown)));
  });
}

if (parentPort === null) listen();
else parentPort.postMessage(await runTrial(workerData as TrialTask).then((result) => ({ result }), toFailed));
