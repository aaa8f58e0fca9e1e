/**
 * The thread that computes: onnxruntime-node runs synchronously, so a session lives in a thread of its own or it
 * blocks the whole process. Loads the network, warms it up, then answers runs until it is told to close.
 */
import os from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { toMessage } from '../../../lib/errors.ts';
import type { FromThread, RunRequest, Started, ThreadData, ToThread } from './onnx-thread.ts';
import { withRunGate } from './run-gate.ts';
import { openSession, readBatchSymbol, runSession, type RunOutputs, type Session } from './session.ts';

const { settings, gate } = workerData as ThreadData;
const port = parentPort;
if (!port) throw new Error('onnx-worker is a worker thread');

/**
 * The API and the sockets come first: computing yields to them when all cores are busy, and loses nothing when they are
 * not. On Linux a thread has a priority of its own (setpriority(2)); elsewhere this would slow the whole process. Threads
 * that the engine starts later inherit it. A thread that feeds a GPU computes little, and must not keep that waiting.
 */
if (process.platform === 'linux' && settings.provider === 'cpu')
  os.setPriority(0, os.constants.priority.PRIORITY_BELOW_NORMAL);

const answer = (message: FromThread, transfer: readonly ArrayBuffer[] = []): void =>
  port.postMessage(message, transfer);

/** By the batch that they are for; the one under 0 takes any. */
const sessions = new Map<number, Session>();

async function openAll(): Promise<Started> {
  const { buckets, warmBatch } = settings;
  const total = { sessionMs: 0, firstMs: 0 };
  const symbol = buckets.length === 0 ? undefined : await withRunGate(gate, () => readBatchSymbol(settings));
  for (const batch of buckets.length === 0 ? [warmBatch] : buckets) {
    const dimensions = symbol === undefined ? {} : { [symbol]: batch };
    const startedMs = performance.now();
    const session = await withRunGate(gate, () => openSession(settings, dimensions));
    const openedMs = performance.now();
    sessions.set(buckets.length === 0 ? 0 : batch, session);
    await run({ batch, pixels: new Uint8Array(batch * settings.input.width * settings.input.height * 3) });
    total.sessionMs += openedMs - startedMs;
    total.firstMs += performance.now() - openedMs;
  }
  return total;
}

async function run(request: RunRequest): Promise<RunOutputs> {
  const session = sessions.get(request.batch) ?? sessions.get(0);
  if (!session) throw new Error(`no session for a batch of ${request.batch}`);
  return withRunGate(gate, () => runSession(session, settings.input, request));
}

async function onMessage(message: ToThread): Promise<void> {
  if (message.type === 'run') answer({ type: 'done', outputs: await run(message) });
  else await close();
}

async function close(): Promise<void> {
  for (const session of sessions.values()) await session.release();
  port?.close();
}

const fail = (thrown: unknown): void => answer({ type: 'failed', message: toMessage(thrown) });

async function start(): Promise<void> {
  const started = await openAll();
  // One after another: `session.run` lets go of the thread before it computes, and a session must not be released then.
  let turn = Promise.resolve();
  port?.on('message', (message: ToThread) => {
    turn = turn.then(() => onMessage(message)).catch(fail);
  });
  answer({ type: 'ready', started });
}

// Without a listener on the port the thread ends by itself: so does one that could not start.
void start().catch(fail);
