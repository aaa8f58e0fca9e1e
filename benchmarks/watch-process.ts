/** What a process needs while it works, looked at from outside. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NightjarProcess } from '../backend/tests/harness/nightjar.ts';

const MEMORY_EVERY_MS = 100;
const DEPTH_EVERY_MS = 500;

export interface MemorySample {
  /** Since the watching began. */
  readonly atMs: number;
  /** Resident set, MiB. */
  readonly rssMiB: number;
}

export interface Watched {
  /** Empty where there is no /proc. */
  readonly memory: readonly MemorySample[];
  readonly pendingMax: number;
  readonly leasedMax: number;
}

interface Depths {
  readonly pending: number;
  readonly leased: number;
}

/** Watches until `until` is settled. */
export async function watchProcess(nightjar: NightjarProcess, until: Promise<unknown>): Promise<Watched> {
  const startedMs = performance.now();
  const stop = new AbortController();
  const memory: MemorySample[] = [];
  const depths = { pendingMax: 0, leasedMax: 0 };

  const watching = Promise.all([
    every(MEMORY_EVERY_MS, stop.signal, async () => {
      const rssMiB = await readRssMiB(nightjar.pid);
      if (rssMiB !== undefined) memory.push({ atMs: performance.now() - startedMs, rssMiB });
    }),
    every(DEPTH_EVERY_MS, stop.signal, async () => {
      const { queue } = await nightjar.get<{ readonly queue: Depths }>('/api/stats/pipeline');
      depths.pendingMax = Math.max(depths.pendingMax, queue.pending);
      depths.leasedMax = Math.max(depths.leasedMax, queue.leased);
    }),
  ]);
  await until.finally(() => stop.abort());
  await watching;
  return { memory, ...depths };
}

async function every(intervalMs: number, signal: AbortSignal, look: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await look();
    // Rejects when aborted, which is how it ends.
    await sleep(intervalMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Undefined where there is no /proc (macOS, Windows). */
async function readRssMiB(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) / 1024;
}
