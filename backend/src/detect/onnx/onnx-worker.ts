/**
 * The thread that computes: onnxruntime-node runs synchronously, so a session lives in a thread of its own or it
 * blocks the whole process. Loads the network, warms it up, then answers runs until it is told to close.
 */
import os from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import ort from 'onnxruntime-node';
import { toMessage } from '../../lib/errors.ts';
import type { FromThread, RunOutputs, RunRequest, ThreadData, ToThread } from './onnx-thread.ts';
import { withRunGate } from './run-gate.ts';

const { settings, gate } = workerData as ThreadData;
const port = parentPort;
if (!port) throw new Error('onnx-worker is a worker thread');

/**
 * The API and the sockets come first: computing yields to them when all cores are busy, and loses nothing when they are
 * not. On Linux a thread has a priority of its own (setpriority(2)); elsewhere this would slow the whole process. Threads
 * that the engine starts later inherit it.
 */
if (process.platform === 'linux') os.setPriority(0, os.constants.priority.PRIORITY_BELOW_NORMAL);

const answer = (message: FromThread, transfer: readonly ArrayBuffer[] = []): void =>
  port.postMessage(message, transfer);

function openSession(): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(settings.onnxPath, {
    executionProviders: [settings.provider],
    intraOpNumThreads: settings.threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
  });
}

async function run(session: ort.InferenceSession, { batch, pixels }: RunRequest): Promise<RunOutputs> {
  const { name, width, height } = settings.input;
  const outputs = await session.run({ [name]: new ort.Tensor('uint8', pixels, [batch, height, width, 3]) });
  return Object.fromEntries(Object.entries(outputs).map(([key, tensor]) => [key, tensor.data]));
}

async function warmUp(session: ort.InferenceSession): Promise<void> {
  const { width, height } = settings.input;
  await run(session, { batch: settings.warmBatch, pixels: new Uint8Array(settings.warmBatch * width * height * 3) });
}

async function onMessage(session: ort.InferenceSession, message: ToThread): Promise<void> {
  if (message.type === 'run') answer({ type: 'done', outputs: await withRunGate(gate, () => run(session, message)) });
  else await close(session);
}

async function close(session: ort.InferenceSession): Promise<void> {
  await session.release();
  port?.close();
}

const fail = (thrown: unknown): void => answer({ type: 'failed', message: toMessage(thrown) });

async function start(): Promise<void> {
  const session = await withRunGate(gate, openSession);
  await withRunGate(gate, () => warmUp(session));
  // One after another: `session.run` lets go of the thread before it computes, and a session must not be released then.
  let turn = Promise.resolve();
  port?.on('message', (message: ToThread) => {
    turn = turn.then(() => onMessage(session, message)).catch(fail);
  });
  answer({ type: 'ready' });
}

// Without a listener on the port the thread ends by itself: so does one that could not start.
void start().catch(fail);
