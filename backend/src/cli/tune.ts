import { availableParallelism } from 'node:os';
import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import type { Config } from '../config.ts';
import { measureLayout, readMachine, type Layout } from '../detect/index.ts';
import { readModel, type Model } from '../models/index.ts';
import { measureDecoding, type DecodeRate } from './tune-decode.ts';
import { rank, suggest, toCpuBatches, toCpuLayouts, toGpuLayouts, toName, toSettings, type Row } from './tune-plan.ts';

/** How long one way of computing is measured, once it is warm. */
const RUN_MS = 1_000;
/** What a GPU provider may take of the time that is left: kernels are made at the first run. */
const GPU_SHARE_MAX = 0.4;
const RUNNERS_UP = 2;
/** Kept for decoding, which comes last. */
const DECODING_MS = 3_000;

export interface TuneOptions {
  readonly config: Config;
  readonly secondsMax: number;
  readonly write: (line: string) => void;
  /** Whether progress is shown. */
  readonly terminal: boolean;
}

/**
 * Measures the ways in which this machine can compute with the configured model, and suggests settings; writes none.
 * Each is measured in a process of its own, so that a driver's crash is only a line in the table.
 * Resolves to the exit code.
 */
export async function runTune({ config, secondsMax, write, terminal }: TuneOptions): Promise<number> {
  const model = await readModel(config.modelDir);
  const untilMs = performance.now() + secondsMax * 1_000 - DECODING_MS;
  write(`Measures ${model.name} on this machine for up to ${secondsMax} s; other work on it makes the figures worse.`);
  const steps = createSteps(terminal);
  const { rows, decoding } = await measureAll({ model, config, steps, leftMs: () => untilMs - performance.now() });
  steps.close();
  write(toTable(rows, decoding));
  for (const line of toAdvice(rows, decoding)) write(line);
  return suggest(rows) ? 0 : 1;
}

interface Measuring {
  readonly model: Model;
  readonly config: Config;
  readonly steps: ReturnType<typeof createSteps>;
  readonly leftMs: () => number;
}

async function measureAll(measuring: Measuring) {
  const { model, config, steps } = measuring;
  const cpuLayouts = toCpuLayouts(availableParallelism());
  const gpus = toGpuLayouts(readMachine(config.vulkanDriver));
  steps.expect(gpus.length + cpuLayouts.length + toCpuBatches(toLast(cpuLayouts)).length + 1);
  const gpuRows: Row[] = [];
  for (const { layout, absence } of gpus)
    gpuRows.push(...(absence === null ? await measureRows(layout, GPU_SHARE_MAX, measuring) : [steps.skip(layout, absence)])); // prettier-ignore
  const cpuRows: Row[] = [];
  for (const layout of cpuLayouts) cpuRows.push(...(await measureRows(layout, 1, measuring)));
  for (const layout of toCpuBatches(suggest(cpuRows)?.layout ?? toLast(cpuLayouts)))
    cpuRows.push(...(await measureRows(layout, 1, measuring)));
  const decoding = await steps.during('decoding', () => measureDecoding(model.card.input, config.imagePixelsMax));
  return { rows: [...cpuRows, ...gpuRows], decoding };
}

/** A row for each batch size that worked, and one for what did not. */
async function measureRows(layout: Layout, share: number, { model, steps, leftMs }: Measuring): Promise<Row[]> {
  const limitMs = leftMs() * share;
  if (limitMs <= RUN_MS) return [steps.skip(layout, 'out of time: give --tune more seconds')];
  const { measured, fault } = await steps.during(toName(layout, layout.batchMax), () =>
    measureLayout(model, layout, { runMs: RUN_MS, limitMs }),
  );
  const rows: Row[] = measured.map((each) => ({ layout, measured: each, note: '' }));
  return fault === null ? rows : [...rows, { layout, measured: null, note: fault }];
}

function createSteps(terminal: boolean) {
  const bar = terminal ? new SingleBar({ format: '[{bar}] {value}/{total} {what}', clearOnComplete: true }) : undefined;
  return {
    expect: (total: number) => bar?.start(total, 0, { what: '' }),
    skip(layout: Layout, note: string): Row {
      bar?.increment(1);
      return { layout, measured: null, note };
    },
    async during<T>(what: string, work: () => Promise<T>): Promise<T> {
      bar?.update({ what });
      return work().finally(() => bar?.increment(1));
    },
    close: () => bar?.stop(),
  };
}

function toTable(rows: readonly Row[], decoding: readonly DecodeRate[]): string {
  const table = new Table({
    head: ['way of computing', 'pictures/s', 'ms a picture, p50', 'memory', 'note'],
    style: { head: [], border: [] },
    colWidths: [42, 12, 19, 10, 50],
    colAligns: ['left', 'right', 'right', 'right', 'left'],
    wordWrap: true,
  });
  for (const { layout, measured, note } of rows)
    table.push(
      measured
        ? [
            toName(layout, measured.batch),
            (1_000 / measured.pictureMs).toFixed(1),
            (measured.runMs / measured.batch).toFixed(1),
            `${Math.round(measured.memoryMb)} MB`,
            note,
          ]
        : [layout.provider === 'cpu' ? toName(layout, layout.batchMax) : layout.provider, 'n/a', 'n/a', 'n/a', note],
    );
  for (const { inFlight, perSecond, p50Ms } of decoding)
    table.push([`decoding 1080p JPEGs, ${inFlight} in flight`, perSecond.toFixed(1), p50Ms.toFixed(1), '', '']);
  return table.toString();
}

function toAdvice(rows: readonly Row[], decoding: readonly DecodeRate[]): readonly string[] {
  const best = suggest(rows);
  if (!best?.measured) return ['Nothing could be measured.'];
  const { pictureMs, batch } = best.measured;
  const others = rank(rows).filter(({ measured }) => measured !== best.measured);
  const decodeMax = Math.max(...decoding.map(({ perSecond }) => perSecond));
  return [
    `Suggested for .env (${toName(best.layout, batch)}, ${(1_000 / pictureMs).toFixed(1)} pictures/s):`,
    ...toSettings(best).map((line) => `  ${line}`),
    ...others.slice(0, RUNNERS_UP).map(({ layout, measured }) => `Next: ${toName(layout, measured.batch)}, ${Math.round((100 * pictureMs) / measured.pictureMs)} % of its throughput.`), // prettier-ignore
    ...(decodeMax * pictureMs < 1_000
      ? [`Decoding is the narrower place: ${decodeMax.toFixed(1)} 1080p pictures/s at most.`]
      : []),
  ];
}

function toLast(layouts: readonly Layout[]): Layout {
  const last = layouts.at(-1);
  if (!last) throw new RangeError('no layouts');
  return last;
}
