/**
 * The process that tries a foreign network: one task in, one answer out. A network may hang or crash the native engine,
 * and a thread of ours would go down with it, or take the whole command along. It computes on a second thread: the
 * first must hear that whoever asked is gone, or a network without end would compute for nobody, for ever.
 */
import { parentPort, workerData } from 'node:worker_threads';
import ort from 'onnxruntime-node';
import { toMessage } from '../../lib/errors.ts';
import { startWorker } from '../../lib/start-worker.ts';
import { paintPictures } from '../../lib/trial-picture.ts';
import type { TrialAnswer, TrialResult, TrialRun, TrialTask } from './trial-message.ts';

async function runTrial({ onnxPath, input, runs }: TrialTask): Promise<TrialResult> {
  const session = await ort.InferenceSession.create(onnxPath, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 4, // what it has to say comes as an exception
  });
  const run = async (pictures: readonly number[]): Promise<TrialRun> => {
    const pixels = paintPictures(pictures, input);
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
