/** The clients of the socket benchmark, as the measuring process sees them. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { startChild } from '../backend/src/lib/start-child.ts';

export interface CrowdOrder {
  /** The text that each client says first, if any. */
  readonly subscribe?: string;
  /** Messages for each client, from now on. */
  readonly expected: number;
  /** When all clients have this many, it is told. */
  readonly milestone?: number;
  /** The number of the first; 0 where numbers say nothing. */
  readonly firstSeq: number;
  /** Whether to count how long each message was under way. */
  readonly isTimed: boolean;
}

export interface CrowdReport {
  /** Messages out of order, and connections lost. */
  readonly faults: number;
  readonly received: number;
  /** Count by bucket of duration; see socket-times.ts. */
  readonly buckets: readonly (readonly [number, number])[];
}

/** What a process of clients says. */
export interface CrowdWord {
  readonly kind: 'joined' | 'ready' | 'milestone' | 'report';
  readonly report: CrowdReport;
}

export interface CrowdResult {
  readonly faults: number;
  readonly received: number;
  readonly buckets: ReadonlyMap<number, number>;
}

export interface Crowd {
  /** Each client says this; resolves when it is on its way. */
  say(subscribe: string): Promise<void>;
  /** Resolves when all clients know the order; `passed` when all are past the milestone, `done` when they have everything. */
  expect(order: CrowdOrder): Promise<{ readonly passed: Promise<unknown>; readonly done: Promise<CrowdResult> }>;
  close(): Promise<void>;
}

/** Resolves once all are connected. `processes` share the clients, so that none of them is the limit. */
export async function gatherCrowd(options: { port: number; clients: number; processes: number }): Promise<Crowd> {
  const { port, clients, processes } = options;
  const shares = Array.from({ length: processes }, (_, at) => Math.floor((clients + at) / processes)).filter((n) => n > 0); // prettier-ignore
  const children = shares.map((share) =>
    startChild(new URL('./socket-clients.ts', import.meta.url), [`${port}`, `${share}`], { stdio: 'inherit' }),
  );
  await Promise.all(children.map((child) => hear(child, 'joined')));
  const give = async (order: CrowdOrder): Promise<void> => {
    const ready = children.map((child) => hear(child, 'ready'));
    for (const child of children) child.send(order);
    await Promise.all(ready);
  };
  return {
    say: (subscribe) => give({ subscribe, expected: 0, firstSeq: 0, isTimed: false }),
    async expect(order) {
      const passed =
        order.milestone === undefined
          ? Promise.resolve()
          : Promise.all(children.map((child) => hear(child, 'milestone')));
      const reports = children.map((child) => hear(child, 'report'));
      const done = Promise.all(reports).then(add);
      // Who waits for it comes later; until then a failure is not yet one that nobody hears of.
      for (const promise of [passed, done]) promise.catch(() => undefined);
      await give(order);
      return { passed, done };
    },
    async close() {
      const gone = children.map((child) => once(child, 'exit'));
      for (const child of children) child.disconnect();
      await Promise.all(gone);
    },
  };
}

/** The next word of its kind. Fails when the process ends instead. */
function hear(child: ChildProcess, kind: CrowdWord['kind']): Promise<CrowdReport> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error('a process of clients ended'));
    const onWord = (word: CrowdWord): void => {
      if (word.kind !== kind) return;
      child.off('message', onWord).off('exit', onExit);
      resolve(word.report);
    };
    child.on('message', onWord).on('exit', onExit);
  });
}

function add(reports: readonly CrowdReport[]): CrowdResult {
  const buckets = new Map<number, number>();
  for (const report of reports)
    for (const [bucket, count] of report.buckets) buckets.set(bucket, (buckets.get(bucket) ?? 0) + count);
  const sum = (name: 'faults' | 'received'): number => reports.reduce((total, report) => total + report[name], 0);
  return { faults: sum('faults'), received: sum('received'), buckets };
}
