import type { Clock } from '../../../lib/clock.ts';
import { NightjarError, toNightjarError } from '../../../lib/errors.ts';
import type { Logger } from '../../../lib/log.ts';
import type { OnnxThread, RunRequest } from './onnx-thread.ts';
import type { RunOutputs } from './session.ts';

/** Runs that may wait, for each thread; the queue keeps only a few in flight, this bounds everybody else. */
const WAITING_PER_WORKER_MAX = 16;
const BACKOFF_MS_FIRST = 100;
const BACKOFF_MS_MAX = 10_000;

export interface OnnxPool {
  /** Throws `unavailable` when the run's thread failed or none is alive, `overloaded` when too many runs wait. */
  run(request: RunRequest): Promise<RunOutputs>;
  /** Why no thread is alive; null when one is. */
  fault(): string | null;
  /** Runs under way end first, waiting ones are rejected with `unavailable`. */
  close(): Promise<void>;
}

export interface OnnxPoolOptions {
  /** Threads to keep alive. */
  readonly workers: number;
  readonly start: () => Promise<OnnxThread>;
  /** Whether a thread that died is replaced; otherwise the pool is over with its last one. True unless given. */
  readonly revive?: boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Job {
  readonly request: RunRequest;
  readonly resolve: (outputs: RunOutputs) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Threads and the runs that wait for them. Each thread is started anew when it dies (unless `revive` is false), at
 * growing intervals when it dies young. Throws `unavailable` when the first start already fails, for then the next would too.
 */
export async function createOnnxPool(options: OnnxPoolOptions): Promise<OnnxPool> {
  const { workers, start, revive = true, clock, log } = options;
  const alive = new Set<OnnxThread>();
  const free: OnnxThread[] = [];
  const waiting: Job[] = [];
  const stop = new AbortController();
  let lastFault = new NightjarError('unavailable', 'the detector is starting');

  const isClosed = (): boolean => stop.signal.aborted;

  function dispatch(): void {
    while (free.length > 0 && waiting.length > 0) {
      const thread = free.shift();
      const job = waiting.shift();
      if (thread && job) void serve(thread, job);
    }
  }

  async function serve(thread: OnnxThread, job: Job): Promise<void> {
    await thread.run(job.request).then(job.resolve, job.reject);
    if (!alive.has(thread)) return;
    free.push(thread);
    dispatch();
  }

  function admit(thread: OnnxThread): void {
    alive.add(thread);
    free.push(thread);
    dispatch();
  }

  function dismiss(thread: OnnxThread, { message, cause }: NightjarError): void {
    // Not the error itself: that of a run that hung is about its own pictures, and not about those that wait.
    const fault = new NightjarError('unavailable', message, { cause });
    if (!isClosed()) lastFault = fault;
    alive.delete(thread);
    if (free.includes(thread)) free.splice(free.indexOf(thread), 1);
    if (alive.size === 0) for (const job of waiting.splice(0)) job.reject(fault);
  }

  /** Keeps one thread alive until the pool closes. */
  async function keep(first: OnnxThread): Promise<void> {
    await watch(first);
    let backoffMs = BACKOFF_MS_FIRST;
    while (revive && !isClosed()) {
      await clock.sleep(backoffMs, stop.signal);
      const livedMs = await liveOnce();
      backoffMs = livedMs > BACKOFF_MS_MAX ? BACKOFF_MS_FIRST : Math.min(BACKOFF_MS_MAX, backoffMs * 2);
    }
  }

  /** Starts a thread and sees it through to its end; resolves to how long it lived. */
  async function liveOnce(): Promise<number> {
    const thread = isClosed() ? undefined : await tryStart();
    const startedMs = clock.nowMs();
    if (thread && isClosed()) await thread.close();
    else if (thread) await watch(thread);
    return clock.nowMs() - startedMs;
  }

  async function watch(thread: OnnxThread): Promise<void> {
    admit(thread);
    const fault = await thread.ended;
    dismiss(thread, fault);
    if (revive && !isClosed()) log.warn({ err: fault }, `${fault.message}; starting another`);
  }

  async function tryStart(): Promise<OnnxThread | undefined> {
    try {
      return await start();
    } catch (thrown) {
      lastFault = toNightjarError(thrown);
      log.warn({ err: lastFault }, `a detector thread did not start: ${lastFault.message}`);
      return undefined;
    }
  }

  const lanes = (await startAll(workers, start)).map(keep);
  return {
    run(request) {
      if (isClosed() || alive.size === 0) return Promise.reject(lastFault);
      if (waiting.length >= WAITING_PER_WORKER_MAX * workers)
        return Promise.reject(new NightjarError('overloaded', `${waiting.length} runs wait for a detector thread`));
      return new Promise((resolve, reject) => {
        waiting.push({ request, resolve, reject });
        dispatch();
      });
    },
    fault: () => (alive.size > 0 ? null : lastFault.message),
    async close() {
      stop.abort();
      lastFault = new NightjarError('unavailable', 'the detector is closed');
      for (const job of waiting.splice(0)) job.reject(lastFault);
      await Promise.all([...alive].map((thread) => thread.close()));
      await Promise.all(lanes);
    },
  };
}

/** All or none: what did start is closed again when another did not. */
async function startAll(workers: number, start: () => Promise<OnnxThread>): Promise<OnnxThread[]> {
  const starts = await Promise.allSettled(Array.from({ length: workers }, start));
  const threads = starts.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = starts.find((result) => result.status === 'rejected');
  if (!failed) return threads;
  await Promise.all(threads.map((thread) => thread.close()));
  throw toNightjarError(failed.reason);
}
