/**
 * ONNX Runtime's native code must not be cut off: when a thread is terminated in the middle of a run, the run's result
 * cannot be built and the whole process aborts (exit code 134). A gate is memory shared by a thread and the main
 * thread, by which the process waits at its exit, however it came about, until no run is under way.
 */
const BUSY = 0;
const STOPPED = 1;

/** A run that takes longer is not waited for: the process hangs or aborts, and must not hang. */
const EXIT_WAIT_MS_MAX = 5_000;

export type RunGate = Int32Array<SharedArrayBuffer>;

const open = new Set<RunGate>();

/** Made by the main thread, handed to the new thread; `forget` when that has ended. */
export function createRunGate(): RunGate {
  if (open.size === 0) process.once('exit', stopAll);
  const gate = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  open.add(gate);
  return gate;
}

export function forgetRunGate(gate: RunGate): void {
  open.delete(gate);
  if (open.size === 0) process.off('exit', stopAll);
}

/**
 * Runs native code inside the thread. First busy is said, then stopped is asked, and the other side does it the other
 * way round: so either this sees that it must not start, or the main thread sees that it must wait.
 */
export async function withRunGate<T>(gate: RunGate, run: () => Promise<T>): Promise<T> {
  Atomics.store(gate, BUSY, 1);
  try {
    if (Atomics.load(gate, STOPPED) === 1) throw new Error('the process is ending');
    return await run();
  } finally {
    Atomics.store(gate, BUSY, 0);
    Atomics.notify(gate, BUSY);
  }
}

function stopAll(): void {
  for (const gate of open) Atomics.store(gate, STOPPED, 1);
  for (const gate of open) Atomics.wait(gate, BUSY, 1, EXIT_WAIT_MS_MAX);
}
