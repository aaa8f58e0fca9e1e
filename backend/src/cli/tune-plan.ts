/** What `doctor --tune` measures, and what it makes of the figures. */
import { findAbsence, toLayout, withBatchMax, type Layout, type Machine, type Measured, type ProviderName } from '../detect/index.ts'; // prettier-ignore

/** Larger batches only ever wait longer for their pictures. */
const CPU_BATCHES = [2, 4, 8];
const GPU_BATCH_MAX = 16;
const GPUS = ['tensorrt', 'cuda', 'webgpu'] as const satisfies readonly ProviderName[];
/** Figures this close are as good as equal: the simpler layout is suggested. */
const EQUAL_SHARE = 0.95;

/** One measured way of computing. */
export interface Row {
  readonly layout: Layout;
  /** Null where it does not work, or was not tried; `note` says why. */
  readonly measured: Measured | null;
  readonly note: string;
}

/** One worker, one worker on all cores, a worker for each core, and what lies between. */
export function toCpuLayouts(cores: number): readonly Layout[] {
  const half = Math.floor(cores / 2);
  const shapes = [
    [1, 1],
    [1, cores],
    [Math.ceil(cores / 4), Math.min(4, cores)],
    [half, 2],
    [half, 1],
    [cores, 1],
  ] as const;
  const known = new Set<string>();
  return shapes.flatMap(([workers, threads]) => {
    const isNew = workers >= 1 && !known.has(`${workers} ${threads}`);
    known.add(`${workers} ${threads}`);
    return isNew ? [toLayout('cpu', { workers, threads, batchMax: 1 }, {})] : [];
  });
}

/** The same layout with batches, if the network takes them. */
export const toCpuBatches = (layout: Layout): readonly Layout[] =>
  CPU_BATCHES.map((batchMax) => withBatchMax(layout, batchMax));

/** GPU providers, each with why it cannot be here. */
export const toGpuLayouts = (machine: Machine): readonly { layout: Layout; absence: string | null }[] =>
  GPUS.map((provider) => ({
    layout: toLayout(provider, { batchMax: GPU_BATCH_MAX }, {}),
    absence: findAbsence(provider, machine),
  }));

/** Best first. */
export const rank = (rows: readonly Row[]): readonly (Row & { readonly measured: Measured })[] =>
  rows
    .flatMap((row) => (row.measured === null ? [] : [{ ...row, measured: row.measured }]))
    .toSorted((one, other) => one.measured.pictureMs - other.measured.pictureMs);

/** The least demanding of those that are as good as the best; undefined when nothing worked. */
export function suggest(rows: readonly Row[]): Row | undefined {
  const ranked = rank(rows);
  const bestMs = ranked[0]?.measured.pictureMs ?? Infinity;
  return ranked
    .filter(({ measured }) => bestMs / measured.pictureMs >= EQUAL_SHARE)
    .toSorted((one, other) => one.measured.runMs - other.measured.runMs)[0];
}

export const toName = ({ provider, workers, threads }: Layout, batch: number): string =>
  provider === 'cpu'
    ? `cpu, ${workers} worker(s) x ${threads} thread(s), batch ${batch}`
    : `${provider}, batch ${batch}`;

/** Lines for `.env`. */
export function toSettings({ layout, measured }: Row): readonly string[] {
  const workers = [`DETECT_WORKERS=${layout.workers}`, `DETECT_THREADS=${layout.threads}`];
  return [
    `EXECUTION_PROVIDER=${layout.provider}`,
    ...(layout.provider === 'cpu' ? workers : []),
    `DETECT_BATCH_MAX=${measured?.batch ?? 1}`,
  ];
}
